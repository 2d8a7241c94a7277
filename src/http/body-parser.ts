// Reads bodies: JSON in valid UTF-8 and nothing else, so that no byte is silently dropped, replaced or reinterpreted.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'

// Fatal: a byte sequence that is no UTF-8 must not become U+FFFD, which would make two inputs one. The BOM, which RFC 8259
// §8.1 forbids, is kept so that it can be refused.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Replaces all of the server's body parsers. An empty body is no body. */
export function useJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (!isPlainUtf8(request)) return done(new Problem('unsupported_media_type'))
    if (body.length === 0) return done(null, undefined)
    const text = decode(body)
    if (text === null)
      return done(new Problem('validation_failed', { errors: ['The body must be UTF-8 without a byte order mark'] }))
    parseJson(request, text, (error, value) => {
      if (error) return done(new Problem('validation_failed', { errors: ['The body must be valid JSON'] }))
      if (hasUnstorableText(value)) {
        return done(new Problem('validation_failed', { errors: ['The body must not hold NUL or lone surrogates'] }))
      }
      done(null, value)
    })
  })
}

/** Whether nothing but UTF-8 is announced: another charset or a compression would be read as what it is not. */
function isPlainUtf8({ headers }: FastifyRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(String(headers['content-type']))?.[1]
  const encoding = headers['content-encoding'] ?? 'identity'
  return (charset === undefined || /^utf-?8$/i.test(charset)) && encoding.toLowerCase() === 'identity'
}

function decode(body: Buffer): string | null {
  try {
    const text = decoder.decode(body)
    return text.startsWith('\ufeff') ? null : text
  } catch {
    return null
  }
}

/** Whether any text in a value holds what PostgreSQL cannot (NUL) or UTF-8 cannot (a lone surrogate). Not recursive: depth is the sender's choice. */
function hasUnstorableText(value: unknown): boolean {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'string' && (next.includes('\0') || !next.isWellFormed())) return true
    if (typeof next === 'object' && next !== null) pending.push(...Object.keys(next), ...Object.values(next))
  }
  return false
}
