// The settings of sessions: keys, tokens, cookies.
import type { KeyObject } from 'node:crypto'
import { parsePrivateKey, parsePublicKeys } from './keys.js'
import type { Mode, SettingReader } from './reader.js'
import { parseBearerSecret } from './secrets.js'

const day = 86_400
/** Seconds after which a session ends whatever happens (NIST SP 800-63B-4 §2.1.3: 30 days at most). */
export const maxSessionLifetime = 30 * day

export function parseSessionSettings(read: SettingReader, mode: Mode) {
  const timeToLive = read.duration('SESSION_TTL', 7 * day, { minimum: 60, maximum: maxSessionLifetime })
  const privateKey = readPrivateKey(read)
  const previous = read.text('JWT_PREVIOUS_PUBLIC_KEYS')
  const previousPublicKeys = previous === undefined ? [] : parsePublicKeys(previous)
  if (previousPublicKeys === null) read.report('JWT_PREVIOUS_PUBLIC_KEYS', 'must hold public keys in PEM')
  const cookieName = read.text('COOKIE_NAME') ?? 'jwt'
  // RFC 9110 §5.6.2: a cookie's name is a token; `signup` and `device` are cookies of our own
  if (!/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(cookieName) || ['signup', 'device'].includes(cookieName)) {
    read.report('COOKIE_NAME', 'must be a cookie name other than signup and device')
  }
  return {
    privateKey,
    previousPublicKeys: previousPublicKeys ?? [],
    issuer: read.text('JWT_ISSUER') ?? 'latchkey',
    audience: read.text('JWT_AUDIENCE') ?? 'latchkey',
    /** seconds without use after which a session ends */
    timeToLive,
    /** seconds that one token lives */
    tokenTimeToLive: read.duration('TOKEN_TTL', timeToLive, { minimum: 60, maximum: timeToLive }),
    /** what other services show to ask about a token; nobody may ask where there is none */
    introspectionToken: parseBearerSecret(read, 'INTROSPECTION_TOKEN'),
    cookieName,
    cookieSameSite: read.choice('COOKIE_SAMESITE', 'lax', ['lax', 'strict', 'none']),
    // Browsers take `Secure` cookies on http://localhost alone, and some not even there. A prefixed name demands it.
    secureCookies: mode !== 'development' || /^__(Host|Secure)-/.test(cookieName),
  }
}

function readPrivateKey(read: SettingReader): KeyObject {
  const text = read.required('JWT_PRIVATE_KEY', '(npm run keys prints one)')
  const key = text ? parsePrivateKey(text) : null
  if (text && key === null)
    read.report('JWT_PRIVATE_KEY', 'must be a P-256, Ed25519 or RSA (2048 bits and more) key in PEM')
  // Where there is none, a problem has been reported and nobody gets to see this value.
  return key as KeyObject
}
