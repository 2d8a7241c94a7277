// Does what docs/guides/nextjs.md says, command by command and file by file, from an empty folder to a signed-in page in Chromium. Its code
// blocks are held against the files of this folder. The last line counts: `N passed, N failed`.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { check, chromium, freePort, launchChromium, main, project, runToEnd, skip, start, until } from '../support.mjs'

const here = import.meta.dirname
const folder = await mkdtemp(join(tmpdir(), 'latchkey-nextjs-'))
const [servicePort, port] = [String(await freePort()), String(await freePort())]
const origin = `http://localhost:${port}`
const env = {
  LATCHKEY: project,
  PORT: servicePort,
  AUTH_URL: `http://127.0.0.1:${servicePort}`,
  IP_SEND_PER_HOUR: '10000',
  NEXT_TELEMETRY_DISABLED: '1',
}

await main(async () => {
  try {
    const guide = await readFile(join(project, 'docs/guides/nextjs.md'), 'utf8')
    const blocks = [...guide.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)]
    const named = blocks.map(([, kind, name, text]) => ({ kind, name, text }))
    await checkFiles(named)
    if (chromium) await follow(named)
    else skip('what the guide says', 'there is no Chromium here')
  } finally {
    await rm(folder, { recursive: true, maxRetries: 5 })
  }
})

/** The blocks of the guide are the files of this folder, all of them. */
async function checkFiles(blocks) {
  const inGuide = blocks.filter(({ kind }) => kind !== 'sh')
  for (const { name, text } of inGuide) {
    const file = await readFile(join(here, name), 'utf8').catch(() => null)
    check(`the guide's ${name} is that of this folder`, file === text, file)
  }
  const entries = await readdir(here, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(here.length + 1))
  const unsaid = files.filter((file) => file !== 'run.mjs' && !inGuide.some(({ name }) => name === file))
  check('no file here is missing in the guide', unsaid.length === 0, unsaid)
}

async function follow(blocks) {
  const started = performance.now()
  const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`
  const background = []
  let cwd = folder
  for (const { kind, name, text } of blocks) {
    if (kind !== 'sh') {
      await mkdir(dirname(join(cwd, name)), { recursive: true })
      await writeFile(join(cwd, name), text)
    } else if (name === 'background') {
      background.push(start('bash', ['-c', text.replaceAll('3001', port)], { cwd, env }))
    } else {
      // The next block begins in the folder where this one ends.
      await runToEnd('bash', ['-c', `set -e\n${text}\npwd >"${folder}/cwd"`], { cwd, env })
      cwd = (await readFile(join(folder, 'cwd'), 'utf8')).trim()
    }
  }
  check(`all commands of the guide ran (${seconds()})`, true)
  await until(async () => (await fetch(`${env.AUTH_URL}/health/ready`)).ok, background[0])
  await until(async () => (await fetch(`${origin}/sign-in`)).ok, background[1])
  check(`service and shop answer (${seconds()})`, true)
  // What drives the browser is no part of the guide.
  const browser = await launchChromium(folder)
  try {
    await drive(await browser.newPage(), seconds)
  } finally {
    await browser.close()
    // Before their folder goes.
    await Promise.all(background.map((child) => child.end()))
  }
}

async function drive(page, seconds) {
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // That a call was answered with 401 stands there too.
    if (['error', 'warn'].includes(message.type()) && !/Failed to load resource/.test(message.text()))
      faults.push(message.text())
  })
  let otp
  page.on('response', async (response) => {
    if (/request-otp$/.test(response.url()) && response.ok()) otp = (await response.json()).otp
  })
  const path = () => page.evaluate(() => location.pathname + location.search)
  const text = (selector) =>
    page.waitForSelector(selector).then(() => page.$eval(selector, (element) => element.textContent))
  const waitFor = (condition, ...words) => page.waitForFunction(condition, { timeout: 60_000 }, ...words)

  await page.goto(`${origin}/?page=2`)
  check(
    'who is not signed in is sent to the sign-in page',
    (await path()) === '/sign-in?next=%2F%3Fpage%3D2',
    await path(),
  )
  await page.waitForNetworkIdle()
  const email = `asha${Date.now()}@example.com`
  await page.type('input[name=email]', email)
  await page.click('button[type=submit]')
  await page.waitForSelector('input[name=otp]')
  while (otp === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  check(
    'the next code is counted down to',
    /^Send again in \d+ s$/.test(await text('form + p button')),
    await text('form + p button'),
  )
  const wrong = [...otp].map((digit) => (Number(digit) + 1) % 10).join('')
  await page.type('input[name=otp]', wrong)
  await page.click('button[type=submit]')
  await waitFor(() => document.querySelector('[role=alert]').textContent !== '')
  check('a wrong code is told', (await text('p[role=alert]')) === 'Invalid or expired OTP', await text('p[role=alert]'))
  await page.$eval('input[name=otp]', (input) => (input.value = ''))
  await page.type('input[name=otp]', otp)
  await page.click('button[type=submit]')
  await waitFor((expected) => document.querySelector('output')?.textContent === expected, email)
  check(`signed in, on the page that was wanted (${seconds()})`, (await path()) === '/?page=2', await path())
  const userId = await text('code')
  const cookies = await page.cookies()
  const cookie = cookies.find(({ name }) => name === 'jwt')
  check('by a cookie that no script sees', cookie?.httpOnly === true && cookie.sameSite === 'Lax', cookies)

  const asked = await page.evaluate(() => fetch('/api/orders', { method: 'POST' }).then((answer) => answer.json()))
  check('a route of the shop knows who asks', asked.by === userId, asked)
  const order = (headers) => fetch(`${origin}/api/orders`, { method: 'POST', headers }).then(({ status }) => status)
  const sent = { cookie: `jwt=${cookie?.value}` }
  const statuses = [
    await order({}),
    await order({ ...sent, origin: 'https://evil.example' }),
    await order({ ...sent, origin }),
  ]
  check('not nobody, nor a page of another site', String(statuses) === '401,403,200', statuses)

  await page.reload()
  await waitFor((expected) => document.querySelector('output')?.textContent === expected, email)
  check('a reload changes nothing', (await text('code')) === userId)
  await page.goto(`${origin}/sign-in?next=https://evil.example/`)
  await waitFor((expected) => document.querySelector('output')?.textContent === expected, email)
  check('nobody is sent to another site', page.url() === `${origin}/`, page.url())
  await page.click('main button')
  await waitFor(() => location.pathname === '/sign-in')
  await page.goto(origin)
  check('signed out', (await path()) === '/sign-in?next=%2F', await path())
  check('the console has no complaint', faults.length === 0, faults)
}
