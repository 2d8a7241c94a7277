// Cross-origin calls of browsers (CORS): which pages may read our answers, and which of them may send cookies.
import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CrossOriginSettings } from '../config/server-settings.js'

/** Seconds that a browser may remember the answer to a preflight; none keeps it longer than two hours. */
const preflightLifetime = 7200

/** A header's name (RFC 9110 §5.1) of a length that is somebody's, and how many of them a preflight may ask for. */
const headerName = /^[\w!#$%&'*+.^`|~-]{1,64}$/
const maxHeaders = 50

/**
 * The headers that a page of an allowed site may send: whatever it asks for. Monitoring adds some of its own to each call (traceparent,
 * sentry-trace, baggage, x-request-id, x-datadog-…), no list knows all of them, and a header that is not allowed fails the whole call.
 * `*` would not do: with credentials it is a header of that name (Fetch §3.3.4).
 */
function allowedHeaders(asked: string | undefined): string[] {
  const names = (asked ?? '').split(',', maxHeaders).map((name) => name.trim().toLowerCase())
  return [...new Set(['authorization', 'content-type', ...names.filter((name) => headerName.test(name))])]
}

const shared = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: ['x-request-id', 'retry-after'],
  maxAge: preflightLifetime,
}

/**
 * To be registered before the routes, and before whatever counts their methods: the plugin brings a route of its own. Who is not
 * allowed gets an answer without any of the headers, which the browser then keeps from the page.
 */
export async function useCors(app: FastifyInstance, { origins, allowsAnyOrigin }: CrossOriginSettings): Promise<void> {
  // Where no other site may, nothing has to be decided for each request. Answers say as always by what they may differ.
  if (origins.length === 0 && !allowsAnyOrigin) {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('vary', 'Origin')
      done()
    })
    return
  }
  await app.register(fastifyCors, {
    delegator({ headers, floodRefusal }: FastifyRequest, decide: (error: null, options: FastifyCorsOptions) => void) {
      // An OPTIONS without it is no preflight and gets the answer of its route.
      // One of somebody who asks too much goes on to its refusal.
      const preflight = headers['access-control-request-method'] !== undefined && floodRefusal === null
      const options = {
        ...shared,
        preflight,
        allowedHeaders: allowedHeaders(headers['access-control-request-headers']),
      }
      // The list and no pattern: `null`, a suffix or another scheme can never be meant.
      if (origins.some((origin) => origin === headers.origin)) {
        decide(null, { ...options, origin: [...origins], credentials: true })
      } else {
        decide(null, allowsAnyOrigin ? { ...options, origin: '*' } : { origin: false })
      }
    },
  })
}
