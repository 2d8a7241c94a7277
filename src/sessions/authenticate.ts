// The hook that lets only signed-in people through: a whole scope of routes is behind it, so that no route can forget it.
import type { FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'
import type { Authentication, SessionService } from './service.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** who the request comes from; null outside the scopes that ask */
    authentication: Authentication | null
  }
}

/** The token of a request, Bearer before cookie (RFC 6750 §2.1), or null. */
export function tokenOf(request: FastifyRequest, cookieName: string): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')
  return bearer?.[1] ?? request.cookies[cookieName] ?? null
}

/** An `onRequest` hook: before the body is read, whoever is not signed in gets 401 `unauthorized`. */
export function createAuthenticate(sessions: SessionService, cookieName: string) {
  return async function authenticate(request: FastifyRequest): Promise<void> {
    const token = tokenOf(request, cookieName)
    request.authentication = token === null ? null : await sessions.authenticate(token)
    if (request.authentication === null) throw new Problem('unauthorized')
  }
}

/** Who a request behind {@link createAuthenticate} comes from. */
export function signedIn(request: FastifyRequest): Authentication {
  if (request.authentication === null) throw new Problem('unauthorized')
  return request.authentication
}
