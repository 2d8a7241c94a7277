// The metrics of this replica for Prometheus, and the counting of requests.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { requireSecret } from '../http/headers.js'
import { errorResponses } from '../http/responses.js'
import type { Metrics } from './metrics.js'

/** To be called before the routes and before what may refuse a request: what is refused is counted too. */
export function useRequestMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', ({ method, routeOptions }, { statusCode, elapsedTime }, done) => {
    metrics.countRequest({ method, route: routeOptions.url, status: statusCode, seconds: elapsedTime / 1000 })
    done()
  })
}

export type MetricsRouteOptions = {
  metrics: Metrics /** undefined: anybody may ask */
  metricsToken: string | undefined
}

const example = `# HELP latchkey_sends_total Codes asked for, by what became of them
# TYPE latchkey_sends_total counter
latchkey_sends_total{channel="sms",country="IN",driver="webhook",outcome="sent"} 42
`

/** Not to be registered in production without a token. */
export const metricsRoutes: FastifyPluginAsyncTypebox<MetricsRouteOptions> = async (app, { metrics, metricsToken }) => {
  app.get(
    '/metrics',
    {
      config: { shedding: 'never' },
      ...(metricsToken && { onRequest: requireSecret('METRICS_TOKEN', metricsToken) }),
      schema: {
        operationId: 'getMetrics',
        summary: 'The metrics of this replica, for Prometheus',
        description:
          'Told to who shows the `METRICS_TOKEN`; without one in the settings to anybody, and in production it is 404.',
        tags: ['Operations'],
        security: [{ metrics: [] }],
        response: {
          200: {
            description: 'Prometheus’ text format, version 0.0.4',
            content: { 'text/plain': { schema: Type.String({ examples: [example] }) } },
          },
          ...errorResponses('unauthorized'),
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.read()),
  )
}
