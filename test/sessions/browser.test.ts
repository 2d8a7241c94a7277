// What pages of other sites can and cannot do with a browser that is signed in: the same-origin rule and CORS.

import { randomUUID } from 'node:crypto'
import fastifyCookie from '@fastify/cookie'
import t, { type Test } from 'tap'
import { isCrossSite, useCsrfProtection } from '../../src/http/csrf.js'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'
import { operations } from '../support/document.js'

const email = 'asha@example.com'
const mobile_number = '9876543210'
const evil = 'https://evil.example'
const shop = 'https://shop.example.com'
const ours = 'https://login.example.com'
const foreign: Record<string, Record<string, string>> = {
  'Sec-Fetch-Site alone': { 'sec-fetch-site': 'cross-site' },
  'Origin alone': { origin: evil },
  both: { origin: evil, 'sec-fetch-site': 'cross-site' },
  'our Origin, which a cross-site request cannot have': { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' },
  'a neighbour': { origin: 'http://evil.localhost', 'sec-fetch-site': 'same-site' },
  'another port': { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-site' },
  'a page without origin': { origin: 'null' },
  'an empty Origin': { origin: '' },
  'two Origins': { origin: `http://localhost, ${evil}` },
  'our name in front': { origin: 'http://localhost.evil.example' },
  'a forwarded host that agrees': { origin: evil, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
}
const settersOfCookies = [
  '/api/auth/verify-otp',
  '/api/auth/signup',
  '/api/auth/logout',
  '/api/auth/refresh',
  '/auth/verify-otp',
]

async function signIn(service: TestApp): Promise<string> {
  await service.database.$executeRaw`DELETE FROM otps`
  await service.post('/auth/request-otp', { email })
  const { body } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  return body.token
}

/** By which the routes of passkeys are there. */
const withPasskeys = { PASSKEY_RP_ID: 'login.example.com', PASSKEY_ORIGINS: ours }

/** What only some settings turn on. */
const isOffHere = /introspect|webhooks/

/** Each documented call that may change something, with the method. */
const unsafeCalls = operations
  .filter(({ method, path }) => method !== 'GET' && !isOffHere.test(path))
  .map(({ method, path }) => [method as 'POST' | 'PATCH' | 'DELETE', path] as const)

function isRefused(t: Test, answer: Answer, message: string) {
  t.match(answer, { status: 403, body: { code: 'cross_site' } }, message)
  t.equal(answer.headers['set-cookie'], undefined, `${message}: no cookie`)
}

t.test('a page of another site cannot use our cookies, on any call, with or without a body', async (t) => {
  const service = await startApp(t, { settings: withPasskeys })
  const token = await signIn(service)
  const calls = unsafeCalls
  t.ok(calls.length >= 7)
  for (const [method, url] of calls) {
    for (const cookie of [`jwt=${token}`, 'signup=ticket', 'device=something', 'other=1; jwt=junk']) {
      for (const [name, headers] of Object.entries(foreign)) {
        const message = `${method} ${url}, ${name}`
        isRefused(t, await service.get(url, { method, headers: { ...headers, cookie } }), message)
      }
    }
    const unread = {
      method,
      payload: '{"cut off',
      headers: { origin: evil, cookie: 'jwt=x', 'content-type': 'application/json' },
    }
    isRefused(t, await service.get(url, unread), `${url} before the body is read`)
  }
  t.equal(await service.database.session.count(), 1, 'nobody was signed out')
  t.equal((await service.get('/api/auth/me', { headers: { cookie: `jwt=${token}`, ...foreign['both'] } })).status, 200)
})

t.test('a page of another site cannot sign anybody in or out, also without cookies', async (t) => {
  const service = await startApp(t, { settings: withPasskeys })
  await service.post('/auth/request-otp', { email })
  await service.post('/api/auth/send-otp', { mobile_number })
  const [otp, mobileOtp] = [service.lastCode(email), service.lastCode(`+91${mobile_number}`)]
  for (const [name, headers] of Object.entries(foreign)) {
    isRefused(t, await service.post('/auth/verify-otp', { email, otp }, { headers }), name)
    isRefused(t, await service.post('/api/auth/verify-otp', { mobile_number, otp: mobileOtp }, { headers }), name)
    for (const url of settersOfCookies) isRefused(t, await service.post(url, undefined, { headers }), `${url}, ${name}`)
  }
  t.equal(await service.database.session.count(), 0)
  t.equal((await service.post('/auth/verify-otp', { email, otp })).status, 200, 'no guess was spent')
})

t.test('who is ours, who is no browser and who has only a Bearer token is let through', async (t) => {
  const service = await startApp(t, { settings: withPasskeys })
  const cookie = `jwt=${await signIn(service)}`
  const refresh = async (headers: Record<string, string>) =>
    (await service.post('/api/auth/refresh', undefined, { headers: { cookie, ...headers } })).status
  t.equal(await refresh({}), 200, 'no browser')
  t.equal(await refresh({ origin: 'http://localhost', host: 'localhost' }), 200)
  t.equal(await refresh({ origin: 'http://localhost:80', host: 'localhost' }), 403, 'no browser writes this port')
  t.equal(await refresh({ origin: 'https://login.example.com', host: 'login.example.com' }), 200, 'behind TLS')
  t.equal(
    await refresh({ origin: 'http://localhost:3000', host: 'localhost:3000', 'sec-fetch-site': 'same-origin' }),
    200,
  )
  t.equal(await refresh({ 'sec-fetch-site': 'none' }), 200)

  const headers = { ...foreign['both'], authorization: cookie.replace('jwt=', 'Bearer ') }
  t.equal((await service.post('/auth/request-otp', { email: 'new@example.com' }, { headers })).status, 200)
  t.equal((await service.get('/api/auth/me', { headers })).status, 200)
  t.equal((await service.post('/api/auth/refresh', undefined, { headers })).status, 200, 'no page can send that header')
  const both = await service.post('/api/auth/refresh', undefined, { headers: { ...headers, cookie } })
  isRefused(t, both, 'a cookie came along')
})

t.test('with PUBLIC_URL nothing but that origin is ours', async (t) => {
  const host = 'internal:3000'
  const policy = { publicOrigin: ours, allowedOrigins: [shop] }
  const source = { origin: undefined, fetchSite: undefined, host }
  t.equal(isCrossSite({ ...source, origin: ours }, policy), false, 'whatever the proxy makes of Host')
  t.equal(isCrossSite({ ...source, origin: `http://${host}` }, policy), true)
  t.equal(isCrossSite({ ...source, origin: ours.replace('https', 'http') }, policy), true)
  t.equal(isCrossSite({ ...source, origin: shop, fetchSite: 'cross-site' }, policy), false)
  const unknown = { ...policy, publicOrigin: undefined }
  t.equal(isCrossSite({ ...source, origin: ours, host: undefined }, unknown), true, 'HTTP/1.0 without Host')
  t.equal(isCrossSite({ ...source, origin: 'https://undefined', host: undefined }, unknown), true)
  t.equal(isCrossSite({ ...source, origin: 'capacitor://internal:3000' }, unknown), true)
  t.equal(
    isCrossSite({ ...source, origin: ours, host: 'login.example.com:443' }, unknown),
    false,
    'a proxy that adds the port',
  )

  const service = await startApp(t, { settings: { ...withPasskeys, PUBLIC_URL: ours } })
  isRefused(
    t,
    await service.post('/api/auth/logout', undefined, { headers: { origin: 'http://localhost' } }),
    'not ours',
  )
  t.equal((await service.post('/api/auth/logout', undefined, { headers: { origin: ours } })).status, 200)
})

t.test('forms of any kind are refused by every call', async (t) => {
  const service = await startApp(t, { settings: withPasskeys })
  const cookie = `jwt=${await signIn(service)}`
  // An admin gets as far as the body on every route.
  await service.database.user.updateMany({ data: { role: 'ADMIN' } })
  for (const [method, path] of unsafeCalls) {
    const url = path.replace('/users/{id}', '/users/me').replace(/\{\w+\}/g, randomUUID())
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const form = (headers: object) =>
        service.get(url, {
          method,
          payload: `{"email":"${email}"}`,
          headers: { cookie, 'content-type': type, ...headers },
        })
      t.equal((await form({})).status, 415, `${url} ${type}`)
      isRefused(t, await form({ origin: evil }), `${url} ${type}`)
    }
  }
})

t.test('logging out works without a body, with an empty one, twice, and with a token that is none', async (t) => {
  const service = await startApp(t, { settings: withPasskeys })
  const token = await signIn(service)
  const json = { 'content-type': 'application/json' }
  for (const headers of [
    { ...json, cookie: `jwt=${token}` },
    { cookie: `jwt=${token}` },
    json,
    {},
    { cookie: 'jwt=junk' },
  ]) {
    const answer = await service.post('/api/auth/logout', undefined, { headers })
    t.match(answer, { status: 200, cookies: [{ name: 'jwt', value: '' }], headers: { 'cache-control': 'no-store' } })
  }
})

t.test('no answer about a person is kept by a cache', async (t) => {
  const service = await startApp(t, { settings: { ...withPasskeys, CORS_ORIGINS: shop } })
  const cookie = `jwt=${await signIn(service)}`
  const calls = [...unsafeCalls, ['GET', '/api/auth/me'] as const]
  for (const [method, url] of calls) {
    for (const headers of [{}, { cookie }, { cookie, origin: evil }, { cookie, origin: shop }]) {
      t.equal((await service.get(url, { method, headers })).headers['cache-control'], 'no-store', url)
    }
  }
})

t.test('a route that sets cookies and does not say so fails at once', async (t) => {
  const lines: string[] = []
  const app = createServer({ logger: createLogger('info', { write: (line) => void lines.push(line) }), trustProxy: [] })
  t.teardown(() => app.close())
  await app.register(fastifyCookie)
  useCsrfProtection(app, { publicOrigin: undefined, allowedOrigins: [] }, ['jwt'])
  for (const [url, config] of [
    ['/forgotten', {}],
    ['/said', { setsCookies: true }],
  ] as const) {
    app.post(url, { config }, async (_request, reply) => reply.setCookie('jwt', 'token').send({}))
  }
  const ask = async (url: string, cookie: string) => {
    const { statusCode, headers } = await app.inject({ method: 'POST', url, headers: { cookie } })
    return [statusCode, headers['set-cookie'] !== undefined]
  }
  t.strictSame(await ask('/forgotten', 'other=1'), [500, false])
  t.match(lines.join(''), /POST \/forgotten sets a cookie/)
  t.strictSame(await ask('/forgotten', 'jwt=x'), [200, true], 'held to the rule because of the cookie')
  t.strictSame(await ask('/said', 'other=1'), [200, true])
})

const corsHeaders = (answer: Answer) =>
  Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-')))
const preflight = (origin: string, method = 'POST') => ({
  method: 'OPTIONS' as const,
  headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type' },
})

t.test('listed sites may call with cookies, and read errors too', async (t) => {
  const service = await startApp(t, { settings: { ...withPasskeys, CORS_ORIGINS: `https://other.example,${shop}` } })
  const cookie = `jwt=${await signIn(service)}`
  const readable = {
    'access-control-allow-origin': shop,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-request-id, retry-after',
  }
  const headers = { origin: shop, 'sec-fetch-site': 'cross-site' }
  for (const [status, ask] of [
    [200, () => service.get('/api/auth/me', { headers: { ...headers, cookie } })],
    [401, () => service.get('/api/auth/me', { headers })],
    [400, () => service.post('/auth/request-otp', {}, { headers })],
    [200, () => service.post('/auth/request-otp', { email }, { headers })],
    [429, () => service.post('/auth/request-otp', { email }, { headers })],
    [404, () => service.get('/nowhere', { headers })],
    [405, () => service.get('/api/auth/logout', { headers })],
    [405, () => service.get('/api/auth/logout', { method: 'OPTIONS', headers })],
    [200, () => service.post('/api/auth/logout', undefined, { headers: { ...headers, cookie } })],
  ] as const) {
    const answer = await ask()
    t.equal(answer.status, status)
    t.strictSame(corsHeaders(answer), readable, `${status}`)
    t.match(answer.headers['vary'], /\bOrigin\b/i)
  }
  const allowed = await service.get('/api/auth/logout', preflight(shop))
  t.equal(allowed.status, 204)
  t.equal(allowed.text, '')
  t.strictSame(corsHeaders(allowed), {
    ...readable,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '7200',
  })
})

t.test('other sites may read nothing', async (t) => {
  for (const CORS_ORIGINS of ['', shop]) {
    const service = await startApp(t, { settings: { ...withPasskeys, CORS_ORIGINS } })
    for (const origin of [
      evil,
      'null',
      shop.toUpperCase(),
      `${shop}.evil.example`,
      shop.replace('https', 'http'),
      `${shop}:444`,
    ]) {
      for (const answer of [
        await service.get('/health/live', { headers: { origin } }),
        await service.post('/auth/request-otp', {}, { headers: { origin } }),
        await service.get('/nowhere', { headers: { origin } }),
      ]) {
        t.strictSame(corsHeaders(answer), {}, origin)
        t.match(answer.headers['vary'], /\bOrigin\b/i)
      }
      const answer = await service.get('/auth/request-otp', preflight(origin))
      t.match(answer, { status: 405, body: { code: 'method_not_allowed' }, headers: { allow: 'POST' } })
      t.strictSame(corsHeaders(answer), {}, origin)
      t.equal((await service.get('/nowhere', preflight(origin))).status, 404)
    }
  }
})

t.test('any site may try things out in development, without cookies', async (t) => {
  const service = await startApp(t, { settings: { ...withPasskeys, CORS_ORIGINS: `*,${shop}` } })
  const answer = await service.get('/health/live', { headers: { origin: evil } })
  t.strictSame(corsHeaders(answer), {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'x-request-id, retry-after',
  })
  t.equal((await service.get('/auth/request-otp', preflight(evil))).status, 204)
  isRefused(t, await service.post('/api/auth/logout', undefined, { headers: { origin: evil } }), 'no cookies')
  const listed = await service.get('/health/live', { headers: { origin: shop } })
  t.match(corsHeaders(listed), { 'access-control-allow-origin': shop, 'access-control-allow-credentials': 'true' })
})
