// `node scripts/print-traces.mjs [PORT]`: a collector for one's own machine. It takes spans as OTLP over HTTP in JSON and prints each trace
// as a tree, with its batches and who shares them. See docs/tracing.md.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { readWords } from './parts/words.mjs'

const usage = `Usage: node scripts/print-traces.mjs [PORT]

Takes spans as OTLP over HTTP in JSON on a port of this machine (4318), and prints each trace as a tree.`

const untold = new Set([
  'http.request.method',
  'http.route',
  'network.protocol.version',
  'db.query.summary',
  'latchkey.requestId',
])

/** The spans of bodies of OTLP in JSON, as lines: a tree for each trace, milliseconds from its start. */
export function linesOf(bodies) {
  const spans = bodies
    .flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
  const traceOf = new Map(spans.map(({ spanId, traceId }) => [spanId, traceId]))
  return [...new Set(spans.map(({ traceId }) => traceId))].flatMap((traceId) => {
    const ours = spans.filter((span) => span.traceId === traceId)
    const known = new Set(ours.map(({ spanId }) => spanId))
    const roots = ours.filter(({ parentSpanId }) => !known.has(parentSpanId))
    const start = BigInt(ours[0].startTimeUnixNano)
    return [`trace ${traceId}`, ...roots.flatMap((root) => branch(root, ours, { start, traceOf, depth: 1 })), '']
  })
}

function branch(span, spans, { start, traceOf, depth }) {
  const from = millisecondsBetween(start, span.startTimeUnixNano)
  const long = millisecondsBetween(span.startTimeUnixNano, span.endTimeUnixNano)
  const facts = span.attributes
    .filter(({ key }) => !untold.has(key))
    .map(({ key, value }) => `${key.replace('latchkey.', '')}=${Object.values(value)[0]}`)
  const elsewhere = (span.links ?? []).filter(({ traceId }) => traceId !== span.traceId)
  for (const { traceId, spanId } of elsewhere) {
    facts.push(`${traceOf.has(spanId) ? 'shared with' : 'linked to'} trace ${traceId.slice(0, 8)}…`)
  }
  const line = `${'  '.repeat(depth)}${span.name}  ${from} +${long} ms  ${facts.join(' ')}`.trimEnd()
  const below = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId)
  return [line, ...below.flatMap((one) => branch(one, spans, { start, traceOf, depth: depth + 1 }))]
}

const millisecondsBetween = (from, to) => (Number(BigInt(to) - BigInt(from)) / 1e6).toFixed(1)

async function main() {
  const { words } = readWords(usage, { accepts: (word) => /^\d{1,5}$/.test(word) && Number(word) < 65_536 })
  const port = Number(words[0] ?? 4318)
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    try {
      process.stdout.write(`${linesOf([JSON.parse(text)]).join('\n')}\n`)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    } catch {
      response.writeHead(415).end('Set OTEL_EXPORTER_OTLP_PROTOCOL=http/json\n')
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.stderr.write(
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${server.address().port} OTEL_EXPORTER_OTLP_PROTOCOL=http/json\n`,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
