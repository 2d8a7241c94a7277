// How browsers stay signed in: cookies are renewed in use, and nothing outlives the longest session.
import { createPrivateKey, createSign } from 'node:crypto'
import t from 'tap'
import { startApp, type TestApp, testSecrets } from '../support/app.js'

const email = 'asha@example.com'
const day = 86_400
const parts = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))

async function signIn(service: TestApp) {
  await service.post('/auth/request-otp', { email })
  const { body, cookies } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  return { token: String(body.token), cookies }
}

/** The same token as if it had been issued so many seconds ago. */
function aged(token: string, seconds: number): string {
  const [header, claims] = parts(token)
  const moved = { ...claims, iat: claims.iat - seconds, exp: claims.exp - seconds }
  const input = [header, moved].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const key = createPrivateKey(testSecrets.JWT_PRIVATE_KEY)
  return `${input}.${createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url')}`
}

const me = (service: TestApp, headers: Record<string, string>) => service.get('/api/auth/me', { headers })

t.test('a cookie past half its life is renewed, a Bearer token is not', async (t) => {
  const service = await startApp(t, { settings: { TOKEN_TTL: '10m' } })
  const { token, cookies } = await signIn(service)
  t.match(cookies, [{ name: 'jwt', maxAge: 7 * day }])
  t.strictSame((await me(service, { cookie: `jwt=${token}` })).cookies, [], 'a new one')
  t.strictSame((await me(service, { cookie: `jwt=${aged(token, 290)}` })).cookies, [], 'just before half its life')

  const old = aged(token, 310)
  const answer = await me(service, { cookie: `jwt=${old}` })
  const attributes = { name: 'jwt', maxAge: 7 * day, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }
  t.match(answer, { status: 200, cookies: [attributes], headers: { 'cache-control': 'no-store' } })
  t.equal(answer.cookies.length, 1)
  const [, before] = parts(old)
  const [, after] = parts(String(answer.cookies[0]?.value))
  t.equal(after.exp - after.iat, 600)
  t.match(after, { sub: before.sub, sid: before.sid })
  t.not(after.jti, before.jti)
  t.equal((await me(service, { cookie: `jwt=${answer.cookies[0]?.value}` })).status, 200)

  const bearer = { authorization: `Bearer ${old}` }
  t.strictSame((await me(service, bearer)).cookies, [])
  t.strictSame((await me(service, { ...bearer, cookie: `jwt=${old}` })).cookies, [], 'Bearer wins')
  t.match(await me(service, { authorization: 'Basic eDp5', cookie: `jwt=${old}` }), { cookies: [attributes] })
  const late = await me(service, { cookie: `jwt=${aged(token, 610)}` })
  t.match([late.status, late.cookies], [200, [attributes]], 'also when it has ended (ended-tokens.test.ts)')
})

t.test('refreshing and logging out set one cookie each, and logging out renews none', async (t) => {
  const service = await startApp(t)
  const cookie = `jwt=${aged((await signIn(service)).token, 5 * day)}`
  const refreshed = await service.post('/api/auth/refresh', undefined, { headers: { cookie } })
  t.equal(refreshed.cookies.length, 1)
  t.equal(refreshed.cookies[0]?.value, refreshed.body.token)
  const answer = await service.post('/api/auth/logout', undefined, { headers: { cookie } })
  t.match(answer.cookies, [{ name: 'jwt', value: '' }])
  t.equal(answer.cookies.length, 1)
  const after = await me(service, { cookie })
  t.strictSame([after.status, after.cookies], [401, []])
})

t.test('no token and no cookie outlives the thirty days of its session', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  await service.database.$executeRaw`UPDATE sessions SET created_at = now() - interval '28 days'`
  const left = 2 * day

  const refreshed = await service.post('/api/auth/refresh', undefined, {
    headers: { authorization: `Bearer ${token}` },
  })
  const renewed = await me(service, { cookie: `jwt=${aged(token, 6 * day)}` })
  for (const [answer, issued] of [
    [refreshed, refreshed.body.token],
    [renewed, renewed.cookies[0]?.value],
  ] as const) {
    const [, { iat, exp }] = parts(String(issued))
    t.ok(exp - iat <= left && exp - iat > left - 30, 'cut to what is left')
    t.equal(answer.cookies[0]?.['maxAge'], exp - iat)
  }
  const cut = String(renewed.cookies[0]?.value)
  await service.database.$executeRaw`UPDATE sessions SET created_at = created_at - interval '30 hours'`
  t.strictSame(
    (await me(service, { cookie: `jwt=${aged(cut, 30 * 3600)}` })).cookies,
    [],
    'another would not live longer',
  )

  await service.database
    .$executeRaw`UPDATE sessions SET created_at = now() - interval '30 days' + interval '30 seconds'`
  const last = await service.post('/api/auth/refresh', undefined, { headers: { authorization: `Bearer ${token}` } })
  const [, { iat, exp }] = parts(last.body.token)
  t.ok(exp - iat >= 1 && exp - iat <= 30)
})
