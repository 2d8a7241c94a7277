// The SDK, where things do not go well: a collector that is silent at the stop.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { trace } from '@opentelemetry/api'
import t from 'tap'
import { startTracing } from '../../src/tracing/sdk.js'
import { tracer } from '../../src/tracing/tracer.js'

t.test('a stop does not wait for a collector that never answers', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  t.teardown(() => delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'])
  const warnings: string[] = []
  const settings = { exporters: ['otlp'], protocol: 'http/json', propagators: ['tracecontext', 'baggage'] } as const
  const end = await startTracing({
    settings,
    version: '0',
    onWarning: (text) => void warnings.push(text),
    patience: 50,
  })
  tracer().startSpan('one').end()
  t.ok(trace.isSpanContextValid(tracer().startSpan('two').spanContext()))
  const started = performance.now()
  await end()
  t.ok(performance.now() - started < 3_000, 'sooner than it would end by itself')
  t.strictSame(warnings, ['the last spans did not go out in time'])
  t.notOk(trace.isSpanContextValid(tracer().startSpan('three').spanContext()))
})

t.test('a collector that is not there is told of; the console shows spans as they end', async (t) => {
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '100'
  t.teardown(() => delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'])
  const shown: unknown[] = []
  const { dir } = console
  console.dir = (span: unknown) => void shown.push(span)
  t.teardown(() => {
    console.dir = dir
  })
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://127.0.0.1:1'
  t.teardown(() => delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'])
  const warnings: string[] = []
  const settings = { exporters: ['console', 'otlp'], protocol: 'http/protobuf', propagators: [] } as const
  const end = await startTracing({ settings, version: '0', onWarning: (text) => void warnings.push(text) })
  tracer().startSpan('shown').end()
  t.match(shown, [{ name: 'shown', resource: { attributes: { 'service.name': 'latchkey' } } }])
  await end()
  t.ok(warnings.length > 0, warnings.join())
})
