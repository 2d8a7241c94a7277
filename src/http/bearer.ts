// Bearer tokens in requests (RFC 6750): reading them, and routes that are for whoever shows one secret of the settings.
import type { FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'
import { isSame } from './constant-time.js'

/** The Bearer token of a request (RFC 6750 §2.1), or null. */
export function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

/**
 * An `onRequest` hook: before the body is read, whoever does not show the secret gets 401 `unauthorized`.
 * @param setting the name that the secret has in the settings
 */
export function requireSecret(setting: string, secret: string) {
  return async function holdSecret(request: FastifyRequest): Promise<void> {
    const shown = bearerOf(request)
    if (isSame(shown ?? '', secret)) return
    throw new Problem('unauthorized', {
      errors: [`Show the ${setting} as Authorization: Bearer`],
      ...(shown !== null && { invalidToken: true }),
    })
  }
}
