// Whose request it is, by asking the service: a logout counts at once, nobody is let in where nobody answers.
import t from 'tap'
import { createVerifier, type VerifierOptions } from '../../../packages/server/src/index.js'
import { checkByService } from '../../../packages/server/src/introspection.js'
import { newEmail } from '../../support/flows.js'
import { startService } from '../client/service.js'
import { fakeService, sign, url, withBearer } from './tokens.js'

const introspectionToken = 'a-secret-of-the-tests-32-bytes-and-more'
const options = { mode: 'introspection', introspectionToken } as const

t.test('the service knows of a logout at once', async (t) => {
  const settings = { INTROSPECTION_TOKEN: introspectionToken }
  const { service, baseUrl, newClient } = await startService(t, { settings })
  const { client } = newClient()
  const email = newEmail()
  await client.identifier.requestOtp({ email })
  const { user } = await client.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  const token = String(await client.token())
  const { check } = createVerifier({ ...options, url: baseUrl })
  t.match(await check(withBearer(token, 'POST')), { session: { userId: user.id, expiresAt: Date, via: 'bearer' } })
  t.match(await check({ method: 'GET', headers: { cookie: `jwt=${token}` } }), { session: { via: 'cookie' } })
  t.match(await check(withBearer(`${token.slice(0, -2)}AA`)), { refusal: 'invalid_token' })
  const foreign = createVerifier({ ...options, url: baseUrl, audience: 'shop' })
  t.match(await foreign.check(withBearer(token)), { refusal: 'invalid_token' }, 'a token for another product')
  await client.logout()
  t.match(await check(withBearer(token)), { session: null, refusal: 'invalid_token' })

  const wrong = createVerifier({ ...options, introspectionToken: 'wrong', url: baseUrl })
  await t.rejects(wrong.verify(withBearer(token)), { code: 'misconfigured', message: /not the INTROSPECTION_TOKEN/ })
  const closed = await startService(t, { databaseUrl: service.config.database.url })
  const none = createVerifier({ ...options, url: closed.baseUrl })
  await t.rejects(none.verify(withBearer(token)), {
    code: 'misconfigured',
    message: /answered 404 .*INTROSPECTION_TOKEN set/,
  })
})

const active = async (more: object = {}) => {
  const token = await sign()
  const claims = JSON.parse(atob(token.split('.')[1] ?? ''))
  return { token, body: { active: true, token_type: 'Bearer', ...claims, ...more } }
}

t.test('it is asked as RFC 7662 says, once for one token', async (t) => {
  const { token, body } = await active()
  const service = fakeService({ body })
  const { verify } = createVerifier({ ...service, ...options })
  await Promise.all(Array.from({ length: 10 }, () => verify(withBearer(token))))
  t.equal(service.asked.length, 1, 'together')
  await verify(withBearer(token))
  t.equal(service.asked.length, 2, 'and each time anew')
  t.match(service.asked[0], {
    url: `${url}/auth/introspect`,
    init: {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Bearer ${introspectionToken}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${token}`,
    },
  })
  await verify(withBearer('no-token'))
  t.equal(service.asked.length, 2, 'what can be no token is asked about by nobody')
})

t.test('a question that was sent before a logout answers nobody who comes after it', async (t) => {
  const { token, body } = await active()
  const answers: ((body: object) => void)[] = []
  const fetch = () =>
    new Promise<Response>((resolve) => answers.push((body) => resolve(new Response(JSON.stringify(body)))))
  const sent = async (count: number) => {
    for (let turns = 0; answers.length < count && turns < 100; turns += 1) await new Promise(setImmediate)
    t.equal(answers.length, count)
  }
  let time = 0
  const settings = { url, issuer: 'latchkey', audience: 'latchkey', cookie: 'jwt', origins: null, timeout: 100, fetch }
  const surroundings = { now: () => time, most: 10 }
  const check = checkByService(settings, { url, ...options }, surroundings)
  const before = check(token)
  await sent(1)
  const after = check(token)
  await sent(2)
  answers[1]?.({ active: false })
  t.strictSame(await after, { refusal: 'invalid_token' })
  answers[0]?.(body)
  t.match(await before, { claims: { sub: String } })

  answers.length = 0
  const keeping = checkByService(settings, { url, ...options, cacheFor: 10 }, surroundings)
  const first = keeping(token)
  await sent(1)
  time = 9_999
  const second = keeping(token)
  time = 10_000
  const third = keeping(token)
  await sent(2)
  // Where an answer may be kept, one that is on its way may be shared for as long.
  answers[0]?.(body)
  t.match(await Promise.all([first, second]), [{ claims: {} }, { claims: {} }])
  const fourth = keeping(token)
  answers[1]?.({ active: false })
  t.strictSame(await Promise.all([third, fourth]), Array(2).fill({ refusal: 'invalid_token' }), 'from the question on')
})

t.test('an answer is kept as long as is said, and no longer than its token', async (t) => {
  const { token, body } = await active({ exp: 20 })
  const service = fakeService({ body })
  let time = 0
  const settings = { url, issuer: 'latchkey', audience: 'latchkey', cookie: 'jwt', origins: null, timeout: 100 }
  const check = checkByService(
    { ...settings, fetch: service.fetch },
    { url, ...options, cacheFor: 15 },
    { now: () => time, most: 3 },
  )
  await check(token)
  time = 14_999
  await check(token)
  t.equal(service.asked.length, 1)
  time = 15_000
  await check(token)
  t.equal(service.asked.length, 2)
  time = 20_000
  service.answers.splice(0, 1, { body: { active: false } })
  t.strictSame(await check(token), { refusal: 'invalid_token' })
  t.strictSame(await check(token), { refusal: 'invalid_token' })
  t.equal(service.asked.length, 3, 'a refusal too')
  const ended = await sign({ exp: 19 })
  t.strictSame(await check(ended), { refusal: 'token_expired' }, 'whoever sent it is told to refresh')
  t.strictSame(await check('a.b.c'), { refusal: 'invalid_token' })
  for (const token of ['a.b.1', 'a.b.2', 'a.b.3']) await check(token)
  const before = service.asked.length
  await check('a.b.1')
  t.equal(service.asked.length, before)
  await check('a.b.c')
  t.equal(service.asked.length, before + 1, 'the oldest were forgotten')
})

t.test('where nobody answers nobody is let in', async (t) => {
  const { token, body } = await active()
  const cases: [
    string,
    Parameters<typeof fakeService>[0],
    { code: string; statusCode?: number; retryAfter?: number },
  ][] = [
    ['no network', new Error('ECONNREFUSED'), { code: 'unavailable', statusCode: 503, retryAfter: 2 }],
    ['no answer in time', 'never', { code: 'unavailable' }],
    ['busy', { status: 429, headers: { 'retry-after': '3' } }, { code: 'unavailable', retryAfter: 3 }],
    ['a fault', { status: 500, body }, { code: 'unavailable' }],
    ['a proxy’s page', { status: 200, body: '<html>' }, { code: 'misconfigured' }],
    ['a text', { body: { active: 'true' } }, { code: 'misconfigured' }],
    ['another status', { status: 202, body }, { code: 'misconfigured' }],
    ['the keys’ answer', {}, { code: 'misconfigured' }],
  ]
  for (const [name, answer, expected] of cases) {
    const verifying: VerifierOptions = { ...fakeService(answer), ...options, timeout: 20, cacheFor: 60 }
    const { verify } = createVerifier(verifying)
    await t.rejects(verify(withBearer(token)), { name: 'SessionCheckError', ...expected }, name)
    await t.rejects(verify(withBearer(token)), expected, `${name}: is not kept`)
  }
  for (const wrong of [{ sub: '' }, { sid: undefined }, { exp: 'soon' }, { iss: 'x' }, { aud: ['latchkey'] }]) {
    const { verify } = createVerifier({ ...fakeService({ body: { ...body, ...wrong } }), ...options })
    t.equal(await verify(withBearer(token)), null, JSON.stringify(wrong))
  }
})
