// What admins read of a user to help them, and unlocking. No code is shown, and nobody acts as somebody else.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Policies, requestActorOf, underPolicy } from '../users/policies.js'
import { readReason } from '../users/reason.js'
import {
  readDevices,
  readLimits,
  readSessions,
  readStanding,
  serializeDevice,
  serializeLimits,
  serializeSession,
  serializeStanding,
  unlockUser,
} from './helpdesk-schemas.js'
import type { HelpdeskRecords } from './records.js'
import { readEvents, readMessages, serializeEvent, serializeMessage } from './trail-schemas.js'
import type { Unlock } from './unlock.js'

export type HelpdeskRouteOptions = { policies: Policies; records: HelpdeskRecords; unlock: Unlock }

/** What every route here says of itself. */
const forProvenAdmins = 'For admins soon after they proved that it is them.'

type PageQuery = { limit?: string; cursor?: string }
const pageOf = ({ limit = '20', cursor }: PageQuery) => ({ limit: Number(limit), cursor })

export const helpdeskRoutes: FastifyPluginAsyncTypebox<HelpdeskRouteOptions> = async (app, options) => {
  const { policies, records, unlock } = options
  policies.forAdminsProven(app)
  const idOf = ({ id }: { id: string }) => id.toLowerCase()

  app.get(
    '/:id/standing',
    {
      schema: {
        operationId: 'readUserStanding',
        summary: 'Whether a user is kept out, and what they have proven',
        description: forProvenAdmins,
        ...underPolicy,
        ...readStanding,
      },
    },
    async ({ params }) => {
      const standing = await records.standing(idOf(params))
      return { success: true, data: serializeStanding(standing) } as const
    },
  )

  app.get(
    '/:id/sessions',
    {
      config: { scope: 'sessions:read' },
      schema: {
        operationId: 'readUserSessions',
        summary: 'Where a user is signed in',
        description: forProvenAdmins,
        ...underPolicy,
        ...readSessions,
      },
    },
    async ({ params }) => {
      const sessions = await records.sessions(idOf(params))
      return { success: true, data: sessions.map(serializeSession), next_cursor: null } as const
    },
  )

  app.get(
    '/:id/devices',
    {
      config: { scope: 'sessions:read' },
      schema: {
        operationId: 'readUserDevices',
        summary: 'The devices that a user is known on',
        description: forProvenAdmins,
        ...underPolicy,
        ...readDevices,
      },
    },
    async ({ params }) => {
      const devices = await records.devices(idOf(params))
      return { success: true, data: devices.map(serializeDevice), next_cursor: null } as const
    },
  )

  app.get(
    '/:id/events',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'readUserEvents',
        summary: 'What happened to a user',
        description: `${forProvenAdmins} With what happened at their proven phone and email, since they are. That somebody looked is an event too.`,
        ...underPolicy,
        ...readEvents,
      },
    },
    async (request) => {
      const asked = { actor: requestActorOf(request), id: idOf(request.params) }
      const { events, nextCursor } = await records.events(asked, pageOf(request.query))
      return { success: true, data: events.map(serializeEvent), next_cursor: nextCursor } as const
    },
  )

  app.get(
    '/:id/messages',
    {
      config: { scope: 'events:read' },
      schema: {
        operationId: 'readUserMessages',
        summary: 'What became of a user’s messages',
        description: `${forProvenAdmins} And what was not sent, and by which limit. That somebody looked is an event.`,
        ...underPolicy,
        ...readMessages,
      },
    },
    async (request) => {
      const asked = { actor: requestActorOf(request), id: idOf(request.params) }
      const { messages, nextCursor } = await records.messages(asked, pageOf(request.query))
      return { success: true, data: messages.map(serializeMessage), next_cursor: nextCursor } as const
    },
  )

  app.get(
    '/:id/limits',
    {
      config: { scope: 'users:read' },
      schema: {
        operationId: 'readUserLimits',
        summary: 'What a user’s phone and email have left',
        description: `${forProvenAdmins} As everybody meets it; known devices have counters of their own.`,
        ...underPolicy,
        ...readLimits,
      },
    },
    async ({ params }) => {
      const limits = await records.limits(idOf(params))
      return { success: true, data: limits.map(serializeLimits), next_cursor: null } as const
    },
  )

  app.post(
    '/:id/unlock',
    {
      config: { scope: 'users:write' },
      schema: {
        operationId: 'unlockUser',
        summary: 'Let a user’s phone and email try again',
        description: `${forProvenAdmins} Gives back their sends and guesses, once in 24 hours for each; what networks and budgets have counted stays. Never one’s own.`,
        ...underPolicy,
        ...unlockUser,
      },
    },
    async (request) => {
      const { reason, method } = request.body
      const asked = { id: idOf(request.params), reason: readReason(reason), method }
      const unlocked = await unlock.unlock(asked, requestActorOf(request))
      return { success: true, data: { unlocked } } as const
    },
  )
}
