// What is in the spans of a request, to which trace they belong, and what is in none of them.
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-node'
import t from 'tap'
import { createBatches } from '../../src/database/batches.js'
import { createWebhookSender } from '../../src/messaging/drivers/webhook.js'
import type { Sender } from '../../src/messaging/sender.js'
import { inSpan } from '../../src/tracing/tracer.js'
import { startApp, type TestApp, wrongCode } from '../support/app.js'
import { startGateway } from '../support/gateway.js'
import { keepSpans, type Seen } from '../support/spans.js'

const theirs = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const traceparent = `00-${theirs.traceId}-${theirs.spanId}-01`
const stranger = { traceparent, tracestate: 'vendor=opaque', baggage: 'user=asha@example.com' }
const to = (last: number) => ({ phonePrefix: '+91', phone: `98765432${10 + last}` })

const linesOf = (service: TestApp) =>
  service
    .logged()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const named = (spans: readonly Seen[], name: string) => spans.filter((span) => span.name === name)
const parentOf = (spans: readonly Seen[], { parentSpanId }: Seen) => spans.find(({ spanId }) => spanId === parentSpanId)

/** A span is kept when its request is over, which is after the answer. */
async function until(isThere: () => boolean) {
  while (!isThere()) await setTimeout(5)
}

async function requestOf(kept: { spans: () => Seen[] }, count = 1) {
  const servers = () => kept.spans().filter(({ kind }) => kind === 2)
  await until(() => servers().length >= count)
  return servers()
}

t.test('a send is one trace: its wait, its batch, the call, the delivery', async (t) => {
  const kept = keepSpans(t)
  const service = await startApp(t)
  kept.reset()
  await service.post('/auth/request-otp', to(0))
  const [request] = await requestOf(kept)
  const spans = kept.spans()
  t.match(request, {
    name: 'POST /auth/request-otp',
    parentSpanId: '',
    isError: false,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/auth/request-otp',
      'http.response.status_code': 200,
      'latchkey.requestId': /^[0-9a-f-]{36}$/,
    },
  })
  const [wait] = named(spans, 'send_code').filter(({ kind }) => kind === 1)
  const [batch] = named(spans, 'send_code batch')
  const [call] = named(spans, 'send_code').filter(({ kind }) => kind === 3)
  const [delivery] = named(spans, 'deliver sms')
  t.match(wait?.attributes, { 'latchkey.batch.size': 1, 'latchkey.batch.wait_ms': Number })
  t.strictSame(
    [wait, batch, call, delivery].map((span) => parentOf(spans, span as Seen)?.name),
    ['POST /auth/request-otp', 'send_code', 'send_code batch', 'POST /auth/request-otp'],
  )
  t.match(call?.attributes, { 'db.system.name': 'postgresql', 'db.query.summary': 'send_code' })
  t.match(delivery?.attributes, { 'latchkey.channel': 'sms', 'latchkey.driver': 'recorder' })
  t.ok(spans.every(({ traceId }) => traceId === request?.traceId))
})

t.test('requests that share a batch are linked to it, and it to them', async (t) => {
  const kept = keepSpans(t)
  const service = await startApp(t)
  kept.reset()
  await Promise.all([0, 1, 2, 3, 4].map((last) => service.post('/auth/request-otp', to(last))))
  const requests = await requestOf(kept, 5)
  t.equal(new Set(requests.map(({ traceId }) => traceId)).size, 5, 'as many traces as requests')
  const spans = kept.spans()
  const batches = named(spans, 'send_code batch')
  const waits = named(spans, 'send_code').filter(({ kind }) => kind === 1)
  t.equal(waits.length, 5)
  const largest = batches.toSorted((a, b) => b.links.length - a.links.length)[0] as Seen
  t.ok(largest.links.length > 1, `${batches.length} batches of ${batches.map(({ links }) => links.length)}`)
  t.equal(largest.attributes['latchkey.batch.size'], largest.links.length)
  for (const { spanId, traceId } of largest.links) {
    const wait = waits.find((one) => one.spanId === spanId)
    t.match(wait?.links, [{ spanId: largest.spanId, traceId: largest.traceId }])
    t.equal(wait?.attributes['latchkey.batch.size'], largest.links.length)
    t.equal(wait?.traceId, traceId)
  }
  t.equal(parentOf(spans, largest)?.spanId, largest.links[0]?.spanId, 'it is in the trace of the first')
})

t.test('of a stranger a traceparent is a link, of a trusted proxy the parent, and health is not traced', async (t) => {
  const kept = keepSpans(t)
  const alone = await startApp(t)
  const behind = await startApp(t, { databaseUrl: alone.config.database.url, settings: { TRUST_PROXY: '127.0.0.1' } })
  kept.reset()
  await alone.get('/auth/phone-prefixes', { headers: stranger })
  await behind.get('/auth/phone-prefixes', { headers: stranger })
  await behind.get('/health/ready', { headers: stranger })
  await behind.get('/nothing/9876543210', { headers: stranger })
  const [first, second, third] = await requestOf(kept, 3)
  t.match(first, { parentSpanId: '', links: [theirs] })
  t.notOk(
    first?.links.some((link) => Object.hasOwn(link, 'traceState')),
    'with the ids alone',
  )
  t.not(first?.traceId, theirs.traceId)
  t.match(second, { traceId: theirs.traceId, parentSpanId: theirs.spanId, links: [] })
  t.match(third, { name: 'GET', attributes: { 'error.type': 'not_found' }, isError: false })
  t.equal(kept.spans().filter(({ kind }) => kind === 2).length, 3)
  t.ok(kept.baggage.includes(stranger.baggage), 'of a trusted proxy the baggage too')
  kept.reset()
  await alone.get('/auth/phone-prefixes', { headers: stranger })
  await alone.get('/auth/phone-prefixes', { headers: { baggage: stranger.baggage } })
  await requestOf(kept, 2)
  t.strictSame(kept.baggage, [], 'a stranger has none, with a traceparent and without')
})

t.test('a stranger has nothing sampled, a trusted proxy has', async (t) => {
  const kept = keepSpans(t, new ParentBasedSampler({ root: new AlwaysOffSampler() }))
  const alone = await startApp(t)
  const behind = await startApp(t, { databaseUrl: alone.config.database.url, settings: { TRUST_PROXY: '127.0.0.1' } })
  kept.reset()
  await alone.post('/auth/request-otp', to(0), { headers: stranger })
  t.strictSame(kept.spans(), [])
  await behind.post('/auth/request-otp', to(1), { headers: stranger })
  t.equal((await requestOf(kept)).length, 1)
  t.ok(kept.spans().every(({ traceId }) => traceId === theirs.traceId))
})

t.test('lines of the log carry the ids, also of a body that cannot be read', async (t) => {
  const kept = keepSpans(t)
  const service = await startApp(t)
  kept.reset()
  await service.post('/auth/request-otp', to(0))
  await service.ask({
    method: 'POST',
    url: '/auth/request-otp',
    payload: '{',
    headers: { 'content-type': 'application/json' },
  })
  const requests = await requestOf(kept, 2)
  const told = linesOf(service).filter(({ requestId }) => requestId)
  t.strictSame(
    [...new Set(told.map(({ trace_id }) => trace_id))],
    requests.map(({ traceId }) => traceId),
  )
  t.match(
    told.find(({ msg }) => msg === 'send'),
    { trace_id: requests[0]?.traceId, span_id: /^[0-9a-f]{16}$/ },
  )
  service.app.log.info('of no request')
  t.notMatch(linesOf(service).at(-1), { trace_id: String })
})

t.test('what goes out says of which trace it is, without the baggage, and what fails says why', async (t) => {
  const gateway = await startGateway(t, (response) => response.writeHead(500).end())
  const kept = keepSpans(t)
  const sender = createWebhookSender({ url: `${gateway.origin}/secret-path/?to=x`, key: Buffer.alloc(32, 7) })
  t.teardown(() => sender.close?.())
  const service = await startApp(t, { settings: { TRUST_PROXY: '127.0.0.1' }, senders: [sender] })
  kept.reset()
  t.equal((await service.post('/auth/request-otp', to(0), { headers: stranger })).status, 502)
  const [request] = await requestOf(kept)
  t.match(request, { isError: true, attributes: { 'error.type': 'delivery_failed' } })
  const spans = kept.spans()
  const [out] = named(spans, 'POST')
  t.match(out, {
    kind: 3,
    attributes: {
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(gateway.origin).port),
      'http.response.status_code': 500,
    },
  })
  t.match(named(spans, 'deliver sms'), [{ isError: true, attributes: { 'error.type': 'Error' } }])
  t.equal(gateway.requests[0]?.headers['traceparent'], `00-${theirs.traceId}-${out?.spanId}-01`)
  t.equal(gateway.requests[0]?.headers['baggage'], undefined)
  t.notMatch(JSON.stringify(spans), /secret-path/)
})

t.test('a client that goes away ends its span', async (t) => {
  const kept = keepSpans(t)
  let reach = () => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const never: Sender = {
    name: 'never',
    send: (_message, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('late')))
        reach()
      }),
  }
  const service = await startApp(t, { senders: [never] })
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  kept.reset()
  const { port } = service.app.server.address() as AddressInfo
  const controller = new AbortController()
  const answer = fetch(`http://127.0.0.1:${port}/auth/request-otp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(to(0)),
    signal: controller.signal,
  })
  await reached
  controller.abort()
  await t.rejects(answer)
  t.equal((await requestOf(kept)).length, 1)
  // One that waits for its answer ends with it, and once.
  await fetch(`http://127.0.0.1:${port}/auth/phone-prefixes`).then((response) => response.text())
  t.equal((await requestOf(kept, 2)).length, 2)
})

t.test('nobody is in them, whatever they do', async (t) => {
  const kept = keepSpans(t)
  const service = await startApp(t, { settings: { TRUST_PROXY: '127.0.0.1' } })
  kept.reset()
  const secrets = await liveOnce(service)
  await requestOf(kept, 12)
  await setTimeout(30)
  const text = JSON.stringify(kept.spans())
  t.ok(kept.spans().length > 40, `${kept.spans().length} spans`)
  for (const secret of secrets) t.notOk(text.includes(secret), secret.slice(0, 12))
  t.ok(named(kept.spans(), 'commit').length + named(kept.spans(), 'read_session').length > 0)
})

/** What an account comes to do, and everything in it that is nobody's business. */
async function liveOnce(service: TestApp): Promise<string[]> {
  const headers = { ...stranger, 'x-forwarded-for': '203.0.113.77', 'user-agent': 'SecretBrowser/1.0' }
  const phone = { phonePrefix: '+91', phone: '9876543210' }
  await service.post('/auth/request-otp', phone, { headers })
  const otp = service.lastCode('+919876543210')
  await service.post('/auth/verify-otp', { ...phone, otp: wrongCode(otp) }, { headers })
  const { body } = await service.post('/auth/verify-otp', { ...phone, otp }, { headers })
  const { token, user } = body
  const signedIn = { headers: { ...headers, authorization: `Bearer ${token}` } }
  await service.get('/api/auth/me', signedIn)
  await service.get(`/users/${user.id}?q=9876543210`, signedIn)
  await service.ask({ method: 'PATCH', url: `/users/${user.id}`, payload: { user_name: 'Asha Rao' }, ...signedIn })
  const email = 'asha.rao@example.com'
  await service.post('/users/me/identifiers', { email }, signedIn)
  const code = service.lastCode(email)
  await service.post('/users/me/identifiers/verify', { email, otp: code }, signedIn)
  await service.get('/users/me/sessions', signedIn)
  await service.post('/users/me/addresses', { type: 'Home' }, signedIn)
  await service.get('/users/me/export', signedIn)
  await service.post('/api/auth/logout', undefined, signedIn)
  return ['9876543210', otp, code, wrongCode(otp), token, user.id, 'asha', 'Asha', '203.0.113', 'SecretBrowser']
}

t.test('an embedded service is below the span of the application, and outside of any request makes none', async (t) => {
  const kept = keepSpans(t)
  const service = await startApp(t)
  kept.reset()
  const { trace, context } = await import('@opentelemetry/api')
  const host = trace.getTracer('host').startSpan('host')
  await context.with(trace.setSpan(context.active(), host), () => service.get('/auth/phone-prefixes'))
  const [request] = await requestOf(kept)
  t.equal(request?.parentSpanId, host.spanContext().spanId)
  kept.reset()
  t.equal(await inSpan({ name: 'alone' }, async (span) => span.isRecording()), false)
  await service.database.user.count()
  const options = { name: 'alone', mayAskAgain: () => false, ask: async (all: readonly number[]) => [...all] }
  t.equal(await createBatches<number, number>(options).ask(1), 1)
  t.strictSame(kept.spans(), [])
  const throwing = () => inSpan({ name: 'throwing' }, async () => Promise.reject('text'))
  await t.rejects(context.with(trace.setSpan(context.active(), host), throwing))
  const failing = () => inSpan({ name: 'failing' }, async () => Promise.reject(new RangeError('of somebody')))
  await t.rejects(context.with(trace.setSpan(context.active(), host), failing))
  t.match(kept.spans(), [
    { name: 'throwing', isError: true, attributes: { 'error.type': 'string' } },
    { name: 'failing', isError: true, attributes: { 'error.type': 'RangeError' } },
  ])
  t.strictSame(await service.database.run({ text: 'SELECT 1 AS one', values: [] }), [{ one: 1 }])
})
