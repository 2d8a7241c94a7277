// The service inside an application of one's own: what each of the two does with the other's requests, and a sign-in under the prefix.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { type FastifyInstance, fastify, type InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { createClient, memoryStorage } from '../packages/client/src/index.js'
import { withConnection } from '../src/development/postgres-query.js'
import { latchkey, openLatchkey } from '../src/embed.js'
import { createEmptyDatabase } from './database/scratch.js'
import { testSecrets } from './support/app.js'
import { createTestDatabase } from './support/database.js'
import { newEmail, newNumber } from './support/flows.js'

const prefix = '/auth-service'

/** As an application has them, with the codes in the answers. */
async function settings(overrides: Record<string, string> = {}) {
  const { url } = await createTestDatabase()
  return {
    NODE_ENV: 'test',
    DATABASE_URL: url,
    OTP_ECHO: 'true',
    CHALLENGE: 'off',
    SMS_DRIVERS: 'console',
    EMAIL_DRIVERS: 'console',
    LOG_LEVEL: 'silent',
    ...testSecrets,
    ...overrides,
  }
}

/** An application with ways of its own for everything that the service has a way for too. */
function newHost(t: Test) {
  const ran: string[] = []
  const host = fastify({ bodyLimit: 1_000_000 })
  for (const name of ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'onSend', 'onResponse'] as const) {
    host.addHook(name, async (request: { originalUrl: string }) => void ran.push(`${name} ${request.originalUrl}`))
  }
  host.addContentTypeParser('text/csv', { parseAs: 'string' }, async (_: unknown, body: string) => body.split(','))
  host.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply
      .code(error.statusCode ?? 500)
      .type('text/plain')
      .send(`host: ${error.message}`),
  )
  host.setNotFoundHandler((request, reply) => reply.code(404).type('text/html').send(`<h1>no ${request.url}</h1>`))
  host.get('/users/me', async () => ({ mine: true }))
  host.get('/auth/verify-otp', async () => 'mine too')
  host.post('/echo', async (request) => request.body as object)
  host.post('/strict', { schema: { body: { type: 'object', required: ['a'] } } }, async () => 'fine')
  t.teardown(() => host.close())
  return { host, ran }
}

async function listening(host: FastifyInstance): Promise<string> {
  await host.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(host.server.address() as AddressInfo).port}`
}

/** How many the server has open, as it sees it. */
function connectionsTo(url: string): Promise<number> {
  return withConnection(String(process.env['TEST_DATABASE_ADMIN_URL']), async (client) => {
    const { rows } = await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [
      new URL(url).pathname.slice(1),
    ])
    return rows.length
  })
}

const json = { 'content-type': 'application/json' }

t.test('what the application answers by itself stays as it was', async (t) => {
  const requests: InjectOptions[] = [
    { url: '/users/me' },
    { url: '/auth/verify-otp' },
    { url: '/nowhere' },
    { url: prefix },
    { url: '/health/live' },
    { url: '/openapi.json' },
    { url: '/%zz' },
    { method: 'OPTIONS', url: '/users/me' },
    { method: 'DELETE', url: '/users/me' },
    { method: 'POST', url: '/echo', headers: json, payload: '{"a":null,"b":' },
    { method: 'POST', url: '/echo', headers: json, payload: '{"a":null}' },
    { method: 'POST', url: '/echo', headers: json, payload: '' },
    { method: 'POST', url: '/echo', headers: json, payload: JSON.stringify({ long: 'x'.repeat(100_000) }) },
    { method: 'POST', url: '/echo', headers: { 'content-type': 'text/csv' }, payload: 'a,b' },
    { method: 'POST', url: '/echo', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'a=b' },
    { method: 'POST', url: '/strict', headers: json, payload: '{"b":1}' },
    {
      method: 'POST',
      url: '/echo',
      headers: { ...json, origin: 'https://evil.example', cookie: 'jwt=x' },
      payload: '{}',
    },
  ]
  const [alone, beside] = [newHost(t), newHost(t)]
  await beside.host.register(latchkey, { prefix, settings: await settings() })
  for (const request of requests) {
    const [before, after] = [await alone.host.inject(request), await beside.host.inject(request)]
    const [{ date: _, ...expected }, { date: __, ...found }] = [before.headers, after.headers]
    const name = `${request.method ?? 'GET'} ${request.url}`
    t.strictSame([after.statusCode, found, after.body], [before.statusCode, expected, before.body], name)
  }
  t.strictSame(beside.ran, alone.ran, 'its hooks ran as they did')
  t.notOk(
    beside.host.hasDecorator('jwt') || beside.host.hasRequestDecorator('authentication'),
    'nor is anything decorated',
  )
})

t.test('under the prefix', async (t) => {
  const { host, ran } = newHost(t)
  const lines: string[] = []
  const log = { write: (line: string) => lines.push(line) }
  const own = await settings({ LOG_LEVEL: 'info', SIGN_IN_PAGE: 'on', OTP_LENGHT: '8' })
  await host.register(latchkey, { prefix, settings: own, log, bodyTimeout: 100 })
  const origin = await listening(host)
  const base = origin + prefix
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(base + path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })

  t.test('a person signs up, is known, refreshes and signs out by cookies', async (t) => {
    const mobile_number = newNumber()
    const { otp } = (await (await post('/api/auth/send-otp', { mobile_number })).json()) as { otp: string }
    const verified = await post('/api/auth/verify-otp', { mobile_number, otp })
    const [ticket = ''] = verified.headers.getSetCookie()
    t.match(ticket, /^signup=[^;]+;.* Path=\/auth-service\/api\/auth;.* HttpOnly;.* SameSite=Strict/)
    const place = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'MH', pincode: '411001' }
    const form = { mobile_number, user_name: 'Asha', ...place }
    const cookieOf = (line = '') => line.slice(0, line.indexOf(';'))
    const signup = await post('/api/auth/signup', form, { cookie: cookieOf(ticket), origin })
    t.equal(signup.status, 201)
    const lines = signup.headers.getSetCookie()
    t.ok(
      lines.some((line) => /^signup=; Max-Age=0; Path=\/auth-service\/api\/auth/.test(line)),
      'the ticket is cleared where it was set',
    )
    const session = lines.find((line) => line.startsWith('jwt='))
    t.match(session, /; Path=\/;/, 'the application’s own routes see it')
    const cookie = cookieOf(session)

    const me = await fetch(`${base}/api/auth/me`, { headers: { cookie } })
    t.match(await me.json(), { data: { user_name: 'Asha', addresses: [{ city: 'Pune' }] } })
    const evil = await post('/api/auth/refresh', {}, { cookie, origin: 'https://evil.example' })
    t.match(await evil.json(), { code: 'cross_site' })
    t.equal((await post('/api/auth/refresh', {}, { cookie, origin })).status, 200)
    t.equal((await post('/api/auth/logout', {}, { cookie, origin })).status, 200)
    t.equal((await fetch(`${base}/api/auth/me`, { headers: { cookie } })).status, 401)
  })

  t.test('and by Bearer, with the client', async (t) => {
    const client = createClient({ baseUrl: base, storage: memoryStorage() })
    const email = newEmail()
    const { otp = '' } = await client.identifier.requestOtp({ email })
    await client.identifier.verifyOtp({ email, otp })
    t.equal(await client.refresh(), true)
    t.equal((await client.me()).email, email)
    const token = String(await client.token())
    await client.logout()
    t.equal((await fetch(`${base}/users/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401)
  })

  t.test('all errors are the service’s', async (t) => {
    const expected: [string, RequestInit, number][] = [
      ['/nowhere', {}, 404],
      ['/', {}, 404],
      ['/api/auth/send-otp', { method: 'GET' }, 405],
      ['/api/auth/send-otp', { method: 'POST', headers: json, body: '{' }, 400],
      ['/api/auth/send-otp', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' }, 415],
      ['/api/auth/send-otp', { method: 'POST', headers: json, body: `"${'x'.repeat(20_000)}"` }, 413],
    ]
    for (const [path, init, status] of expected) {
      const answer = await fetch(base + path, init)
      t.match(
        await answer.json(),
        { status, success: false, type: /^urn:latchkey:/ },
        `${init.method ?? 'GET'} ${path}`,
      )
      t.match(answer.headers.get('content-type'), 'application/problem+json')
    }
    t.match(
      await (await fetch(`${origin}/auth%2Dservice/health/live`)).json(),
      { code: 'not_found' },
      'another spelling is none',
    )
  })

  t.test('what surrounds the API names the prefix', async (t) => {
    t.equal((await fetch(`${base}/health/ready`)).status, 200)
    const api = (await (await fetch(`${base}/openapi.json`)).json()) as { servers: object; paths: object }
    t.match(api.servers, [{ url: prefix }])
    t.ok('/auth/verify-otp' in api.paths)
    const page = await (await fetch(`${base}/docs`)).text()
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    t.ok(links.length >= 6)
    for (const link of links) t.equal((await fetch(origin + link)).status, 200, link)
    const signIn = `${base}/sign-in`
    const document = await (await fetch(signIn)).text()
    const parts = [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => new URL(path, signIn).href)
    t.ok(parts.length >= 4)
    for (const part of parts) t.equal((await fetch(part)).status, 200, part)
    t.match(await (await fetch(`${base}/docs/static/swagger-initializer.js`)).text(), `url: '${prefix}/openapi.json'`)
  })

  t.test('a body that does not come is given up, whatever the application waits for', async (t) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.setEncoding('utf8')
    socket.write(
      `POST ${prefix}/auth/request-otp HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
    )
    let answer = ''
    for await (const chunk of socket) answer += chunk
    t.match(answer, /^HTTP\/1\.1 408 [\s\S]*connection: close[\s\S]*"code":"request_timeout"/i)
    const slow = await fetch(`${base}/health/ready`)
    await sleep(150)
    t.equal(slow.status, 200, 'what has no body has no time for one')
  })

  t.test('of the application’s hooks those before and after run, and no other', async (t) => {
    ran.length = 0
    await post('/auth/request-otp', { email: newEmail() })
    const url = `${prefix}/auth/request-otp`
    while (ran.length < 2) await new Promise(setImmediate)
    t.strictSame(ran, [`onRequest ${url}`, `onResponse ${url}`])
    t.match(lines.join(''), /OTP_LENGHT/, 'a typo in a setting is told')
    t.match(lines.join(''), /"route":"\/auth\/request-otp","status":200/, 'the service has its own log')
    t.match(lines.join(''), /one-time code|Code|code/, 'and its driver `console` writes there')
  })

  t.test('it ends with the application', async (t) => {
    const connections = () => connectionsTo(own.DATABASE_URL)
    t.ok((await connections()) > 0)
    await host.close()
    while ((await connections()) > 0) await sleep(10)
    t.notOk(host.server.listening)
  })
})

t.test('inside Express, which takes the prefix off by itself', async (t) => {
  const lines: string[] = []
  const own = await settings({ DATABASE_URL: await createEmptyDatabase(t), MIGRATE_ON_BOOT: 'true', LOG_LEVEL: 'info' })
  const open = () => openLatchkey({ prefix, settings: own, log: { write: (line) => lines.push(line) } })
  const service = await open()
  t.match(lines.join(''), /"applied":\[.*"database migrated"/)
  t.teardown(() => service.close())
  const app = express()
  app.use(prefix, (request, response) => service.handle(request, response))
  // A prefix may be what routes begin with.
  const [auth, api] = await Promise.all(
    ['/auth', '/api'].map(async (prefix) => {
      const named = await openLatchkey({ prefix, settings: own, log: { write: () => {} } })
      t.teardown(() => named.close())
      app.use(prefix, (request, response) => named.handle(request, response))
      return prefix
    }),
  )
  app.use(express.json())
  app.post('/echo', (request, response) => void response.json(request.body))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createClient({ baseUrl: origin + prefix, storage: memoryStorage() })
  const email = newEmail()
  const { otp = '' } = await client.identifier.requestOtp({ email })
  t.match(await client.identifier.verifyOtp({ email, otp }), { user: { email }, isNewUser: true })
  const echo = await fetch(`${origin}/echo`, { method: 'POST', headers: json, body: '{"a":1}' })
  t.strictSame(await echo.json(), { a: 1 })
  t.equal((await fetch(`${origin}${prefix}/health/ready`)).status, 200)
  app.post('/parsed/{*path}', (request, response) => service.handle(request, response))
  app.use(((error, _request, response, _next) => {
    response.status(500).send(error.message)
  }) satisfies express.ErrorRequestHandler)
  const parsed = await fetch(`${origin}/parsed/auth/request-otp`, { method: 'POST', headers: json, body: '{"a":1}' })
  t.match(await parsed.text(), /mount the service before any parser/)
  t.equal((await fetch(`${origin}${prefix}${prefix}/health/ready`)).status, 404, 'once, and no second time')
  t.match(await (await fetch(`${origin}${auth}/auth/phone-prefixes`)).json(), [{ prefix: '+91' }])
  const body = JSON.stringify({ mobile_number: newNumber(), mode: 'login' })
  const unknown = await fetch(`${origin}${api}/api/auth/send-otp`, { method: 'POST', headers: json, body })
  t.match(await unknown.json(), { code: 'account_not_found' })
  const count = lines.length
  const second = await open()
  await second.close()
  t.notMatch(lines.slice(count).join(''), 'database migrated', 'once')
  service.drain()
  t.match(await (await fetch(`${origin}${prefix}/health/ready`)).json(), { errors: ['The service is stopping'] })
})

t.test('what cannot be mounted says why, and leaves nothing open', async (t) => {
  for (const wrong of ['', '/', 'auth', '/auth/', '/a b', '/:id'])
    await t.rejects(
      openLatchkey({ prefix: wrong, settings: {} }),
      { message: /a path such as \/auth-service/ },
      `"${wrong}"`,
    )
  const bare = fastify()
  bare.register(latchkey, { settings: {} })
  await t.rejects(async () => bare.ready(), { message: /a path such as/ })
  const host = fastify()
  host.register(latchkey, { prefix, settings: { NODE_ENV: 'test' } })
  await t.rejects(async () => host.ready(), { name: 'ConfigError', message: /JWT_PRIVATE_KEY is required/ })

  const own = await settings()
  const name = new URL(own.DATABASE_URL).pathname.slice(1)
  await withConnection(own.DATABASE_URL, (client) =>
    client.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`),
  )
  const refused = fastify()
  refused.register(latchkey, { prefix, settings: own })
  await t.rejects(async () => refused.ready(), {
    name: 'ConfigError',
    message: /^DATABASE_URL: default_transaction_read_only/,
  })
  // Long before an idle connection would be given up.
  const deadline = Date.now() + 3_000
  while ((await connectionsTo(own.DATABASE_URL)) > 0 && Date.now() < deadline) await sleep(10)
  t.equal(await connectionsTo(own.DATABASE_URL), 0)
})
