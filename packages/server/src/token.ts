// A token that is verified here, by the service's public keys.
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { SessionCheckError } from './errors.js'
import { createKeys } from './keys.js'
import { algorithmsOf, demand, type JwksOptions, type Settings } from './options.js'

/** The claims of a good token, or why it is none. */
export type Checked =
  | { claims: JWTPayload; refusal?: never }
  | { refusal: 'token_expired' | 'invalid_token'; claims?: never }
export type CheckToken = (token: string) => Promise<Checked>

/** Bytes that a token has at most: the service's are shorter than 3,500. */
const longest = 4_096
const isJwt = (token: string) => token.length <= longest && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)

export const invalid: Checked = { refusal: 'invalid_token' }

/** Keeps what can be no token of the service from costing anything. */
export function shapedFirst(check: CheckToken): CheckToken {
  return async (token) => (isJwt(token) ? check(token) : invalid)
}

/** @throws SessionCheckError `misconfigured` */
export function checkByKeys(settings: Settings, options: JwksOptions): CheckToken {
  const { issuer, audience } = settings
  const { clockTolerance = 5 } = options
  demand(clockTolerance >= 0 && clockTolerance <= 60, 'clockTolerance is a number of seconds, 60 at most')
  const keys = createKeys(settings)
  const expected = {
    issuer,
    audience,
    algorithms: algorithmsOf(options),
    typ: 'JWT',
    clockTolerance,
    requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
  }

  return shapedFirst(async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, expected)
      return areOurs(payload, expected) ? { claims: payload } : invalid
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { refusal: 'token_expired' }
      if (error instanceof errors.JOSEError) return invalid
      if (error instanceof SessionCheckError) throw error
      throw new SessionCheckError('misconfigured', 'The keys of the service cannot be used here', { cause: error })
    }
  })
}

/** What jose leaves open: a list of audiences may name another service too, and a token of tomorrow is nobody's. */
function areOurs({ aud, iat = 0, sub, jti, sid }: JWTPayload, { clockTolerance }: { clockTolerance: number }): boolean {
  const areTexts = [aud, sub, sid, jti].every((claim) => typeof claim === 'string' && claim !== '')
  return areTexts && iat <= Date.now() / 1000 + clockTolerance
}
