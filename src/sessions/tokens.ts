// Session tokens: what is in one, and which ones we believe. The session row decides the rest.
import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { uuidPattern } from '../http/uuid.js'

/** Seconds by which the clocks of two replicas may differ. */
export const clockTolerance = 5

/** All that a token holds, but for what TOKEN_CLAIMS adds: names of rows, no personal data (NIST SP 800-63B-4 §5.1.1). */
const ClaimsSchema = Type.Object({
  iss: Type.String(),
  // One string: with a list of audiences another service's token could be meant for us too.
  aud: Type.String(),
  sub: Type.String({ pattern: uuidPattern }),
  sid: Type.String({ pattern: uuidPattern }),
  jti: Type.String({ pattern: uuidPattern }),
  iat: Type.Integer(),
  exp: Type.Integer(),
})
export type Claims = Static<typeof ClaimsSchema>
const claimsCheck = TypeCompiler.Compile(ClaimsSchema)

/** Signs a payload, adding issuer and audience. */
export type TokenSigner = (payload: Omit<Claims, 'iss' | 'aud'>) => string
/** The payload of a token whose signature, issuer and audience hold, and its times unless `atAnyTime`. Throws otherwise. */
export type TokenVerifier = (token: string, options?: Readonly<{ atAnyTime: true }>) => unknown

/** @param verifiers one for each live key, by its kid */
export class Tokens {
  readonly #sign: TokenSigner
  readonly #verifiers: ReadonlyMap<string, TokenVerifier>
  /** By the header of tokens that were good, as it is written: all tokens of a key have the same one. */
  readonly #knownHeaders = new Map<string, TokenVerifier>()

  constructor(sign: TokenSigner, verifiers: ReadonlyMap<string, TokenVerifier>) {
    this.#sign = sign
    this.#verifiers = verifiers
  }

  /**
   * A token of a session.
   * @param lifetime whole seconds
   * @param jti that of its first one is the session's id: its row need not say it
   */
  issue(userId: string, sessionId: string, lifetime: number, jti = sessionId): string {
    const iat = Math.floor(Date.now() / 1000)
    return this.#sign({ sub: userId, sid: sessionId, jti, iat, exp: iat + lifetime })
  }

  /** A token that was just issued, with more in it. What it says of itself stays. */
  extend(token: string, more: Readonly<Record<string, unknown>>): string {
    const payload = Buffer.from(String(token.split('.')[1]), 'base64url').toString('utf8')
    const { iss, aud, ...own }: Claims = JSON.parse(payload)
    return this.#sign({ ...more, ...own })
  }

  #read(token: string, options?: Readonly<{ atAnyTime: true }>): Claims | null {
    const header = token.slice(0, Math.max(0, token.indexOf('.')))
    const verifier = this.#knownHeaders.get(header) ?? this.#verifiers.get(keyNameOf(header) ?? '')
    if (verifier === undefined) return null
    try {
      const claims = verifier(token, options)
      this.#knownHeaders.set(header, verifier)
      return claimsCheck.Check(claims) ? claims : null
    } catch {
      return null
    }
  }

  /** The claims of a token that we signed and that is still valid, or null. */
  verify(token: string): Claims | null {
    const claims = this.#read(token)
    return claims !== null && claims.iat <= Date.now() / 1000 + clockTolerance ? claims : null
  }

  /** The claims of a token that was good until it ended, or null. What it may still do, its session's row says. */
  verifyEnded(token: string): Claims | null {
    const claims = this.verify(token) === null ? this.#read(token, { atAnyTime: true }) : null
    return claims !== null && claims.exp <= Date.now() / 1000 ? claims : null
  }

  /** The claims of a token that we signed, also where it has ended, or null. For what takes rights away, never for what gives any. */
  verifyAtAnyTime(token: string): Claims | null {
    return this.#read(token, { atAnyTime: true })
  }
}

/**
 * The `kid` of a token's encoded header. It only picks one of our own keys, by exact name; nothing else in the header is looked at
 * (RFC 8725 §3.10: no key, no address of a key, is ever taken from a token).
 */
function keyNameOf(header: string): string | null {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    const kid: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'kid') : null
    return typeof kid === 'string' ? kid : null
  } catch {
    return null
  }
}
