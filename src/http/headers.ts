// The headers that every answer carries, whatever becomes of the request.
import type { FastifyInstance } from 'fastify'

/** Content policy of an answer that is data and no page. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'"

/** @param requestId also in every log line of the request */
export function standardHeaders(requestId: string): Record<string, string> {
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'content-security-policy': dataPolicy,
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  }
}

/** Sets the headers before anything else can answer. A route that needs another value overrides it. */
export function useStandardHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(standardHeaders(request.id))
    done()
  })
}
