// Traces of the real process: what arrives at a collector, what goes on to the gateway, what is sent at the stop, and that nothing of
// OpenTelemetry's SDK is there where nothing turns it on.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newPrivateKey } from '../support/app.js'
import { createTestDatabase } from '../support/database.js'
import { startGateway } from '../support/gateway.js'
import { projectDirectory, projectUrl } from '../support/project.js'
import { startCollector } from '../support/spans.js'

const program = join(import.meta.dirname, '..', '..', 'src', 'server.js')
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const json = { 'content-type': 'application/json' }

/** Tells at the end which packages of OpenTelemetry were loaded: of what import takes from CommonJS, too. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module'
  const { cache } = createRequire('${import.meta.url}')
  process.on('exit', () => {
    const names = Object.keys(cache).flatMap((path) => /@opentelemetry.([a-z-]+)/.exec(path)?.[1] ?? [])
    process.stderr.write('LOADED ' + [...new Set(names)].sort().join(',') + '\\n')
  })`)}`

async function startService(t: Test, environment: Record<string, string>) {
  const { url: databaseUrl } = await createTestDatabase()
  const gateway = await startGateway(t, (response) => response.writeHead(204).end())
  const child = spawn(process.execPath, ['--import', spy, program], {
    cwd: projectDirectory,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: '0',
      TRUST_PROXY: '127.0.0.1',
      JWT_PRIVATE_KEY: newPrivateKey(),
      OTP_PEPPER: 'a pepper of the tests, 32 bytes and more',
      SMS_DRIVERS: 'webhook',
      EMAIL_DRIVERS: 'webhook',
      SENDER_WEBHOOK_URL: `${gateway.origin}/codes`,
      SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const exited = once(child, 'close')
  let base: string | undefined
  while (base === undefined) {
    base = /listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1]
    if (base === undefined) await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(output))])
  }
  const post = (path: string, body: object, headers = {}) =>
    fetch(base + path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    return output
  }
  return { post, gateway, stop }
}

t.test('a send and its verification arrive at the collector, at the latest with the stop', async (t) => {
  const collector = await startCollector(t)
  const { post, gateway, stop } = await startService(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    // Longer than the test: what comes, comes with the stop.
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  })
  const email = 'asha@example.com'
  const sent = await post('/auth/request-otp', { email }, { traceparent })
  t.equal(sent.status, 200)
  const { code: otp } = JSON.parse(String(gateway.requests[0]?.body))
  const answer = await (await post('/auth/verify-otp', { email, otp })).json()
  const token = String(Reflect.get(Object(answer), 'token'))
  t.equal(collector.requests.length, 0)
  const output = await stop()

  t.match(collector.requests[0], { url: '/v1/traces', headers: { 'x-tenant': 'a b' } })
  t.match(collector.resources[0], {
    'service.name': 'latchkey',
    'service.version': /^\d+\.\d+/,
    'deployment.environment.name': 'test',
  })
  const [request] = collector.spans.filter(({ name }) => name === 'POST /auth/request-otp')
  t.match(request, { traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331', kind: 2 })
  const names = collector.spans.filter(({ traceId }) => traceId === request?.traceId).map(({ name }) => name)
  for (const name of ['send_code', 'send_code batch', 'deliver email', 'POST']) t.ok(names.includes(name), name)
  const [out] = collector.spans.filter(({ name, traceId }) => name === 'POST' && traceId === request?.traceId)
  t.equal(gateway.requests[0]?.headers['traceparent'], `00-${request?.traceId}-${out?.spanId}-01`)
  t.match(output, new RegExp(`"trace_id":"${request?.traceId}","span_id":"[0-9a-f]{16}".*"msg":"send"`))
  for (const secret of [email, 'asha', otp, token]) t.notOk(collector.text().includes(secret))
  t.match(output, /LOADED .*exporter-trace-otlp-http.*sdk-trace-node/)

  const { linesOf } = await import(new URL('scripts/print-traces.mjs', projectUrl).href)
  const tree = linesOf(collector.bodies).join('\n')
  t.match(
    tree,
    /^ {2}POST \/auth\/request-otp .*\n {4}send_code .*batch\.size=1 .*\n {6}send_code batch .*\n(?: {8}take_leases .*\n)? {8}send_code /m,
  )
})

t.test('without a word of it, or where it is turned off, nothing of the SDK is loaded', async (t) => {
  const settings = { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  const { post, gateway, stop } = await startService(t, settings)
  t.equal((await post('/auth/request-otp', { email: 'asha@example.com' }, { traceparent })).status, 200)
  t.equal(gateway.requests[0]?.headers['traceparent'], undefined)
  const output = await stop()
  // prom-client and we know its API, which does nothing by itself.
  t.match(output, /^LOADED api$/m)
  t.notMatch(output, /trace_id/)
})
