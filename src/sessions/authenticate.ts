// The hook that lets only signed-in people through: a whole scope of routes is behind it, so that no route can forget it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'
import { isAwaited } from '../http/around-body.js'
import { bearerOf } from '../http/bearer.js'
import type { Asker } from './asker.js'
import type { SessionCookie } from './cookies.js'
import type { Authentication, SessionService } from './service.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** who the request comes from; null outside the scopes that ask */
    authentication: Authentication | null
  }
}

/** What a route behind {@link createAuthenticate} says of itself in the OpenAPI document: either of both will do. */
export const security = [{ bearer: [] }, { cookie: [] }]

/** The token of a request, Bearer before cookie, or null. */
export function tokenOf(request: FastifyRequest, cookieName: string): string | null {
  return bearerOf(request) ?? request.cookies[cookieName] ?? null
}

/** Every token that a request brings, each once. */
export function tokensOf(request: FastifyRequest, cookieName: string): Set<string> {
  const tokens = [bearerOf(request), request.cookies[cookieName]]
  return new Set(tokens.filter((token) => typeof token === 'string'))
}

/**
 * A check for `aroundBody`: whoever is not signed in gets 401 `unauthorized`. A cookie past half its life is renewed, so that a
 * browser in use stays signed in; whoever sends a Bearer token calls refresh.
 */
export function createAuthenticate(sessions: Pick<SessionService, 'authenticate' | 'renew'>, cookie: SessionCookie) {
  return async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = tokenOf(request, cookie.name)
    if (token === null) throw new Problem('unauthorized')
    const authentication = await sessions.authenticate(token)
    if (authentication === null) throw new Problem('unauthorized', { invalidToken: true })
    request.authentication = authentication
    // By the last check alone: until then the session may end.
    const isRenewable = bearerOf(request) === null && !isAwaited(request)
    const renewed = isRenewable ? sessions.renew(authentication) : null
    if (renewed !== null) cookie.set(reply, renewed.token, renewed.lifetime)
  }
}

/** Who a request behind {@link createAuthenticate} comes from. */
export function signedIn(request: FastifyRequest): Authentication {
  if (request.authentication === null) throw new Problem('unauthorized')
  return request.authentication
}

/** The same, as services have to know it. */
export function askerOf(request: FastifyRequest): Asker {
  const { user, sessionId } = signedIn(request)
  return { userId: user.id, sessionId }
}
