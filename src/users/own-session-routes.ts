// One's own sessions: /users/me/sessions.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { callerOf } from '../http/caller.js'
import { signedIn } from '../sessions/authenticate.js'
import type { SessionCookie } from '../sessions/cookies.js'
import type { SessionService } from '../sessions/service.js'
import { endOtherSessions, endSession, listSessions, presentSession } from './own-session-schemas.js'
import type { OwnSessions } from './own-sessions.js'
import type { Scopes } from './scopes.js'

export type OwnSessionOptions = {
  scopes: Scopes
  sessions: SessionService
  ownSessions: OwnSessions
  cookie: SessionCookie
}

const tags = ['Users']
const security = [{ bearer: [] }, { cookie: [] }]

const holderOf = (request: FastifyRequest) => {
  const { user, sessionId } = signedIn(request)
  return { userId: user.id, sessionId }
}

export const ownSessionRoutes: FastifyPluginAsyncTypebox<OwnSessionOptions> = async (app, options) => {
  const { scopes, sessions, ownSessions, cookie } = options
  scopes.forSelf(app)

  app.get(
    '',
    { schema: { operationId: 'listSessions', summary: 'Where I am signed in', tags, security, ...listSessions } },
    async (request) => {
      const { userId, sessionId } = holderOf(request)
      const listed = await sessions.list(userId)
      return {
        success: true,
        data: listed.map((session) => presentSession(session, sessionId)),
        next_cursor: null,
      } as const
    },
  )

  app.delete(
    '',
    {
      schema: {
        operationId: 'endOtherSessions',
        summary: 'Sign me out everywhere else',
        tags,
        security,
        ...endOtherSessions,
      },
    },
    async (request) => {
      const ended = await ownSessions.endOthers(holderOf(request), callerOf(request))
      return { success: true, data: { ended } } as const
    },
  )

  app.delete(
    '/:id',
    {
      // Whoever ends the session that asks needs no cookie of it any more.
      config: { setsCookies: true },
      schema: { operationId: 'endSession', summary: 'Sign me out in one place', tags, security, ...endSession },
    },
    async (request, reply) => {
      const id = request.params.id.toLowerCase()
      const holder = holderOf(request)
      await ownSessions.end(id, holder, callerOf(request))
      if (id === holder.sessionId) cookie.clear(reply)
      return { success: true, data: { id } } as const
    },
  )
}
