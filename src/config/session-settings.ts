// The settings of sessions: keys, tokens, cookies.
import type { KeyObject } from 'node:crypto'
import { parsePrivateKey, parsePublicKeys } from './keys.js'
import type { SettingReader } from './reader.js'
import { parseBearerSecret } from './secrets.js'
import { settings } from './table/table.js'

/** Names of the cookies that we set beside the session's. */
export const otherCookies: readonly string[] = ['signup', 'device', 'passkey']

/** Seconds after which a session ends whatever happens (NIST SP 800-63B-4 §2.1.3: 30 days at most). */
export const maxSessionLifetime = settings.SESSION_TTL.maximum

/** What tokens can say of their users. */
export const tokenClaims = ['role', 'phone_number_verified', 'email_verified'] as const
export type TokenClaim = (typeof tokenClaims)[number]

/** Seconds that a token lives at most that says something of its user: so long it may be wrong. */
const longestClaim = 900

export function parseSessionSettings(read: SettingReader) {
  const timeToLive = read.duration('SESSION_TTL')
  const privateKey = readPrivateKey(read)
  const previous = read.text('JWT_PREVIOUS_PUBLIC_KEYS')
  const previousPublicKeys = previous === undefined ? [] : parsePublicKeys(previous)
  if (previousPublicKeys === null) read.refuse('JWT_PREVIOUS_PUBLIC_KEYS')
  const cookieName = read.text('COOKIE_NAME')
  // RFC 9110 §5.6.2: a cookie's name is a token; `signup`, `device` and `passkey` are cookies of our own
  if (!/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(cookieName) || otherCookies.includes(cookieName)) {
    read.refuse('COOKIE_NAME')
  }
  const isClaim = (item: string): item is TokenClaim => tokenClaims.some((name) => name === item)
  const isPart = (item: string): item is `public_metadata.${string}` => /^public_metadata\.[\w-]{1,64}$/.test(item)
  const claims = read.list('TOKEN_CLAIMS', (item) => isClaim(item) || isPart(item))
  const [ofUser, parts] = [claims.filter(isClaim), claims.filter(isPart)]
  const tokenTimeToLive = read.duration('TOKEN_TTL', { fallback: timeToLive, maximum: timeToLive })
  if (claims.length > 0 && tokenTimeToLive > longestClaim) {
    read.report('TOKEN_CLAIMS', 'needs a TOKEN_TTL of 15m or less: so long a token may say what is no longer true')
  }
  return {
    privateKey,
    previousPublicKeys: previousPublicKeys ?? [],
    issuer: read.text('JWT_ISSUER'),
    audience: read.text('JWT_AUDIENCE'),
    /** seconds without use after which a session ends */
    timeToLive,
    /** seconds that one token lives */
    tokenTimeToLive,
    /** what Bearer tokens say of their users */
    tokenClaims: ofUser,
    /** members of public_metadata that they say too */
    tokenMetadata: parts.map((part) => part.slice('public_metadata.'.length)),
    /** the names of all claims that come of the settings */
    claimNames: [...ofUser, ...(parts.length > 0 ? ['public_metadata'] : [])],
    /** what other services show to ask about a token; nobody may ask where there is none */
    introspectionToken: parseBearerSecret(read, 'INTROSPECTION_TOKEN'),
    cookieName,
    cookieSameSite: read.choice('COOKIE_SAMESITE'),
    // Browsers take `Secure` cookies on http://localhost alone, and some not even there. A prefixed name demands it.
    secureCookies: read.mode !== 'development' || /^__(Host|Secure)-/.test(cookieName),
  }
}

function readPrivateKey(read: SettingReader): KeyObject {
  const text = read.required('JWT_PRIVATE_KEY', '(latchkey keys new prints one)')
  const key = text ? parsePrivateKey(text) : null
  if (text && key === null) read.refuse('JWT_PRIVATE_KEY')
  // Where there is none, a problem has been reported and nobody gets to see this value.
  return key as KeyObject
}
