// Tokens that have ended: their session's newest refreshes or renews, the one before for a minute, an older one is a thief's or lost.
import { createPrivateKey, createSign } from 'node:crypto'
import t from 'tap'
import { SessionService } from '../../src/sessions/service.js'
import { type Answer, startApp, type TestApp, testSecrets } from '../support/app.js'
import { join } from '../users/people.js'

const asha = 'asha@example.com'
const day = 86_400

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const claimsOf = (token: string) => decode(token.split('.')[1])

/** The same token as if its time had passed an hour ago. */
function ended(token: string, claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const [header, payload] = token.split('.').slice(0, 2).map(decode)
  const input = `${encode(header)}.${encode({ ...payload, iat: now - 7_200, exp: now - 3_600, ...claims })}`
  const key = { key: createPrivateKey(testSecrets.JWT_PRIVATE_KEY), dsaEncoding: 'ieee-p1363' } as const
  return `${input}.${createSign('sha256').update(input).sign(key, 'base64url')}`
}

async function signIn(service: TestApp, email = asha): Promise<string> {
  await service.database.$executeRaw`DELETE FROM otps`
  await service.database.$executeRaw`DELETE FROM identifier_limits`
  await service.post('/auth/request-otp', { email })
  return (await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })).body.token
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const cookie = (...tokens: string[]) => ({ headers: { cookie: tokens.map((token) => `jwt=${token}`).join('; ') } })
const refresh = (service: TestApp, by: { headers: Record<string, string> }) =>
  service.post('/api/auth/refresh', undefined, by)
const me = (service: TestApp, by: { headers: Record<string, string> }) => service.get('/api/auth/me', by)
const reuses = (service: TestApp) => service.database.authEvent.count({ where: { event: 'authn_token_reuse' } })
/** The last replacement was so long ago that the token before is an old one. */
const afterTheGrace = ({ database }: TestApp) =>
  database.$executeRaw`UPDATE sessions SET token_issued_at = now() - interval '61 seconds'`

t.test('a Bearer that has ended is told so, and refreshes while its session lives', async (t) => {
  const service = await startApp(t, { settings: { TOKEN_TTL: '1m' } })
  const token = await signIn(service)
  const answer = await me(service, bearer(ended(token)))
  t.match(answer, { status: 401, body: { code: 'token_expired' }, headers: { 'www-authenticate': /invalid_token/ } })
  const refreshed = await refresh(service, bearer(ended(token)))
  t.match(refreshed, { status: 200, body: { token: String } })
  const { sid, sub, jti, iat, exp } = claimsOf(refreshed.body.token)
  t.match({ sid, sub, left: exp - iat }, { sid: claimsOf(token).sid, sub: claimsOf(token).sub, left: 60 })
  t.not(jti, claimsOf(token).jti)
  t.equal((await me(service, bearer(refreshed.body.token))).status, 200)
  t.equal((await me(service, bearer(token))).status, 200, 'one that has not ended works until it does')

  await service.post('/api/auth/logout', undefined, bearer(token))
  t.match(await refresh(service, bearer(ended(refreshed.body.token))), { status: 401, body: { code: 'unauthorized' } })
  const other = ended(await signIn(service))
  await service.database.$executeRaw`UPDATE sessions SET expires_at = now()`
  t.match(await refresh(service, bearer(other)), { status: 401, body: { code: 'unauthorized' } })
  t.equal(await reuses(service), 0)
})

t.test('the one before gets the newest again for a minute, an older one is 401 and an event', async (t) => {
  const service = await startApp(t)
  const first = ended(await signIn(service))
  const second = String((await refresh(service, bearer(first))).body.token)
  const again = String((await refresh(service, bearer(first))).body.token)
  t.equal(claimsOf(again).jti, claimsOf(second).jti, 'the newest again')
  const third = String((await refresh(service, bearer(ended(second)))).body.token)
  t.match(await refresh(service, bearer(first)), { status: 401, body: { code: 'unauthorized' } }, 'two before')
  t.equal(await reuses(service), 1)
  t.match(service.logged(), /a token came that has ended and was replaced long ago/)
  await refresh(service, bearer(first))
  await me(service, cookie(first))
  t.equal(await reuses(service), 1, 'told once an hour, whatever was asked')

  await afterTheGrace(service)
  t.equal((await refresh(service, bearer(ended(second)))).status, 401, 'after a minute')
  t.equal((await refresh(service, bearer(ended(third)))).status, 200, 'the newest has no minute')
  const [event] = await service.database.authEvent.findMany({ where: { event: 'authn_token_reuse' } })
  t.equal(event?.userId, claimsOf(first).sub)
})

t.test('calls side by side all get on, with one new token', async (t) => {
  const service = await startApp(t)
  const token = ended(await signIn(service))
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => refresh(service, bearer(token))),
    ...Array.from({ length: 10 }, () => me(service, cookie(token))),
  ])
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
  const tokens = answers.map(({ body, cookies }) => String(body.token ?? cookies[0]?.value))
  t.equal(new Set(tokens.map((each) => claimsOf(each).jti)).size, 1)
  t.equal(await reuses(service), 0)
})

t.test('a cookie is kept as long as its session, and any call renews it when its token has ended', async (t) => {
  const service = await startApp(t, { settings: { TOKEN_TTL: '1m', SESSION_TTL: '2d' } })
  const token = await signIn(service)
  const renewed = await me(service, cookie(ended(token)))
  t.match(renewed, { status: 200, cookies: [{ name: 'jwt', maxAge: 2 * day, httpOnly: true, path: '/' }] })
  const value = String(renewed.cookies[0]?.value)
  t.equal(claimsOf(value).exp - claimsOf(value).iat, 60)
  t.equal((await me(service, cookie(value))).status, 200)
  t.strictSame((await me(service, cookie(value))).cookies, [])
  await service.database.$executeRaw`UPDATE sessions SET created_at = now() - interval '29 days'`
  const late = await service.ask({
    method: 'PATCH',
    url: '/users/me',
    payload: { user_name: 'Asha' },
    ...cookie(ended(value)),
  })
  t.equal(late.status, 200, 'on every route')
  t.ok(Number(late.cookies[0]?.['maxAge']) <= day, 'no longer than the session in any case')
  await afterTheGrace(service)
  const old = await me(service, cookie(ended(value)))
  t.match([old.status, old.cookies, await reuses(service)], [401, [], 1])
})

t.test('one that has not ended refreshes too, and is renewed as a cookie only where it is the newest', async (t) => {
  const service = await startApp(t)
  const first = await signIn(service)
  const jti = async (answer: Promise<Answer>) => claimsOf(String((await answer).body.token)).jti
  const second = await jti(refresh(service, bearer(first)))
  t.equal(await jti(refresh(service, bearer(first))), second, 'the one before gets the newest again')
  await afterTheGrace(service)
  const third = await jti(refresh(service, bearer(first)))
  t.not(third, second, 'later it gets a new one')
  await afterTheGrace(service)
  const now = Math.floor(Date.now() / 1000)
  const past = ended(first, { iat: now - 6 * day, exp: now + day })
  t.match(await me(service, cookie(past)), { status: 200, cookies: [] }, 'past half its life, and not the newest')
  t.match((await me(service, cookie(ended(first, { jti: third, iat: now - 6 * day, exp: now + day })))).cookies, [
    { name: 'jwt' },
  ])
})

t.test(
  'of several cookies one that has not ended says who it is, and an ended one of somebody else is nobody',
  async (t) => {
    const service = await startApp(t)
    const [one, other] = [await signIn(service), await signIn(service, 'ravi@example.com')]
    t.equal((await me(service, cookie(ended(one, { jti: crypto.randomUUID() }), one))).status, 200)
    t.equal((await me(service, cookie(one, ended(other)))).status, 401)
    t.equal(
      (await me(service, cookie(ended(other, { jti: crypto.randomUUID() }), one))).status,
      200,
      'one that is no good',
    )
  },
)

t.test('a session that ends before its token is refreshed gets none', async (t) => {
  const service = await startApp(t)
  const token = await signIn(service)
  const { database } = service
  const run = database.run
  let reads = 0
  // The session is read to let its token in, and is over when the refresh acts.
  Object.defineProperty(database, 'run', {
    value: async (statement: { text: string; values: unknown[] }) => {
      const rows = await run(statement)
      if (statement.text.includes('FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY')) reads += 1
      // The second time it is looked at with the body there.
      if (reads === 2) await database.session.deleteMany()
      return rows
    },
  })
  t.match(await refresh(service, bearer(token)), { status: 401, body: { code: 'unauthorized' } })
  t.equal(reads, 2)
})

t.test('a session that ends while its token is being replaced gets none', async (t) => {
  const service = await startApp(t)
  const person = await join(service, '+919876543210')
  t.intercept(SessionService.prototype, 'reissue', { value: async () => null })
  const answer = await service.post('/api/auth/refresh', {}, { headers: { authorization: `Bearer ${person.token}` } })
  t.match([answer.status, answer.body.code], [401, 'unauthorized'])
  t.match(answer.headers, { 'www-authenticate': /invalid_token/ })
})
