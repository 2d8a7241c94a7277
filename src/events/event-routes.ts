// What happened, for systems that ask instead of being told.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Policies, underPolicy } from '../users/policies.js'
import { eventId, serializeEvent } from './event.js'
import { readLog } from './event-schemas.js'
import type { EventLog } from './log.js'

export type EventRouteOptions = { policies: Policies; eventLog: EventLog }

export const eventRoutes: FastifyPluginAsyncTypebox<EventRouteOptions> = async (app, { policies, eventLog }) => {
  policies.forAdmins(app)

  app.get(
    '',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'listEvents',
        summary: 'What happened, in an order that never changes',
        description:
          'For admins, and for API keys with the scope `events:read`. Whoever asks again with the id of the last event as `after` misses none, however late it was committed. The same events go to each of `EVENT_WEBHOOKS`.',
        ...underPolicy,
        tags: ['Events'],
        ...readLog,
      },
    },
    async ({ query, apiKey }) => {
      const { limit = '20', after, type, user_id } = query
      const { events, hasMore } = await eventLog.read({
        after,
        type,
        userId: user_id?.toLowerCase(),
        limit: Number(limit),
        hidesAdmins: apiKey !== null,
      })
      const last = events.at(-1)
      return {
        success: true,
        data: events.map(serializeEvent),
        next_cursor: hasMore && last ? eventId(last) : null,
      } as const
    },
  )
}
