// The probes of an orchestrator (liveness, readiness).
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Problem } from '../errors.js'
import { errorResponses } from '../http/responses.js'
import { type Health, readinessReasons } from './health.js'

const Status = Type.Object(
  { status: Type.Literal('ok') },
  { title: 'Health', description: 'Yes', examples: [{ status: 'ok' }] },
)

/** Times a second that the database is asked for probes: they are never refused, whoever sends them. */
const maxQuestions = 10

/** The same question for all who ask while it is being answered, and the last answer for those who ask too often. */
function sharedBetweenProbes<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let [second, asked] = [0, 0]
  let last: Promise<Answer> | undefined
  let isAsking = false
  return () => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, asked] = [now, 0]
    if (last !== undefined && (isAsking || asked >= maxQuestions)) return last
    asked += 1
    isAsking = true
    last = ask().finally(() => {
      isAsking = false
    })
    return last
  }
}

export const healthRoutes: FastifyPluginAsyncTypebox<{ health: Health }> = async (app, { health }) => {
  const readinessFault = sharedBetweenProbes(() => health.readinessFault())

  app.get(
    '/live',
    {
      config: { isProbe: true },
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers; says nothing of the database',
        description: 'The liveness probe: restart the process where it does not answer. Never refused, whoever floods.',
        tags: ['Operations'],
        response: { 200: Status, ...errorResponses() },
      },
    },
    async () => ({ status: 'ok' }) as const,
  )

  app.get(
    '/ready',
    {
      config: { isProbe: true },
      schema: {
        operationId: 'ready',
        summary: 'Whether requests can be served: database reachable and migrated, not stopping',
        description: 'The readiness probe: send no requests while it is 503. Never refused, whoever floods.',
        tags: ['Operations'],
        response: { 200: Status, ...errorResponses('service_unavailable') },
      },
    },
    async () => {
      const fault = await readinessFault()
      if (fault !== null) throw new Problem('service_unavailable', { retryAfter: 2, errors: [readinessReasons[fault]] })
      return { status: 'ok' } as const
    },
  )
}
