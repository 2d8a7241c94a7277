// The page of this folder in Chromium: on a subdomain beside the service's, and on another site, where cookies do not do. The last line
// counts: `N passed, N failed`.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, chromium, freePort, launchChromium, main, pack, runToEnd, skip, startService } from '../support.mjs'

const here = import.meta.dirname
const port = String(await freePort())
const servicePort = String(await freePort())
const auth = `http://auth.shop.test:${servicePort}`
const [onSubdomain, onOtherSite, notAllowed] = ['app.shop.test', 'app.other.test', 'app.evil.test'].map(
  (name) => `http://${name}:${port}`,
)
const types = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8' }

await main(async () => {
  if (!chromium) return skip('the page', 'there is no Chromium here')
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-spa-'))
  const site = await serve(folder)
  try {
    // The guide's settings; on HTTPS and in production the same with https.
    await startService({ PORT: servicePort, PUBLIC_URL: auth, CORS_ORIGINS: `${onSubdomain},${onOtherSite}` })
    const browser = await launchChromium(folder, '--host-resolver-rules=MAP *.test 127.0.0.1')
    try {
      await askSubdomain(await newPage(browser))
      await askOtherSite(await newPage(browser))
      await askNotAllowed(await newPage(browser))
    } finally {
      await browser.close()
    }
  } finally {
    site.close()
    await rm(folder, { recursive: true })
  }
})

async function askSubdomain(page) {
  await page.goto(onSubdomain)
  await says(page, 'Signed out')
  const email = await signIn(page)
  check('on a subdomain of the same site: signed in by a cookie', await says(page, `Signed in as ${email}`))
  const cookies = await page.cookies(auth)
  const { httpOnly, sameSite, domain } = cookies.find(({ name }) => name === 'jwt') ?? {}
  check(
    'which is the service’s own, and no script’s',
    httpOnly && sameSite === 'Lax' && domain === 'auth.shop.test',
    cookies,
  )
  await page.reload()
  check('a reload changes nothing', await says(page, `Signed in as ${email}`))
  const tab = await newPage(page.browser())
  await tab.goto(onSubdomain)
  await says(tab, `Signed in as ${email}`)
  await page.bringToFront()
  await page.click('#leave')
  check('signed out', await says(page, 'Signed out'))
  check('in the other tab too', await says(tab, 'Signed out'))
}

async function askOtherSite(page) {
  await page.goto(onOtherSite)
  await says(page, 'Signed out')
  const email = await signIn(page)
  check(
    'on another site the code is right and nobody is signed in: the cookie does not come along',
    await says(page, 'Signed out'),
  )
  // What does work there: a token that the page keeps.
  const kept = await page.evaluate(
    async (baseUrl, email) => {
      const { createClient, memoryStorage } = await import('@latchkey/client')
      const client = createClient({ baseUrl, storage: memoryStorage() })
      const { otp } = await client.identifier.requestOtp({ email })
      await client.identifier.verifyOtp({ email, otp })
      return (await client.me()).email
    },
    auth,
    `bearer-${email}`,
  )
  check('there a token does that the page keeps itself', kept === `bearer-${email}`, kept)
}

async function askNotAllowed(page) {
  await page.goto(notAllowed)
  check('a site that CORS_ORIGINS does not name reads no answer', await says(page, 'network_error'))
}

async function newPage(browser) {
  const page = await browser.newPage()
  page.codes = []
  page.on('response', async (response) => {
    if (/request-otp$/.test(response.url()) && response.request().method() === 'POST' && response.ok())
      page.codes.push((await response.json()).otp)
  })
  return page
}

/** By the code that the service echoes in development. */
async function signIn(page) {
  const email = `person${Date.now()}@example.com`
  await page.type('input[name=email]', email)
  await page.click('form button')
  await says(page, 'Enter the code')
  while (page.codes.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await page.type('input[name=otp]', page.codes.pop())
  await page.click('form button')
  return email
}

function says(page, text) {
  const isSo = (expected) => document.querySelector('output').textContent === expected
  return page.waitForFunction(isSo, { timeout: 15_000, polling: 50 }, text).then(
    () => true,
    () => false,
  )
}

/** The page under every name, with the client as npm would bring it. */
async function serve(folder) {
  const file = await pack('client', folder)
  await runToEnd('tar', ['xzf', file], { cwd: folder })
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://a.test').pathname
    const name = path === '/' ? 'index.html' : path.slice(1)
    const [, module] = /^client\/([\w-]+\.js)$/.exec(name) ?? []
    const source = module ? join(folder, 'package/dist', module) : join(here, name.replaceAll('/', ''))
    const text = await readFile(source, 'utf8').catch(() => null)
    response.writeHead(text === null ? 404 : 200, { 'content-type': types[name.split('.').at(-1)] ?? 'text/plain' })
    response.end(text?.replace('https://auth.shop.example', auth))
  })
  await new Promise((resolve) => server.listen(Number(port), '127.0.0.1', resolve))
  return server
}
