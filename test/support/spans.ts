// Spans as a test looks at them: kept in memory by a real SDK, or sent as OTLP in JSON to a collector on loopback.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Context, context, propagation, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import type { Test } from 'tap'
import { findTracer } from '../../src/tracing/tracer.js'

export type Seen = Readonly<{
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  kind: number
  attributes: Readonly<Record<string, unknown>>
  links: readonly Readonly<{ traceId: string; spanId: string }>[]
  isError: boolean
}>

/** An SDK of this process, as an application that has the service inside has one. Ends with the test. */
export function keepSpans(t: Test, sampler?: Sampler) {
  const exporter = new InMemorySpanExporter()
  const baggage: string[] = []
  const simple = new SimpleSpanProcessor(exporter)
  /** As processors do that copy baggage into spans. */
  const noteBaggage = (_span: unknown, parent: Context) => {
    for (const [name, { value }] of propagation.getBaggage(parent)?.getAllEntries() ?? [])
      baggage.push(`${name}=${value}`)
  }
  const noting = { onStart: noteBaggage, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }
  const spanProcessors = [simple, noting]
  const provider = new NodeTracerProvider({ spanProcessors, ...(sampler && { sampler }) })
  provider.register()
  t.equal(findTracer(), true)
  t.teardown(async () => {
    await provider.shutdown()
    for (const api of [trace, context, propagation]) api.disable()
    findTracer()
  })
  const spans = (): Seen[] =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      ...span.spanContext(),
      parentSpanId: span.parentSpanContext?.spanId ?? '',
      kind: span.kind + 1,
      attributes: span.attributes,
      links: span.links.map(({ context }) => context),
      isError: span.status.code === 2,
    }))
  const reset = () => {
    exporter.reset()
    baggage.length = 0
  }
  return { spans, baggage, reset }
}

type Value = { stringValue?: string; intValue?: string | number; doubleValue?: number }
type OtlpSpan = Omit<Seen, 'attributes' | 'isError'> & {
  attributes: { key: string; value: Value }[]
  status: { code?: number }
}
type OtlpBody = {
  resourceSpans: { resource: { attributes: OtlpSpan['attributes'] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

const read = (attributes: OtlpSpan['attributes']) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]),
  )

/** A collector on loopback that takes OTLP over HTTP in JSON. */
export async function startCollector(t: Test) {
  const spans: Seen[] = []
  const resources: Record<string, unknown>[] = []
  const requests: { url: string; headers: NodeJS.Dict<string | string[]> }[] = []
  const bodies: OtlpBody[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(JSON.parse(body))
    requests.push({ url: String(request.url), headers: request.headers })
    for (const { resource, scopeSpans } of (JSON.parse(body) as OtlpBody).resourceSpans) {
      resources.push(read(resource.attributes))
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const { attributes, status, links = [], parentSpanId = '', ...rest } = span
        spans.push({ ...rest, parentSpanId, links, attributes: read(attributes), isError: status.code === 2 })
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { spans, resources, requests, url, bodies, text: () => JSON.stringify(bodies) }
}
