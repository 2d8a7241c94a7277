// Who asks, as far as services have to know.
import type { FastifyRequest } from 'fastify'
import { signedIn } from './authenticate.js'

/** Somebody signed in, and the session in which they ask (both UUIDv7). */
export type Asker = Readonly<{ userId: string; sessionId: string }>

/** Of a request behind `createAuthenticate`. */
export function askerOf(request: FastifyRequest): Asker {
  const { user, sessionId } = signedIn(request)
  return { userId: user.id, sessionId }
}
