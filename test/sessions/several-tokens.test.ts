// Requests with several cookies of our name, and logging out by all that a request brings, tokens that have ended too.
import { createPrivateKey, createSign, randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { type Answer, newPrivateKey, startApp, type TestApp, testSecrets } from '../support/app.js'
import { watchRoundTrips } from '../support/round-trips.js'

const asha = 'asha@example.com'
const ravi = 'ravi@example.com'

async function signIn(service: TestApp, email = asha): Promise<string> {
  await service.database.$executeRaw`DELETE FROM otps`
  await service.post('/auth/request-otp', { email })
  return (await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })).body.token
}

const cookieOf = (...tokens: string[]) => tokens.map((token) => `jwt=${token}`).join('; ')
const me = (service: TestApp, cookie: string) => service.get('/api/auth/me', { headers: { cookie } })
const logout = (service: TestApp, headers: Record<string, string>): Promise<Answer> =>
  service.post('/api/auth/logout', undefined, { headers })

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** The same token with other claims, signed by our key or another. */
function changed(token: string, claims: object, key = testSecrets.JWT_PRIVATE_KEY): string {
  const [header, payload] = token.split('.').map((part, index) => (index < 2 ? decode(part) : part))
  const input = `${encode(header)}.${encode({ ...payload, ...claims })}`
  const signed = createSign('sha256').update(input)
  return `${input}.${signed.sign({ key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' }, 'base64url')}`
}

const now = () => Math.floor(Date.now() / 1000)
const ended = (token: string) => changed(token, { iat: now() - 7_200, exp: now() - 3_600 })
const logouts = (service: TestApp) => service.database.authEvent.count({ where: { event: 'session_logout' } })

t.test('logging out with a token that has ended ends its session', async (t) => {
  const service = await startApp(t)
  for (const way of ['bearer', 'cookie']) {
    const token = await signIn(service)
    const old = ended(token)
    const answer = await service.get('/api/auth/me', { headers: { authorization: `Bearer ${old}` } })
    t.match(answer, { status: 401, body: { code: 'token_expired' } })
    const headers = way === 'bearer' ? { authorization: `Bearer ${old}` } : { cookie: cookieOf(old) }
    t.equal((await logout(service, headers as Record<string, string>)).status, 200)
    t.equal((await me(service, cookieOf(token))).status, 401, `${way}: a newer token of the session ends with it`)
  }
  t.equal(await logouts(service), 2)
  const kept = await signIn(service)
  await logout(service, { cookie: cookieOf(ended(kept)) })
  t.equal((await me(service, cookieOf(ended(kept)))).status, 401, 'no ended one is remembered as good')
  const early = changed(await signIn(service), { iat: now() + 3_600, nbf: now() + 3_600, exp: now() + 7_200 })
  await logout(service, { cookie: cookieOf(early) })
  t.equal(await logouts(service), 4, 'nor does it matter that one has not begun')
})

t.test('all else that makes a token ours is asked for', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  for (const [name, other] of Object.entries({
    'another key': changed(token, {}, newPrivateKey()),
    'another issuer': changed(token, { iss: 'somebody' }),
    'another audience': changed(token, { aud: 'something' }),
    'another user': changed(token, { sub: randomUUID() }),
    'no end': changed(token, { exp: undefined }),
    junk: 'junk',
  })) {
    t.equal((await logout(service, { cookie: cookieOf(other) })).status, 200, name)
    t.equal((await me(service, cookieOf(token))).status, 200, `${name} ends nothing`)
  }
  t.equal(await logouts(service), 0)
})

t.test('logging out ends each session that the Bearer or any cookie names, with an event each', async (t) => {
  const service = await startApp(t, { settings: { OTP_MAX_SENDS_PER_HOUR: '20', OTP_MAX_SENDS_PER_DAY: '20' } })
  const mine: string[] = []
  for (let index = 0; index < 8; index++) mine.push(await signIn(service))
  const [bearer = '', ...cookies] = mine
  const kept = await signIn(service)
  const cookie = `other=1; ${cookieOf('junk', ...cookies.slice(0, 3), ended(cookies[3] ?? ''), ...cookies)}; jwt=; jwt`
  const answer = await logout(service, { authorization: `Bearer ${bearer}`, cookie })
  t.match(answer, { status: 200, cookies: [{ name: 'jwt', value: '' }] })
  for (const token of mine) t.equal((await me(service, cookieOf(token))).status, 401)
  t.equal((await me(service, cookieOf(kept))).status, 200, 'no other one')
  t.equal(await logouts(service), mine.length)
})

t.test('a session that is over by itself is not there: a success, and no event', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  await service.database.$executeRaw`UPDATE sessions SET expires_at = now()`
  t.equal((await logout(service, { cookie: cookieOf(token) })).status, 200)
  t.equal(await logouts(service), 0)
})

t.test('of several cookies each is tried, five at most, wherever the good one stands', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  const old = await signIn(service)
  await logout(service, { cookie: cookieOf(old) })
  for (const others of [['junk'], ['', 'junk'], [ended(token)], [old], ['junk', old, ended(token), '%']]) {
    t.equal((await me(service, cookieOf(...others, token))).status, 200, others.join())
    t.equal((await me(service, cookieOf(token, ...others))).status, 200)
  }
  t.equal((await me(service, `jwt; ${cookieOf('junk')}; x=jwt;;  jwt = ${token} `)).status, 200, 'odd spaces')
  t.equal((await me(service, cookieOf('1', '2', '3', '4', token))).status, 200)
  t.equal((await me(service, cookieOf('1', '2', '3', '4', '5', token))).status, 401, 'the sixth')
  const none = await me(service, cookieOf('junk', old))
  t.match([none.status, none.headers['www-authenticate']], [401, /invalid_token/])
})

t.test('cookies of different users are nobody, until one of them has ended', async (t) => {
  const service = await startApp(t)
  const [one, other] = [await signIn(service), await signIn(service, ravi)]
  const [first, second] = [await me(service, cookieOf(one)), await me(service, cookieOf(other))]
  t.not(first.body.data.id, second.body.data.id)
  for (const cookie of [cookieOf(one, other), cookieOf(other, one), cookieOf('junk', one, one, other)]) {
    t.match(await me(service, cookie), { status: 401, body: { code: 'unauthorized' }, cookies: [] })
  }
  const headers = { authorization: `Bearer ${other}`, cookie: cookieOf(one, other) }
  t.equal((await service.get('/api/auth/me', { headers })).body.data.id, second.body.data.id, 'the Bearer wins')
  await logout(service, { cookie: cookieOf(other) })
  t.equal((await me(service, cookieOf(other, one))).body.data.id, first.body.data.id)
})

t.test('one cookie is one query', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  // What is written of the delivery comes a moment after its answer, and is none of these queries.
  while ((await service.database.authEvent.count({ where: { channel: { not: null } } })) === 0) await setImmediate()
  const count = await watchRoundTrips(t, service)
  const roundTrips = async (cookie: string) => {
    const { result, before, after } = await count(() => me(service, cookie))
    return [result.status, before.roundTrips + after.roundTrips]
  }
  t.strictSame(await roundTrips(cookieOf(token)), [200, 1])
  t.strictSame(await roundTrips(cookieOf('junk', token, token, 'junk')), [200, 1], 'as of many, where one is good')
})

t.test('pages of other sites can use none of several cookies', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  for (const cookie of [cookieOf('junk', token), cookieOf(token, 'junk'), `jwt; jwt =${token}`, `;;jwt=${token}`]) {
    t.equal((await me(service, cookie)).status, 200, cookie)
    const answer = await logout(service, { cookie, origin: 'https://evil.example' })
    t.match(answer, { status: 403, body: { code: 'cross_site' } }, cookie)
  }
})
