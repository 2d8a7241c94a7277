// Whose request it is, by public keys: tokens that are good, tokens that are not, and how often the service is asked.
import t from 'tap'
import { createVerifier, verifySession } from '../../../packages/server/src/index.js'
import { createKeys } from '../../../packages/server/src/keys.js'
import { newPrivateKey } from '../../support/app.js'
import { newEmail } from '../../support/flows.js'
import { startService } from '../client/service.js'
import { fakeService, forged, keyRing, ours, sign, theirs, url, withBearer } from './tokens.js'

const now = () => Math.floor(Date.now() / 1000)

t.test('a token of the service, in whatever a request is', async (t) => {
  const { service, baseUrl, newClient } = await startService(t)
  const { client } = newClient()
  const email = newEmail()
  await client.identifier.requestOtp({ email })
  const { user } = await client.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  const token = String(await client.token())
  const { verify } = createVerifier({ url: `${baseUrl}/` })
  const authorization = `bearer  ${token}`
  const requests = [
    new Request('https://shop.example/orders', { method: 'POST', headers: { authorization } }),
    { method: 'POST', url: '/orders', headers: { authorization, host: 'shop.example' } },
    { headers: new Headers({ authorization }) },
    { method: 'GET', headers: { cookie: `a=b; jwt=${token}; c` } },
    { method: 'GET', headers: { cookie: `jwt="${token}"` } },
  ]
  for (const request of requests) {
    const session = await verify(request)
    t.match(session, { userId: user.id, sessionId: String, via: 'cookie' in request.headers ? 'cookie' : 'bearer' })
    t.ok(session && session.expiresAt.getTime() - session.issuedAt.getTime() === 7 * 86_400_000)
    t.notOk(JSON.stringify(session).includes(token), 'whoever logs it logs no secret')
  }
  await client.logout()
  t.match(
    await verify(requests[0] as Request),
    { userId: user.id },
    'a logout is unknown to the keys until the token ends',
  )
})

t.test('tokens that are none', async (t) => {
  const service = fakeService({})
  const { check } = createVerifier(service)
  const [head, payload, signature] = (await sign()).split('.')
  const [, other] = (await sign()).split('.')
  const longer = `${payload}AAAA`
  const wrong: Record<string, string> = {
    'another payload': `${head}.${other}.${signature}`,
    'a longer payload': `${head}.${longer}.${signature}`,
    'no signature': `${head}.${payload}.`,
    'three words': 'a.b.c',
    'one word': 'secret',
    'a long one': await sign({ more: 'x'.repeat(4_000) }),
    unsigned: await forged('none'),
    'signed with the public key': await forged('HS256'),
    'another algorithm than is said': await sign({}, { alg: 'ES256', kid: theirs.kid }),
    'somebody else’s key under our name': await sign({}, { kid: ours.kid }, theirs),
    'a key of its own in the header': await sign({}, { jwk: theirs.current.jwk, kid: undefined }, theirs),
    'another issuer': await sign({ iss: 'elsewhere' }),
    'no issuer': await sign({ iss: undefined }),
    'another audience': await sign({ aud: 'shop' }),
    'several audiences': await sign({ aud: ['latchkey', 'shop'] }),
    'no audience': await sign({ aud: undefined }),
    'no user': await sign({ sub: undefined }),
    'no session': await sign({ sid: undefined }),
    'a session that is no text': await sign({ sid: 1 as never }),
    'no end': await sign({ exp: undefined }),
    'of tomorrow': await sign({ iat: now() + 60 }),
    'not good yet': await sign({ nbf: now() + 60 }),
    'another type': await sign({}, { typ: 'at+jwt' }),
  }
  for (const [name, token] of Object.entries(wrong))
    t.strictSame(await check(withBearer(token)), { session: null, refusal: 'invalid_token' }, name)
  t.match(await check(withBearer(await sign({ exp: now() - 6 }))), { refusal: 'token_expired' })
  t.match(await check(withBearer(await sign({ exp: now() - 3, iat: now() + 3 }))), { refusal: null }, 'clocks differ')
  t.match(await check({ headers: {} }), { session: null, refusal: 'no_token' })
  t.match(await check({ headers: { authorization: 'Basic abc' } }), { refusal: 'no_token' })
  t.match(await check(withBearer(await sign())), { refusal: null })
})

t.test('what the service signs with is said, and nothing else is taken', async (t) => {
  const both = { keys: [...theirs.jwks.keys, ...ours.jwks.keys] }
  const service = fakeService({ body: both })
  const good = withBearer(await sign())
  t.match(await verifySession(good, { ...service, algorithm: ['EdDSA', 'ES256'] }), { via: 'bearer' })
  t.equal(await verifySession(good, { ...service, algorithm: 'EdDSA' }), null)
  t.match(
    await verifySession(withBearer(await sign({ iss: 'a', aud: 'b' })), { ...service, issuer: 'a', audience: 'b' }),
    {
      claims: { aud: 'b' },
    },
  )
})

t.test('of cookies', async (t) => {
  const { check } = createVerifier({ ...fakeService({}), cookie: '__Host-jwt' })
  const [mine, again, anothers] = [await sign({ sub: 'me' }), await sign({ sub: 'me' }), await sign({ sub: 'you' })]
  const cookies = (...values: string[]) => ({
    method: 'GET',
    headers: { cookie: values.map((value) => `__Host-jwt=${value}`).join('; ') },
  })
  t.match(await check(cookies(mine)), { session: { userId: 'me', via: 'cookie' } })
  t.match(await check(cookies('old', mine, again)), { session: { userId: 'me' } }, 'each is tried')
  t.match(await check(cookies(mine, anothers)), { session: null }, 'two people: nobody can tell')
  t.match(await check(cookies('1', '2', '3', '4', '5', mine)), { session: null }, 'five at most')
  t.match(await check({ method: 'GET', headers: { cookie: `jwt=${mine}; x__Host-jwt=${mine}; __Host-jwt=` } }), {
    refusal: 'no_token',
  })
  t.match(await check({ method: 'GET', headers: { cookie: `a=b;\t__Host-jwt = ${mine} ` } }), {
    session: { userId: 'me' },
  })
  for (const space of ['\u00a0', '\u2003', '\ufeff', '\u000b']) {
    const tossed = { method: 'GET', headers: { cookie: `${space}__Host-jwt=${mine}` } }
    t.match(await check(tossed), { refusal: 'no_token' }, 'a name that browsers protect is that name alone')
  }
  const both = { method: 'GET', headers: { cookie: `__Host-jwt=${mine}`, authorization: 'Bearer a.b.c' } }
  t.match(await check(both), { refusal: 'invalid_token' }, 'Bearer wins')
  const none = createVerifier({ ...fakeService({}), cookie: false })
  t.match(await none.check({ method: 'GET', headers: { cookie: `jwt=${mine}` } }), { refusal: 'no_token' })
})

t.test('a cookie counts for what changes something only where a page of ours sent it', async (t) => {
  const cookie = `jwt=${await sign()}`
  const service = fakeService({})
  const own = createVerifier(service)
  const named = createVerifier({ ...service, origins: ['https://app.example', 'capacitor://localhost'] })
  const host = 'shop.example'
  const cases: [boolean, Record<string, string>, string?, typeof own?][] = [
    [true, { origin: 'https://shop.example' }],
    [true, { origin: 'https://shop.example', 'sec-fetch-site': 'same-origin' }],
    [true, { 'sec-fetch-site': 'same-origin' }],
    [true, { 'sec-fetch-site': 'none' }],
    [false, {}],
    [false, { origin: 'null' }],
    [false, { origin: 'https://evil.example' }],
    [false, { origin: 'https://shop.example.evil.example' }],
    [false, { origin: 'https://shop.example:8443' }],
    [false, { origin: 'https://a.shop.example', 'sec-fetch-site': 'same-site' }],
    [false, { 'sec-fetch-site': 'same-site' }],
    [false, { 'sec-fetch-site': 'cross-site' }],
    [false, { 'sec-fetch-site': 'a new one' }],
    [false, { origin: 'http://shop.example', 'sec-fetch-site': 'cross-site' }],
    [false, { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example', host: 'inside' }],
    [false, { origin: 'https://shop.example' }, 'PUT', named],
    [true, { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }, 'PUT', named],
    [true, { origin: 'capacitor://localhost' }, 'DELETE', named],
    [false, { origin: 'https://evil.example' }, 'delete'],
    [true, { origin: 'https://evil.example' }, 'get'],
    [true, {}, 'HEAD'],
    [true, {}, 'OPTIONS'],
    [false, { origin: 'https://evil.example', upgrade: 'websocket' }, 'GET'],
    [true, { origin: 'https://shop.example', upgrade: 'websocket' }, 'GET'],
  ]
  for (const [isGood, headers, method = 'POST', { check } = own] of cases) {
    const name = `${method} ${JSON.stringify(headers)}`
    const { refusal } = await check({ method, headers: { host, cookie, ...headers } })
    t.equal(refusal, isGood ? null : 'cross_site', name)
  }
  const unsaid = { headers: { host, cookie } }
  t.match(await own.check(unsaid), { refusal: 'cross_site' }, 'no method is taken for the worst')
  const http2 = { method: 'POST', headers: { ':authority': host, cookie, origin: 'https://shop.example' } }
  t.match(await own.check(http2), { refusal: null })
  const fetched = { method: 'POST', headers: { cookie, origin: 'https://shop.example' } }
  t.match(await own.check(new Request('https://shop.example/a', fetched)), { refusal: null })
  t.match(await own.check({ ...fetched, url: '/a' }), { refusal: 'cross_site' }, 'no host is known')
  const token = (await sign()).toString()
  const evil = { origin: 'https://evil.example', authorization: `Bearer ${token}` }
  t.match(await own.check({ method: 'POST', headers: evil }), { refusal: null }, 'no page sends a Bearer by itself')
})

t.test('keys are asked for once', async (t) => {
  const service = fakeService({})
  const tokens = await Promise.all(Array.from({ length: 20 }, () => sign()))
  await Promise.all(tokens.map((token) => verifySession(withBearer(token), { ...service })))
  for (const token of tokens) await verifySession(withBearer(token), { mode: 'jwks', ...service })
  const [{ url: asked, init } = { url: '', init: {} }] = service.asked
  t.equal(service.asked.length, 2, 'once for each set of options, however many requests')
  t.equal(asked, `${url}/.well-known/jwks.json`)
  t.equal(init.redirect, 'error')
})

t.test('keys grow old, are replaced, and serve on while nobody answers', async (t) => {
  const next = keyRing(newPrivateKey())
  const rotated = { keys: [...next.jwks.keys, ...ours.jwks.keys] }
  const lost = new Error('ECONNREFUSED')
  const service = fakeService({}, { body: rotated }, lost, lost, { body: rotated })
  let time = 0
  const keys = createKeys({ ...service, timeout: 1_000 }, () => time)
  const find = async (kid: string) => keys({ alg: 'ES256', kid }, { payload: '', signature: '' })
  const asked = () => service.asked.length
  await find(ours.kid)
  await t.rejects(find(next.kid), { code: 'ERR_JWKS_NO_MATCHING_KEY' }, 'not asked again within 30 s')
  t.equal(asked(), 1)
  time = 31_000
  await Promise.all([find(next.kid), find(next.kid)])
  t.equal(asked(), 2, 'once for all who miss it')
  time = 31_000 + 299_000
  await find(ours.kid)
  t.equal(asked(), 2)
  time = 31_000 + 301_000
  await find(ours.kid)
  await find(ours.kid)
  t.equal(asked(), 3, 'they serve on, and the service is left alone for a second')
  await t.rejects(
    find('unknown'),
    { name: 'SessionCheckError', code: 'unavailable' },
    'nobody can tell that it is none',
  )
  time = 31_000 + 3_700_000
  await t.rejects(find(ours.kid), { code: 'unavailable', statusCode: 503, retryAfter: 2 }, 'not for ever')
  t.equal(asked(), 4)
  time += 1_001
  await find(next.kid)
})

t.test('nobody can tell', async (t) => {
  const token = withBearer(await sign())
  const later = { status: 503, headers: { 'retry-after': '7' }, body: 'busy' }
  await t.rejects(verifySession(token, fakeService(later)), { code: 'unavailable', statusCode: 503, retryAfter: 7 })
  await t.rejects(verifySession(token, fakeService({ status: 429 })), { code: 'unavailable', retryAfter: 2 })
  await t.rejects(verifySession(token, { ...fakeService('never'), timeout: 20 }), { code: 'unavailable' })
  await t.rejects(verifySession(token, fakeService({ status: 404 })), { code: 'misconfigured', statusCode: 500 })
  await t.rejects(verifySession(token, fakeService({ body: '<html>' })), { code: 'misconfigured' })
  const broken = { keys: [{ ...ours.current.jwk, x: 'AA' }] }
  await t.rejects(verifySession(token, fakeService({ body: broken })), {
    code: 'misconfigured',
    message: /cannot be used/,
  })
  t.equal(await verifySession({ headers: {} }, fakeService(later)), null, 'who shows nothing costs nothing')
})

t.test('options that cannot be used', async (t) => {
  const wrong: Record<string, object> = {
    'no url': {},
    'a path': { url: '/auth' },
    'no http': { url: 'ftp://auth.example.com' },
    'no issuer': { issuer: '' },
    'no audience': { audience: '' },
    'a shared secret': { algorithm: 'HS256' },
    none: { algorithm: [] },
    'no cookie': { cookie: '' },
    'a path as origin': { origins: ['https://app.example/'] },
    'a capital origin': { origins: ['https://App.example'] },
    'no time': { timeout: 0 },
    'clocks of yesterday': { clockTolerance: 3_600 },
    'another mode': { mode: 'oauth' },
    'no secret': { mode: 'introspection' },
    'long caching': { mode: 'introspection', introspectionToken: 'x', cacheFor: 61 },
  }
  for (const [name, options] of Object.entries(wrong)) {
    const all = { ...('url' in options || name === 'no url' ? {} : { url }), ...options }
    t.throws(() => createVerifier(all as never), { name: 'SessionCheckError', code: 'misconfigured' }, name)
  }
  await t.rejects(verifySession(undefined as never, { url }), { code: 'misconfigured' })
  for (let count = 0; count < 25; count += 1) await verifySession({ headers: {} }, { url: `${url}/${count}` })
})
