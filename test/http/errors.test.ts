// Every error has the one shape and the standard headers, also what fails before a route is found, and hostile bodies are refused.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { type ErrorCode, errorCatalogue, problemBody } from '../../src/errors.js'
import { clientAddressOf } from '../../src/http/client.js'
import { handleClientError } from '../../src/http/error-answers.js'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'

type Shaped = Pick<Answer, 'status' | 'body' | 'headers'>

function hasTheShape(t: Test, { status, body, headers }: Shaped, code: ErrorCode, message: string = code) {
  const { status: expected, title } = errorCatalogue[code]
  t.equal(status, expected, message)
  t.match(
    body,
    { type: `urn:latchkey:error:${code}`, title, status: expected, detail: String, code, success: false },
    message,
  )
  t.ok(Array.isArray(body?.errors) && body.errors.length > 0, 'lines for people')
  t.notOk('instance' in body || 'request_id' in body, 'the request id is in the header alone')
  t.match(headers['content-type'], /^application\/problem\+json/)
  t.match(headers, {
    'x-request-id': /^[0-9a-f-]{36}$/,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': String,
  })
}

/** Sends bytes as they are to a listening service and reads the answer. */
async function raw(service: TestApp, bytes: string): Promise<Shaped> {
  const { port } = service.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.end(bytes)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.toLowerCase().split(': ', 2)))
  return { status: Number(statusLine.split(' ')[1]), body: JSON.parse(body || 'null'), headers }
}

t.test('every code of the catalogue makes a body of the shape', async (t) => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    t.strictSame(
      Object.keys(problemBody(code)),
      ['type', 'title', 'status', 'detail', 'code', 'success', 'errors'],
      code,
    )
  }
  t.match(problemBody('account_not_found', { needsSignup: true }), { needs_signup: true })
  t.match(problemBody('rate_limited', { retryAfter: 7 }), { retry_after: 7 })
})

t.test('unknown routes and methods', async (t) => {
  const service = await startApp(t, { answersAllMethods: true })
  hasTheShape(t, await service.get('/nowhere'), 'not_found')
  hasTheShape(t, await service.post('/nowhere', { any: 'thing' }), 'not_found')
  for (const [payload, type] of [
    ['{broken', 'application/json'],
    ['x'.repeat(20_000), 'application/json'],
    ['a=b', 'text/plain'],
  ] as const) {
    const headers = { 'content-type': type }
    hasTheShape(t, await service.post('/nowhere', undefined, { payload, headers }), 'not_found', 'whatever the body')
  }
  for (const [method, url, allow] of [
    ['GET', '/api/auth/send-otp', 'POST'],
    ['DELETE', '/auth/verify-otp', 'POST'],
    ['OPTIONS', '/auth/verify-otp', 'POST'],
    ['POST', '/api/auth/me', 'GET, HEAD'],
    ['PUT', '/health/ready', 'GET, HEAD'],
    ['TRACE', '/health/ready', 'GET, HEAD'],
    ['PROPFIND', '/auth/verify-otp', 'POST'],
    ['QUERY', '/api/auth/logout', 'POST'],
  ] as const) {
    const answer = await service.get(url, {
      method: method as 'GET',
      payload: 'not even JSON',
      headers: { 'content-type': 'text/plain' },
    })
    hasTheShape(t, answer, 'method_not_allowed', `${method} ${url}`)
    t.equal(answer.headers['allow'], allow)
  }
  hasTheShape(t, await service.get('/nowhere', { method: 'PROPFIND' as 'GET' }), 'not_found')
  hasTheShape(t, await service.get('/%ff'), 'validation_failed')
})

t.test('what Node cannot read as HTTP', async (t) => {
  const service = await startApp(t)
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  hasTheShape(t, await raw(service, 'NONSENSE\r\n\r\n'), 'validation_failed')
  const big = `GET /health/live HTTP/1.1\r\nhost: x\r\ncookie: jwt=${'x'.repeat(20_000)}\r\n\r\n`
  hasTheShape(t, await raw(service, big), 'headers_too_large')
  const hostless = 'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n'
  hasTheShape(t, await raw(service, hostless), 'validation_failed')
  for (const names of ['host: a\r\nhost: b', 'host: a\r\nhost: a', 'Host: a\r\nx: y\r\nHOST:']) {
    const answer = await raw(service, `GET /health/live HTTP/1.1\r\n${names}\r\nconnection: close\r\n\r\n`)
    hasTheShape(t, answer, 'validation_failed', names)
    t.strictSame(answer.body.errors, ['One Host header is required'])
  }
  const request = 'POST /auth/request-otp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n'
  hasTheShape(t, await raw(service, `${request}expect: miracles\r\n\r\n{}`), 'expectation_failed')
  const both =
    'POST /auth/request-otp HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
  hasTheShape(t, await raw(service, both), 'validation_failed')
})

t.test('bodies that are no JSON in UTF-8', async (t) => {
  const service = await startApp(t)
  const send = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    service.post('/auth/request-otp', undefined, {
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    })
  const email = (inside: string | Buffer) =>
    Buffer.concat([Buffer.from('{"email":"'), Buffer.from(inside), Buffer.from('"}')])

  for (const [name, payload] of Object.entries({
    'cut off': '{"email":',
    'a BOM': '\ufeff{"email":"a@example.com"}',
    'a byte that is no UTF-8': email(Buffer.from([0x61, 0xff])),
    'an encoded surrogate': email(Buffer.from([0xed, 0xa0, 0x80])),
    'a lone surrogate': email('\\ud800'),
    'a NUL': email('\\u0000'),
    'a NUL in a name': '{"a\\u0000":1}',
    'a prototype': '{"__proto__":{"email":"a@example.com"}}',
    'a constructor': '{"constructor":{"prototype":{"x":1}}}',
    'an array': '["a@example.com"]',
    'a text': '"a@example.com"',
    null: 'null',
    nothing: '',
    deep: `${'['.repeat(8000)}${']'.repeat(8000)}`,
    'deep objects': `${'{"a":'.repeat(2500)}1${'}'.repeat(2500)}`,
  })) {
    hasTheShape(t, await send(payload), 'validation_failed', name)
  }
  hasTheShape(t, await send(JSON.stringify({ email: 'x'.repeat(20_000) })), 'payload_too_large')
  for (const headers of [
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'application/json; charset="iso-8859-1"' },
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    { 'content-type': 'application/jsonx' },
  ]) {
    hasTheShape(t, await send('{"email":"a@example.com"}', headers), 'unsupported_media_type', JSON.stringify(headers))
  }
  for (const type of ['application/json; charset=UTF-8', 'Application/JSON', 'application/json;charset="utf-8"']) {
    const answer = await send('{"email":"nobody"}', { 'content-type': type })
    t.strictSame(answer.body.errors, ['email must be a valid email address'], `${type} is read`)
  }
  t.equal(await service.database.otp.count(), 0, 'nothing was stored')
})

t.test('nothing is coerced and no field is stripped', async (t) => {
  const service = await startApp(t)
  for (const [payload, line] of [
    [{ email: 12 }, 'email must be a string'],
    [{ email: ['a@example.com'] }, 'email must be a string'],
    [{ email: { not: 'x' } }, 'email must be a string'],
    [{ email: 'a@example.com', role: 'ADMIN' }, 'role is not a known field'],
    [{ phonePrefix: '+91', phone: 9876543210 }, 'phone must be a string'],
  ] as const) {
    t.strictSame((await service.post('/auth/request-otp', payload)).body.errors, [line])
  }
  const code = { email: 'a@example.com', otp: 123456 }
  const line = 'otp must be 6 digits in a JSON string: a number would lose the zeros that it begins with'
  t.strictSame((await service.post('/auth/verify-otp', code)).body.errors, [line])
  const mode = await service.post('/api/auth/send-otp', { mobile_number: '9876543210', mode: 'other' })
  t.strictSame(mode.body.errors, ['mode must be one of login, signup'])
})

t.test('a database that cannot be asked is 503, and the service recovers by itself', async (t) => {
  const service = await startApp(t)
  const url = new URL(service.config.database.url)
  const name = url.pathname.slice(1)
  const { withConnection, urlOfDatabase } = await import('../../src/development/postgres-query.js')
  const admin = (sql: string) =>
    withConnection(urlOfDatabase(url.href, 'postgres'), async (client) => void (await client.query(sql)))

  await admin(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`)
  await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  for (const answer of [
    await service.post('/auth/request-otp', { email: 'a@example.com' }),
    await service.post('/auth/verify-otp', { email: 'a@example.com', otp: '123456' }),
    await service.get('/health/ready'),
  ]) {
    hasTheShape(t, answer, 'service_unavailable')
    t.match(answer.headers['retry-after'], /^\d+$/)
  }
  t.equal((await service.get('/health/live')).status, 200, 'alive all the same')
  await admin(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`)
  t.equal((await service.get('/health/ready')).status, 200)
})

t.test('a database that takes connections and never speaks is 503, soon', async (t) => {
  const hole = createTcpServer(() => {})
  hole.listen(0, '127.0.0.1')
  await once(hole, 'listening')
  t.teardown(() => hole.close())
  const { port } = hole.address() as AddressInfo
  const service = await startApp(t, { databaseUrl: `postgresql://nobody@127.0.0.1:${port}/nothing` })
  const answer = await service.post('/auth/request-otp', { email: 'a@example.com' })
  hasTheShape(t, answer, 'service_unavailable')
  t.match(answer.headers['retry-after'], /^[1-9]/)
})

t.test('nobody is answered who has gone', async (t) => {
  for (const gone of [
    { code: 'ECONNRESET', writable: true },
    { code: 'HPE_INVALID_METHOD', writable: false },
  ]) {
    const socket = new PassThrough()
    if (!gone.writable) socket.end()
    handleClientError(Object.assign(new Error('gone'), { code: gone.code }), socket as unknown as Socket)
    t.ok(socket.destroyed)
    t.equal(socket.read(), null)
  }
  const answered = Object.assign(new PassThrough(), { _httpMessage: {} })
  handleClientError(new Error('garbage behind a request'), answered as unknown as Socket)
  t.ok(answered.destroyed, 'our answer would pass for that of the request before')
})

t.test('the address of a client is what the nearest trusted proxy says, and nothing a client writes', async (t) => {
  const lines: string[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(line) })
  const addressFor = async (trustProxy: string[], remoteAddress: string, forwarded: string) => {
    const app = createServer({ logger, trustProxy })
    app.get('/address', async (request) => clientAddressOf(request).block)
    const headers = { 'x-forwarded-for': forwarded }
    const { body } = await app.inject({ url: '/address', remoteAddress, headers })
    await app.close()
    return body
  }
  t.equal(await addressFor([], '203.0.113.9', '198.51.100.1'), '203.0.113.9', 'no proxy is trusted unless named')
  t.equal(await addressFor(['127.0.0.1'], '203.0.113.9', '198.51.100.1'), '203.0.113.9', 'a client that is no proxy')
  t.equal(await addressFor(['127.0.0.1'], '127.0.0.1', '6.6.6.6, 198.51.100.1'), '198.51.100.1', 'the right-most one')
  const chain = '6.6.6.6, 198.51.100.1, 10.0.0.7'
  t.equal(await addressFor(['127.0.0.1', '10.0.0.0/8'], '127.0.0.1', chain), '198.51.100.1', 'through two of our own')
})

t.test("whatever a handler throws is the client's fault only where it is known to be", async (t) => {
  const lines: string[] = []
  const app = createServer({ logger: createLogger('info', { write: (line) => void lines.push(line) }), trustProxy: [] })
  const thrown: Record<string, [unknown, ErrorCode]> = {
    '/long': [{ statusCode: 414 }, 'not_found'],
    '/theirs': [Object.assign(new Error('secret detail'), { statusCode: 418 }), 'validation_failed'],
    '/ours': [Object.assign(new Error('secret detail'), { statusCode: 507 }), 'internal_error'],
    '/error': [new Error('secret detail'), 'internal_error'],
    '/text': ['secret detail', 'internal_error'],
    '/nothing': [null, 'internal_error'],
    '/away': [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'service_unavailable'],
    '/hung-up': [Object.assign(new Error('aborted'), { code: 'ECONNRESET' }), 'request_timeout'],
    '/inside': [new Error('outer', { cause: { kind: 'DatabaseNotReachable' } }), 'service_unavailable'],
  }
  for (const [url, [error]] of Object.entries(thrown)) app.get(url, () => Promise.reject(error))
  t.teardown(() => app.close())
  for (const [url, [, code]] of Object.entries(thrown)) {
    const answer = await app.inject(url)
    hasTheShape(t, { status: answer.statusCode, body: answer.json(), headers: answer.headers }, code, url)
    t.notMatch(answer.body, /secret/)
  }
  t.match(lines.join(''), /secret detail/, 'the log has it')
})
