// Who a request comes from.
import { SessionCheckError } from './errors.js'
import { checkByService } from './introspection.js'
import { demand, settingsOf, type VerifierOptions } from './options.js'
import { type RequestLike, shownBy } from './request.js'
import { type Checked, type CheckToken, checkByKeys } from './token.js'

/** Somebody who is signed in, by the token that came. There is no secret in it. */
export type Session = Readonly<{
  /** UUIDv7, as everywhere in the service */
  userId: string
  sessionId: string
  tokenId: string
  issuedAt: Date
  /** of the token; its session lives on, for whoever refreshes */
  expiresAt: Date
  via: 'bearer' | 'cookie'
  claims: Readonly<Record<string, unknown>>
}>

/**
 * Why nobody is signed in. `token_expired`: whoever sent it refreshes it. `cross_site`: a cookie came, and nothing that says that a page
 * of ours sent it.
 */
export type Refusal = 'no_token' | 'cross_site' | 'token_expired' | 'invalid_token'

export type Outcome = { session: Session; refusal: null } | { session: null; refusal: Refusal }

export type Verifier = {
  /**
   * Who sent the request, or null.
   * @throws SessionCheckError where nobody can tell: `unavailable`, `misconfigured`
   */
  verify(request: RequestLike): Promise<Session | null>
  /** The same with the reason. Throws as `verify` does. */
  check(request: RequestLike): Promise<Outcome>
}

/**
 * A verifier for one service: make it once, when the program starts. It asks nothing until the first token comes.
 * @throws SessionCheckError `misconfigured`
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = settingsOf(options)
  const checkToken = checkOf(options)

  async function check(request: RequestLike): Promise<Outcome> {
    const shown = shownBy(request, settings.cookie, settings.origins)
    if ('refusal' in shown) return { session: null, refusal: shown.refusal }
    const all = await Promise.all(shown.tokens.map((token) => checkToken(token)))
    const good = all.map(({ claims }) => claims).filter((claims) => claims !== undefined)
    const [first] = good
    // Cookies of two people: nobody can tell which of them asks.
    if (first !== undefined && good.every(({ sub }) => sub === first.sub))
      return { session: sessionOf(first, shown.via), refusal: null }
    return { session: null, refusal: refusalOf(all) }
  }

  return { check, verify: async (request) => (await check(request)).session }

  function checkOf(options: VerifierOptions): CheckToken {
    const { mode = 'jwks' } = options
    demand(mode === 'jwks' || mode === 'introspection', 'mode is jwks or introspection')
    return options.mode === 'introspection' ? checkByService(settings, options) : checkByKeys(settings, options)
  }
}

function refusalOf(all: readonly Checked[]): Refusal {
  return all.some(({ refusal }) => refusal === 'token_expired') ? 'token_expired' : 'invalid_token'
}

function sessionOf(claims: NonNullable<Checked['claims']>, via: 'bearer' | 'cookie'): Session {
  const { sub, sid, jti, iat, exp } = claims as { sub: string; sid: string; jti: string; iat: number; exp: number }
  const [issuedAt, expiresAt] = [new Date(iat * 1_000), new Date(exp * 1_000)]
  return { userId: sub, sessionId: sid, tokenId: jti, issuedAt, expiresAt, via, claims: { ...claims } }
}

/** Verifiers of {@link verifySession}, which may be given its options anew each time; the oldest go. */
const verifiers = new Map<string, { verifier: Verifier; fetch: VerifierOptions['fetch'] }>()
const mostVerifiers = 20

/**
 * Who sent the request, or null. Keys and answers are kept between calls with the same options.
 * @throws SessionCheckError where nobody can tell: `unavailable`, `misconfigured`
 */
export async function verifySession(request: RequestLike, options: VerifierOptions): Promise<Session | null> {
  if (typeof Object(request).headers !== 'object')
    throw new SessionCheckError('misconfigured', 'The first argument is the request, with its headers')
  const name = JSON.stringify(Object.entries(options).sort(([one], [other]) => (one < other ? -1 : 1)))
  let known = verifiers.get(name)
  if (known === undefined || known.fetch !== options.fetch) {
    known = { verifier: createVerifier(options), fetch: options.fetch }
    verifiers.set(name, known)
    const [oldest = ''] = verifiers.keys()
    if (verifiers.size > mostVerifiers) verifiers.delete(oldest)
  }
  return known.verifier.verify(request)
}
