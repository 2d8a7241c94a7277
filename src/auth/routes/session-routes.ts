// The session that asks: end it, get another token of it, see whose it is. Under the mobile flow's path, for sessions of both flows.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AuditTrail } from '../../audit/events.js'
import { Problem } from '../../errors.js'
import { aroundBody } from '../../http/around-body.js'
import { clientOf } from '../../http/client.js'
import type { CountryCode } from '../../identifiers/phone.js'
import { createAuthenticate, optionalSecurity, security, signedIn, tokensOf } from '../../sessions/authenticate.js'
import type { BearerTokens } from '../../sessions/bearer-tokens.js'
import type { SessionCookie } from '../../sessions/cookies.js'
import type { Authenticator, SessionService } from '../../sessions/service.js'
import type { SerializedAddress } from '../../users/address.js'
import { serializeUser } from '../../users/user.js'
import { logout, me, refresh } from './session-schemas.js'

export type SessionRouteOptions = {
  sessions: SessionService
  /** the same, with the user's addresses beside ({@link SerializedAddress}) */
  sessionsWithAddresses: Authenticator
  audit: AuditTrail
  cookie: SessionCookie
  bearerTokens: BearerTokens
  defaultCountry: CountryCode
}

const tags = ['Sessions']
const config = { setsCookies: true } as const

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, options) => {
  const { sessions, sessionsWithAddresses, audit, cookie, bearerTokens, defaultCountry } = options

  app.post(
    '/logout',
    {
      // Whoever wants out gets out.
      config: { ...config, ignoresBody: true },
      schema: {
        operationId: 'logout',
        summary: 'End this session',
        description:
          'Each session that the Bearer or a cookie names, also by a token that has ended; the cookie is cleared. Without a token it ends nothing, and is 200 all the same.',
        tags,
        security: optionalSecurity,
        ...logout,
      },
    },
    async (request, reply) => {
      // All that came, Bearer and cookies: whoever logs out wants none to be good any more.
      for (const token of tokensOf(request, cookie.name)) {
        const userId = await sessions.end(token)
        if (userId !== null) await audit.record(clientOf(request), { event: 'session_logout', userId })
      }
      cookie.clear(reply)
      return { success: true, message: 'Logged out successfully' } as const
    },
  )

  app.post(
    '/refresh',
    {
      config,
      ...aroundBody(createAuthenticate(sessions, { cookie, audit }, { takesEnded: true })),
      schema: {
        operationId: 'refresh',
        summary: 'A new token of this session, also for one that has ended',
        description:
          'While the session lives. A token that has ended is taken where it is the newest of its session; the one before gets the newest again within 60 seconds of its replacement, so that calls side by side get on. An older one is 401, and somebody is told.',
        tags,
        security,
        ...refresh,
      },
    },
    async (request, reply) => {
      const authentication = signedIn(request)
      const issued = await sessions.reissue(authentication)
      // Ended between the check and now.
      if (issued === null) throw new Problem('unauthorized', { invalidToken: true })
      cookie.set(reply, issued.token, issued.lifetime)
      return { success: true, token: await bearerTokens.of(issued.token, authentication.user.id) } as const
    },
  )

  app.get(
    '/me',
    {
      ...aroundBody(createAuthenticate(sessionsWithAddresses, { cookie, audit })),
      schema: {
        operationId: 'me',
        summary: 'Who is signed in',
        description:
          'The user with all addresses, by Bearer or cookie; the Bearer wins. 401 `token_expired` is a Bearer that has ended: refresh it. Any other 401 is the end of the session.',
        tags,
        security,
        ...me,
      },
    },
    async (request) => {
      const { user, beside } = signedIn(request)
      const addresses = beside as SerializedAddress[]
      return { success: true, data: { ...serializeUser(user, defaultCountry), addresses } } as const
    },
  )
}
