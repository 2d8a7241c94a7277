// Tokens: which ones we believe, on cookie and on Bearer, and what ends them.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { Problem } from '../../src/errors.js'
import { signedIn } from '../../src/sessions/authenticate.js'
import { newPrivateKey, startApp, type TestApp, testSecrets } from '../support/app.js'
import { forgetSends } from '../support/limits.js'

const email = 'asha@example.com'

async function signIn(service: TestApp) {
  await service.post('/auth/request-otp', { email })
  const { body } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  return body as { token: string; user: { id: string } }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

/** A token signed with ES256 by this key, whatever it says of itself. */
function forge(header: object, claims: object, key: KeyObject) {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

async function statuses(service: TestApp, token: string) {
  const bearer = await service.get('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })
  const cookie = await service.get('/api/auth/me', { headers: { cookie: `jwt=${token}` } })
  return [bearer.status, cookie.status]
}

t.test('a token holds names of rows and nothing else', async (t) => {
  const service = await startApp(t)
  const { token, user } = await signIn(service)
  const [header, claims] = token.split('.').map((part, index) => (index < 2 ? decode(part) : part))
  t.strictSame(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  t.match(claims, { iss: 'latchkey', aud: 'latchkey', sub: user.id })
  t.equal(claims.exp - claims.iat, 604_800)
  t.strictSame(Object.keys(header).sort(), ['alg', 'kid', 'typ'])
  t.match(header, { alg: 'ES256', typ: 'JWT' })
  t.match(await service.database.session.findMany(), [{ id: claims.sid, userId: user.id }])
})

t.test('another service verifies a token with the published keys alone', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  const { keys } = (await service.get('/.well-known/jwks.json')).body
  t.equal(keys.length, 1)
  t.notOk('d' in keys[0], 'nothing private')
  t.equal(keys[0].kid, decode(token.split('.')[0]).kid)
  const [header, claims, signature = ''] = token.split('.')
  const { createVerify } = await import('node:crypto')
  const key = createPublicKey({ key: keys[0], format: 'jwk' })
  const verifier = createVerify('sha256').update(`${header}.${claims}`)
  t.ok(verifier.verify({ key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')))
})

t.test('forged, mutated and foreign tokens are 401', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  t.strictSame(await statuses(service, token), [200, 200])
  const ours = createPrivateKey(testSecrets.JWT_PRIVATE_KEY)
  const foreign = createPrivateKey(newPrivateKey())
  const [head = '', body = '', signature = ''] = token.split('.')
  const header = decode(head)
  const claims = decode(body)
  const now = Math.floor(Date.now() / 1000)
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
  const publicPem = createPublicKey(ours).export({ type: 'spki', format: 'pem' }).toString()
  const hmacInput = `${encode({ ...header, alg: 'HS256' })}.${body}`
  t.strictSame(await statuses(service, forge(header, claims, ours)), [200, 200], 'the forge itself works')

  const forged: Record<string, string> = {
    'alg none': `${encode({ ...header, alg: 'none' })}.${body}.`,
    'alg nOnE': `${encode({ ...header, alg: 'nOnE' })}.${body}.${signature}`,
    'HS256 under the public key': `${hmacInput}.${createHmac('sha256', publicPem).update(hmacInput).digest('base64url')}`,
    'no signature': `${head}.${body}.`,
    'a zero signature': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    'a key of its own': forge({ ...header, jwk: createPublicKey(foreign).export({ format: 'jwk' }) }, claims, foreign),
    'a key elsewhere': forge({ ...header, jku: 'http://127.0.0.1/jwks.json' }, claims, foreign),
    'another key': forge(header, claims, foreign),
    'an unknown kid': forge({ ...header, kid: 'unknown' }, claims, ours),
    'a path as kid': forge({ ...header, kid: '../../dev/null' }, claims, ours),
    'no kid': forge({ alg: 'ES256', typ: 'JWT' }, claims, ours),
    'another type': forge({ ...header, typ: 'at+jwt' }, claims, ours),
    'no type': forge({ alg: 'ES256', kid: header.kid }, claims, ours),
    'a critical extension': forge({ ...header, crit: ['x'], x: 1 }, claims, ours),
    'another issuer': forge(header, { ...claims, iss: 'somebody' }, ours),
    'another audience': forge(header, { ...claims, aud: 'something' }, ours),
    'a list of audiences with ours': forge(header, { ...claims, aud: ['latchkey', 'other'] }, ours),
    'expired, and not the newest': forge(header, { ...claims, exp: now - 10, jti: randomUUID() }, ours),
    'not good yet': forge(header, { ...claims, nbf: now + 60 }, ours),
    'issued in the future': forge(header, { ...claims, iat: now + 60 }, ours),
    'another session': forge(header, { ...claims, sid: randomUUID() }, ours),
    'another user': forge(header, { ...claims, sub: randomUUID() }, ours),
    'SQL as session': forge(header, { ...claims, sid: "' OR true --" }, ours),
    'two parts': `${head}.${body}`,
    'four parts': `${token}.x`,
    nothing: '',
    junk: 'junk',
    'a header that is no object': `${Buffer.from('5').toString('base64url')}.${body}.${signature}`,
    'a header that is no JSON': `${Buffer.from('junk').toString('base64url')}.${body}.${signature}`,
  }
  for (const name of ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp']) {
    forged[`without ${name}`] = forge(header, without(name), ours)
  }
  for (const [name, value] of Object.entries(forged)) t.strictSame(await statuses(service, value), [401, 401], name)
})

t.test('a token whose text was changed without changing its meaning ends with its session', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  const last = token.slice(-1)
  const sibling = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // The last character of a 64-byte signature carries two bits that no byte is made of.
  const twin = token.slice(0, -1) + sibling[sibling.indexOf(last) ^ 1]
  await service.post('/api/auth/logout', undefined, { headers: { authorization: `Bearer ${token}` } })
  for (const form of [token, twin, `${token} `, ` ${token}`]) t.strictSame(await statuses(service, form), [401, 401])
})

t.test('logout, deletion and the ends of a session act on the next request', async (t) => {
  const service = await startApp(t)
  const ends: Record<string, (id: string) => Promise<unknown>> = {
    'the session was deleted': () => service.database.session.deleteMany(),
    'the session was not used': () => service.database.$executeRaw`UPDATE sessions SET expires_at = now()`,
    'thirty days are over': () =>
      service.database.$executeRaw`UPDATE sessions SET created_at = now() - interval '30 days'`,
    'the user is disabled': () => service.database.user.updateMany({ data: { disabledAt: new Date() } }),
    'the user was deleted': (id) => service.database.user.delete({ where: { id } }),
  }
  for (const [name, end] of Object.entries(ends)) {
    const { token, user } = await signIn(service)
    t.strictSame(await statuses(service, token), [200, 200])
    await end(user.id)
    t.strictSame(await statuses(service, token), [401, 401], name)
    await service.database.user.updateMany({ data: { disabledAt: null } })
    await forgetSends(service.database)
  }
  t.equal(await service.database.session.count(), 0, 'a deleted user leaves no session')
})

t.test('use moves the end of a session, at most every five minutes and never past thirty days', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  const life = async () => {
    const [row] = await service.database.$queryRaw<{ left: number; seen: number }[]>`
      SELECT extract(epoch FROM expires_at - now())::float AS left, extract(epoch FROM now() - last_seen_at)::float AS seen
      FROM sessions`
    return row ?? { left: 0, seen: 0 }
  }
  await service.database.$executeRaw`UPDATE sessions SET expires_at = now() + interval '1 day'`
  await statuses(service, token)
  t.ok((await life()).left < 86_401, 'seen a moment ago: nothing is written')
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '6 minutes'`
  await statuses(service, token)
  const touched = await life()
  t.ok(touched.left > 604_700 && touched.seen < 60, 'the end has moved')
  await service.database.$executeRaw`
    UPDATE sessions SET created_at = now() - interval '29 days', last_seen_at = now() - interval '6 minutes'`
  await statuses(service, token)
  t.ok((await life()).left < 86_401, 'one day is left of thirty')
})

t.test('keys rotate with two live at once', async (t) => {
  const before = await startApp(t)
  const { token } = await signIn(before)
  const databaseUrl = before.config.database.url
  const nextKey = newPrivateKey()
  const previous = createPublicKey(testSecrets.JWT_PRIVATE_KEY).export({ type: 'spki', format: 'pem' }).toString()
  const during = await startApp(t, {
    databaseUrl,
    settings: { JWT_PRIVATE_KEY: nextKey, JWT_PREVIOUS_PUBLIC_KEYS: previous },
  })
  const after = await startApp(t, { databaseUrl, settings: { JWT_PRIVATE_KEY: nextKey } })

  t.strictSame(await statuses(during, token), [200, 200], 'an old token is good while its key is published')
  const { token: fresh } = await signIn(during)
  t.strictSame(await statuses(after, fresh), [200, 200], 'new tokens are signed with the new key')
  t.strictSame(await statuses(after, token), [401, 401], 'the retired key opens nothing')
  t.strictSame(await statuses(before, fresh), [401, 401])
  const kids = async (service: TestApp) =>
    (await service.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid)
  t.strictSame(await kids(during), [...(await kids(after)), ...(await kids(before))])
})

t.test('the type of the key decides the algorithm', async (t) => {
  const keys = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: generateKeyPairSync('ed25519'),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }
  for (const [algorithm, { privateKey }] of Object.entries(keys)) {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const service = await startApp(t, { settings: { JWT_PRIVATE_KEY: pem } })
    const { token } = await signIn(service)
    t.equal(decode(token.split('.')[0]).alg, algorithm)
    t.match((await service.get('/.well-known/jwks.json')).body.keys, [{ alg: algorithm, use: 'sig' }])
    t.strictSame(await statuses(service, token), [200, 200], algorithm)
  }
})

t.test('a handler outside the scopes that ask cannot take anybody for signed in', async (t) => {
  t.throws(() => signedIn({ authentication: null } as FastifyRequest), new Problem('unauthorized'))
})

t.test('broken cookies break nothing', async (t) => {
  const service = await startApp(t)
  const { token } = await signIn(service)
  const ask = (cookie: string) => service.get('/api/auth/me', { headers: { cookie } })
  for (const cookie of ['jwt', 'jwt=%', ';;;', `jwt="${token}`]) t.equal((await ask(cookie)).status, 401, cookie)
})

t.test('a prefixed cookie keeps its promise in development too', async (t) => {
  const settings = { NODE_ENV: 'development', COOKIE_NAME: '__Host-jwt' }
  const service = await startApp(t, { settings })
  await service.post('/auth/request-otp', { email })
  const { cookies } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  t.match(cookies, [{ name: '__Host-jwt', secure: true, path: '/', httpOnly: true }])
  const plain = await startApp(t, { settings: { NODE_ENV: 'development' }, databaseUrl: service.config.database.url })
  await plain.post('/auth/request-otp', { email: 'other@example.com' })
  const answer = await plain.post('/auth/verify-otp', {
    email: 'other@example.com',
    otp: plain.lastCode('other@example.com'),
  })
  t.notOk(answer.cookies[0]?.['secure'], 'plain HTTP on localhost needs a cookie without Secure')
})
