// The headers that every answer carries, whatever becomes of the request.

import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'
import { isSame } from './constant-time.js'

/** Content policy of an answer that is data and no page. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'"

/** @param requestId also in every log line of the request */
export function standardHeaders(requestId: string): Record<string, string> {
  return {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'content-security-policy': dataPolicy,
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  }
}

/** Sets the headers before anything else can answer. A route that needs another value overrides it. */
export function useStandardHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(standardHeaders(request.id))
    done()
  })
}

// Entity tags of what is made once and asked for often.

/** A strong entity tag (RFC 9110 §8.8.3) of these bytes. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

/** Whether a client has what the tag names (RFC 9110 §13.1.2): any of a list, weak or strong, or `*`. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

// Reading cookies of which several may have one name.

/**
 * What a request's cookies of a name say, in the order in which they came. A browser sends several of one name where they have
 * different paths or domains (RFC 6265 §5.4); `request.cookies` has the first one alone.
 */
export function cookiesOf(request: FastifyRequest, name: string): string[] {
  const header = request.headers.cookie ?? ''
  const isThereOnce = header.indexOf(name) === header.lastIndexOf(name)
  // By the reader that fills `request.cookies`, so that nothing is one of our cookies here and none to the same-origin rule.
  const cookies = isThereOnce ? [request.cookies] : header.split(';').map((part) => request.server.parseCookie(part))
  return cookies.flatMap((each) => each[name] ?? [])
}

// Bearer tokens in requests (RFC 6750): reading them, and routes that are for whoever shows one secret of the settings.

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
