// Reads bodies: JSON in valid UTF-8, and forms where a route asks for them, so that no byte is silently dropped, replaced or
// reinterpreted.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { atField, Problem } from '../errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** the body as it came, of routes whose clients sign it (`isSigned`) */
    rawBody: Buffer | null
  }
}

// Fatal: a byte sequence that is no UTF-8 must not become U+FFFD, which would make two inputs one. The BOM, which RFC 8259
// §8.1 forbids, is kept so that it can be refused.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a form may have. Twilio sends some thirty parameters in 2 kB; 16 kB of empty ones took 6 ms to read. */
const maxParameters = 100
const maxForm = 8 * 1024

const notPlain = () => new Problem('unsupported_media_type', { errors: ['Send the body in UTF-8, not compressed'] })
/** A body that is at fault as a whole. */
const unreadable = (line: string) => new Problem('validation_failed', atField('', line))
const notUtf8 = 'The body must be UTF-8 without a byte order mark'
const unstorable = 'The body must not hold NUL or lone surrogates'
const twice = 'A name must not stand twice in an object of the body'

/** Replaces all of the server's body parsers. An empty body is no body. */
export function useJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.decorateRequest('rawBody', null)
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (!isPlainUtf8(request)) return done(notPlain())
    if (body.length === 0) return done(null, undefined)
    if (request.routeOptions.config.isSigned) request.rawBody = body
    const text = decode(body)
    if (text === null) return done(unreadable(notUtf8))
    parseJson(request, text, (error, value) => {
      if (error) return done(unreadable('The body must be valid JSON'))
      if (hasUnstorableText(value)) {
        return done(new Problem('validation_failed', atField(memberWithUnstorableText(value), unstorable)))
      }
      // RFC 7493 §2.3. Others take the first one: what a gateway before us has looked at must be what we act on.
      if (hasNameTwice(text, value)) return done(unreadable(twice))
      done(null, value)
    })
  })
}

/**
 * Lets the routes of a scope take forms too, as an object of texts. In no other place: a form is what a page of another site can
 * send without a preflight. URLSearchParams is the standard's own reader of this type, so no library is needed.
 */
export function useFormBodies(scope: FastifyInstance): void {
  const readForm = async (request: FastifyRequest, body: Buffer) => {
    if (!isPlainUtf8(request)) throw notPlain()
    const text = decode(body)
    if ((text?.split('&', maxParameters + 1).length ?? 0) > maxParameters) {
      throw unreadable(`A form may have ${maxParameters} parameters`)
    }
    const entries = [...new URLSearchParams(text ?? '')]
    // U+FFFD stands for escaped bytes that are no UTF-8.
    if (text === null || entries.flat().some((part) => part.includes('\ufffd'))) {
      throw unreadable(notUtf8)
    }
    // RFC 6749 §3.2: a parameter that comes twice must not be guessed about.
    const isTwice = new Set(entries.map(([name]) => name)).size < entries.length
    if (isTwice) throw unreadable('Each parameter may come once')
    return Object.fromEntries(entries)
  }
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer', bodyLimit: maxForm }, readForm)
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

/**
 * Whether a name stands twice in an object of a JSON text that was read as a value, where the last one counts: the text has a colon outside
 * of its strings for each name, the value a member for each different one.
 */
function hasNameTwice(text: string, value: unknown): boolean {
  const names = text.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').split(':').length - 1
  let members = 0
  const pending: unknown[] = [value]
  while (names > 1 && pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null) continue
    const values = Object.values(next)
    if (!Array.isArray(next)) members += values.length
    pending.push(...values)
  }
  return names > 1 && members < names
}

/** The member of a body in which there is such a text; empty where the body is no object, or the name itself is one. */
function memberWithUnstorableText(body: unknown): string {
  const members = typeof body === 'object' && body !== null ? Object.entries(body) : []
  return members.find(([, value]) => hasUnstorableText(value))?.[0] ?? ''
}
