// One's own sessions: /users/me/sessions.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../sessions/authenticate.js'
import type { SessionCookie } from '../sessions/cookies.js'
import type { SessionService } from '../sessions/service.js'
import type { UserAdministration } from '../users/administration.js'
import { type Policies, requireKnownDevice, underPolicy, userActorOf } from '../users/policies.js'
import { endMySessions, endSession, listSessions, serializeSession } from './session-schemas.js'
import type { OwnSessions } from './sessions.js'

export type OwnSessionOptions = {
  policies: Policies
  sessions: SessionService
  ownSessions: OwnSessions
  administration: Pick<UserAdministration, 'endSessions'>
  cookie: SessionCookie
}

/** Whoever ends the session that asks needs no cookie of it any more. */
const config = { setsCookies: true } as const

export const ownSessionRoutes: FastifyPluginAsyncTypebox<OwnSessionOptions> = async (app, options) => {
  const { policies, sessions, ownSessions, administration, cookie } = options
  policies.forSelf(app)

  app.get(
    '',
    {
      schema: {
        operationId: 'listSessions',
        summary: 'Where I am signed in',
        description: 'The last 100 sessions, the newest first. `current` is the one that asks.',
        ...underPolicy,
        ...listSessions,
      },
    },
    async (request) => {
      const { userId, sessionId } = actorOf(request)
      const listed = await sessions.list(userId)
      return {
        success: true,
        data: listed.map((session) => serializeSession(session, sessionId)),
        next_cursor: null,
      } as const
    },
  )

  app.delete(
    '',
    {
      config: { ...config, needsKnownDevice: true },
      schema: {
        operationId: 'endMySessions',
        summary: 'Sign me out everywhere, or everywhere else',
        description: 'With `others=true` this session stays, and the devices of the others are known ones no more.',
        ...underPolicy,
        ...endMySessions,
      },
    },
    async (request, reply) => {
      const actor = userActorOf(request)
      if (request.query.others === 'true') {
        return { success: true, data: { ended: await ownSessions.endOthers(actor) } } as const
      }
      // As on /users/{id}/sessions, of which `me` is one.
      const ended = await administration.endSessions(actor.userId, actor)
      cookie.clear(reply)
      return { success: true, data: { ended } } as const
    },
  )

  app.delete(
    '/:id',
    {
      config,
      schema: {
        operationId: 'endSession',
        summary: 'Sign me out in one place',
        description: 'Ends it on its next request. The one that asks may be meant too.',
        ...underPolicy,
        ...endSession,
      },
    },
    async (request, reply) => {
      const id = request.params.id.toLowerCase()
      const actor = userActorOf(request)
      if (id !== actor.sessionId) requireKnownDevice(request)
      await ownSessions.end(id, actor)
      if (id === actor.sessionId) cookie.clear(reply)
      return { success: true, data: { id } } as const
    },
  )
}
