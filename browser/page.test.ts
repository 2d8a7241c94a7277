// The page at /sign-in as the service serves it: under its own policy, in every language, and back to where people came from.
import assert from 'node:assert/strict'
import { startPrefix } from './front.js'
import { startProcess } from './service.js'
import { startShop } from './shop.js'
import { afterAll, axe, newEmail, newVisitor, test, type VisitOptions, type Visitor } from './support.js'

const shop = await startShop()
const { origin, stop } = await startProcess({
  RETURN_TO_ORIGINS: shop.origin,
  CORS_ORIGINS: shop.origin,
  BRAND_NAME: 'Chai & Co',
  BRAND_COLOR: '#0b57d0',
  CHALLENGE_WHEN: 'always',
  OTP_RESEND_COOLDOWN: '1',
})
shop.serve(origin)
afterAll(stop)
afterAll(shop.stop)

/** Opens a path of the service. */
async function visit(path: string, options: VisitOptions = {}): Promise<Visitor> {
  const visitor = await newVisitor(origin, { others: [shop.origin], ...options })
  await visitor.page.goto(`${origin}${path}`, { waitUntil: 'networkidle0' })
  return visitor
}

async function signIn(visitor: Visitor, email = newEmail()): Promise<string> {
  await visitor.type('#identifier', email)
  await visitor.click('.primary')
  await visitor.find('#code')
  await visitor.type('#code', await visitor.lastCode())
  return email
}

const textOf = ({ page }: Visitor) => page.evaluate(() => document.body.innerText)

async function untilShop(visitor: Visitor): Promise<string[]> {
  await visitor.page.waitForFunction("location.port !== '' && /^(signed in|failed)/.test(document.body.textContent)")
  return (await textOf(visitor)).split(' | ')
}

test('somebody signs in, solves a challenge in a worker under the policy, and sees their account', async () => {
  const visitor = await visit('/sign-in')
  await visitor.see('Sign in to Chai & Co')
  assert.equal(await visitor.page.title(), 'Sign in – Chai & Co')
  const workers: string[] = []
  visitor.page.on('workercreated', (worker) => workers.push(worker.url()))
  const email = await signIn(visitor)
  await visitor.find('.card[data-step="account"]')
  await visitor.see(email)
  assert.match(String(workers[0]), /\/sign-in\/assets\/[\w-]{16}\/worker\.js$/)
  assert.deepEqual(await axe(visitor), [])
  await visitor.leave()
})

test('a shop of another origin sends people there, and exchanges the code that they bring back', async () => {
  const visitor = await newVisitor(origin, { others: [shop.origin] })
  await visitor.page.goto(shop.origin)
  const email = await signIn(visitor)
  const [said, ofAnswer, ofMe, address, referrer] = await untilShop(visitor)
  assert.deepEqual([said, ofAnswer, ofMe, address], ['signed in', email, email, `${shop.origin}/?item=7`])
  assert.equal(referrer, 'no referrer')

  // Who is signed in at the page goes on with a click.
  await visitor.page.goto(shop.origin)
  await visitor.see('You are already signed in')
  await visitor.click('.primary')
  assert.equal((await untilShop(visitor))[1], email)
  await visitor.page.goto(`${origin}/sign-in`, { waitUntil: 'networkidle0' })
  await visitor.see('localhost')
  await visitor.leave()
})

test('a session that is no recent proof is proved again before somebody is sent back', async () => {
  const visitor = await visit('/sign-in')
  const email = await signIn(visitor)
  await visitor.find('.card[data-step="account"]')
  await visitor.see(email)
  await visitor.page.goto(shop.origin)
  await visitor.see('You are already signed in')
  // As if the sign-in were older than 15 minutes: the first answer is one that the service gives then.
  await visitor.page.setRequestInterception(true)
  let asked = 0
  visitor.page.on('request', (request) => {
    const isFirst = request.url().endsWith('/auth/exchange/codes') && ++asked === 1
    const body = JSON.stringify({ code: 'step_up_required', errors: ['Prove again that it is you'] })
    if (isFirst) void request.respond({ status: 403, contentType: 'application/problem+json', body })
    else void request.continue()
  })
  await visitor.click('.primary')
  await visitor.see('Confirm that it is you')
  await visitor.type('dialog #code', await visitor.lastCode(2))
  assert.equal((await untilShop(visitor))[1], email)
  assert.equal(asked, 2)
  await visitor.leave()
})

test('back to a path of the same origin there is no code', async () => {
  const visitor = await visit('/sign-in?return_to=%2Fhealth%2Flive%3Fa%3Db')
  await signIn(visitor)
  await visitor.page.waitForFunction("location.pathname === '/health/live'")
  assert.equal(visitor.page.url(), `${origin}/health/live?a=b`)
  await visitor.page.goto(`${origin}/sign-in?return_to=//evil.example`)
  assert.match(await textOf(visitor), /^This link does not work\n/)
  assert.deepEqual(await axe(visitor), [])
})

test('a proxy may serve all of it under a prefix', async () => {
  const proxy = await startPrefix(origin, '/login')
  const visitor = await newVisitor(proxy.origin)
  await visitor.page.goto(`${proxy.origin}/login/sign-in`, { waitUntil: 'networkidle0' })
  const email = await signIn(visitor)
  await visitor.find('.card[data-step="account"]')
  await visitor.see(email)
  await visitor.leave()
  await proxy.stop()
})

test('it is read in Hindi, and in Arabic from right to left', async () => {
  const hindi = await visit('/sign-in?lang=hi')
  assert.equal(await hindi.page.$eval('html', ({ lang, dir }) => `${lang} ${dir}`), 'hi ltr')
  assert.equal(await (await hindi.find('.card')).evaluate((card) => card.getAttribute('lang')), 'hi')
  await hindi.leave()
  const arabic = await visit('/sign-in', { language: 'ar' })
  assert.equal(await arabic.page.$eval('html', ({ lang, dir }) => `${lang} ${dir}`), 'ar rtl')
  assert.equal(await (await arabic.find('.card')).evaluate((card) => getComputedStyle(card).direction), 'rtl')
  assert.deepEqual(await axe(arabic), [])
  await arabic.leave()
})

test('without scripts it says that it needs them', async () => {
  const visitor = await visit('/sign-in', { scripts: false, language: 'de' })
  const text = await visitor.page.$eval('body noscript', (each) => each.textContent)
  assert.match(String(text), /Bitte schalten Sie JavaScript/)
  // Its styles come where there are no scripts, and there alone.
  assert.equal(await visitor.page.$eval('p.notice', (each) => getComputedStyle(each).textAlign), 'center')
})
