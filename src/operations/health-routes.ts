// The probes of an orchestrator (liveness, readiness).
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Problem } from '../errors.js'
import { errorResponses } from '../http/responses.js'
import { type Health, readinessReasons } from './health.js'

const Status = Type.Object({ status: Type.Literal('ok') }, { description: 'Yes', examples: [{ status: 'ok' }] })

export const healthRoutes: FastifyPluginAsyncTypebox<{ health: Health }> = async (app, { health }) => {
  app.get(
    '/live',
    {
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers; says nothing of the database',
        tags: ['Operations'],
        response: { 200: Status, ...errorResponses() },
      },
    },
    async () => ({ status: 'ok' }) as const,
  )

  app.get(
    '/ready',
    {
      schema: {
        operationId: 'ready',
        summary: 'Whether requests can be served: database reachable and migrated, not stopping',
        tags: ['Operations'],
        response: { 200: Status, ...errorResponses('service_unavailable') },
      },
    },
    async () => {
      const fault = await health.readinessFault()
      if (fault !== null) throw new Problem('service_unavailable', { retryAfter: 2, errors: [readinessReasons[fault]] })
      return { status: 'ok' } as const
    },
  )
}
