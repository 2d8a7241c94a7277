// A span for each request, by the pattern of its route, and its context for everything that is done for it.
import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isTraced, tracer } from '../tracing/tracer.js'
import { blockListOf } from './address.js'
import { requestIdLabel } from './request-id.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** where spans of this request belong; null where it is not traced */
    traceContext: Context | null
  }
}

/** What probes and scrapers ask every few seconds tells nobody anything. */
const untold = /^\/(?:health\/|metrics$)/

/**
 * To be called before all hooks that may refuse a request. Who is told a `traceparent` by whom:
 * - where the application around us (embed.ts) has a span of its own, ours is below it;
 * - a proxy that is trusted is believed, its decision to sample included, as OpenTelemetry does by default;
 * - of anybody else it is kept as a link alone, and what else they say (`tracestate`, baggage) is nothing. Otherwise a stranger could have each request sampled, at our cost (W3C Trace Context,
 *   security considerations: denial of service), or write spans into the traces of others.
 */
export function useTracing(app: FastifyInstance, trustProxy: readonly string[]): void {
  app.decorateRequest('traceContext', null)
  if (!isTraced()) return
  const proxies = blockListOf(trustProxy)

  function originOf({ headers, socket }: FastifyRequest['raw']): { parent: Context; links: Link[] } {
    const active = context.active()
    if (trace.getSpan(active)) return { parent: active, links: [] }
    const told = propagation.extract(ROOT_CONTEXT, headers)
    if (proxies.has(socket.remoteAddress)) return { parent: told, links: [] }
    const theirs = trace.getSpanContext(told)
    if (theirs === undefined) return { parent: ROOT_CONTEXT, links: [] }
    // Without their `tracestate`: 512 characters of anything, which would stand in each span of theirs.
    const { traceId, spanId, traceFlags } = theirs
    return { parent: ROOT_CONTEXT, links: [{ context: { traceId, spanId, traceFlags } }] }
  }

  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url
    if (untold.test(String(route))) return done()
    const { parent, links } = originOf(request.raw)
    const attributes = {
      'http.request.method': request.method,
      ...(route !== undefined && { 'http.route': route }),
      'network.protocol.version': request.raw.httpVersion,
      [`latchkey.${requestIdLabel}`]: request.id,
    }
    const name = route === undefined ? request.method : `${request.method} ${route}`
    const span = tracer().startSpan(name, { kind: SpanKind.SERVER, attributes, links }, parent)
    const here = trace.setSpan(parent, span)
    request.traceContext = here
    // A client that goes away hears no answer, and the request ends without `onResponse`. Ending it twice would be a warning.
    reply.raw.once('close', () => span.isRecording() && span.end())
    context.with(here, done)
  })
  // What reads the body does so in the context of the connection.
  app.addHook('preValidation', (request, _reply, done) => enter(request, done))
  app.addHook('onResponse', (request, reply, done) => {
    describe(request, reply)
    enter(request, done)
  })
}

function enter({ traceContext }: FastifyRequest, done: () => void): void {
  if (traceContext === null) done()
  else context.with(traceContext, done)
}

function describe({ traceContext }: FastifyRequest, { statusCode, problemCode }: FastifyReply): void {
  const span = traceContext && trace.getSpan(traceContext)
  if (!span) return
  span.setAttribute('http.response.status_code', statusCode)
  if (problemCode !== null) span.setAttribute('error.type', problemCode)
  // Of a server what the client did wrong is no error (semantic conventions of HTTP spans).
  if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}
