// The hook that lets only signed-in people through: a whole scope of routes is behind it, so that no route can forget it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.js'
import { isAwaited } from '../http/around-body.js'
import { type Client, clientOf } from '../http/client.js'
import { bearerOf, cookiesOf } from '../http/headers.js'
import { isApiKey, notForKeys } from './api-keys.js'
import type { SessionCookie } from './cookies.js'
import type { Actor, Authentication, Authenticator } from './service.js'
import type { Claims } from './tokens.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** who the request comes from; null outside the policies that ask */
    authentication: Authentication | null
  }
}

/** What a route behind {@link createAuthenticate} says of itself in the OpenAPI document: either of both will do. */
export const security = [{ bearer: [] }, { cookie: [] }]

/** The same of a route that is open to all, and does more for who is signed in. */
export const optionalSecurity = [...security, {}]

/** Cookies of our name that a request is asked for at most; each may cost a query. */
const maxCookies = 5

/** Every token that a request brings, each once: Bearer before cookies. */
export function tokensOf(request: FastifyRequest, cookieName: string): Set<string> {
  const bearer = bearerOf(request)
  return new Set([...(bearer === null ? [] : [bearer]), ...cookiesOf(request, cookieName)])
}

type Dependencies = Readonly<{
  cookie: SessionCookie
  /** the audit trail, as far as it is needed here */
  audit: { record: (client: Client, event: { event: 'authn_token_reuse'; userId: string }) => Promise<void> }
}>

/**
 * A check for `aroundBody`: whoever is not signed in gets 401 `unauthorized`, and a Bearer that has ended `token_expired`. Bearer wins
 * over cookies. Of several cookies each is tried; where they are good for different users somebody put one beside another's (cookie
 * tossing), and nobody can tell who asks: 401. A cookie that has ended or is past half its life is renewed, so that a browser stays
 * signed in as long as its session; whoever sends a Bearer token calls refresh.
 * @param options `takesEnded`: a Bearer that has ended is as good as a cookie that has, for the route that refreshes it
 */
export function createAuthenticate(
  sessions: Authenticator,
  { cookie, audit }: Dependencies,
  { takesEnded = false } = {},
) {
  async function tellReuse(request: FastifyRequest, claims: Claims): Promise<void> {
    const userId = await sessions.reuseOf(claims)
    if (userId === null) return
    request.log.warn({ sessionId: claims.sid }, 'a token came that has ended and was replaced long ago')
    await audit.record(clientOf(request), { event: 'authn_token_reuse', userId })
  }

  /** Those of tokens that have ended; of the user who is known by another one there is nothing to find out. */
  async function tryEnded(request: FastifyRequest, tokens: string[], known: Authentication | undefined) {
    const found: (Authentication | null)[] = []
    for (const token of tokens) {
      const claims = sessions.endedClaims(token)
      if (claims === null || claims.sub === known?.user.id) continue
      const authentication = await sessions.authenticateEnded(claims)
      if (authentication === null) await tellReuse(request, claims)
      found.push(authentication)
    }
    return found
  }

  return async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const bearer = bearerOf(request)
    const brought = broughtBy(request, bearer, cookie.name)
    const tokens = [...new Set(brought)]
    const live = (await Promise.all(tokens.map((token) => sessions.authenticate(token)))).filter(
      (each) => each !== null,
    )
    if (bearer !== null && !takesEnded && sessions.endedClaims(bearer) !== null) {
      throw new Problem('token_expired', { invalidToken: true })
    }
    const authentication = theOneOf([...live, ...(await tryEnded(request, tokens, live[0]))])
    if (authentication === null) throw new Problem('unauthorized', { invalidToken: true })
    request.authentication = authentication
    // By the last check alone: until then the session may end.
    const isRenewable = bearer === null && !isAwaited(request)
    const renewed = isRenewable ? await sessions.renew(authentication) : null
    if (renewed !== null) cookie.set(reply, renewed.token, renewed.lifetime)
  }
}

/**
 * What a request shows of who it comes from: its Bearer, or its cookies.
 * @throws Problem `unauthorized` where it shows nothing, and where it is no person's
 */
function broughtBy(request: FastifyRequest, bearer: string | null, cookieName: string): readonly string[] {
  if (bearer !== null && isApiKey(bearer)) throw new Problem('unauthorized', notForKeys)
  const brought = bearer === null ? cookiesOf(request, cookieName).slice(0, maxCookies) : [bearer]
  if (brought.length === 0) throw new Problem('unauthorized')
  return brought
}

/** The first that is somebody, or null where there is none or another one is somebody else. */
function theOneOf(authentications: readonly (Authentication | null)[]): Authentication | null {
  const found = authentications.filter((each) => each !== null)
  const [first = null] = found
  return found.every(({ user }) => user.id === first?.user.id) ? first : null
}

/** Who a request behind {@link createAuthenticate} comes from. */
export function signedIn(request: FastifyRequest): Authentication {
  if (request.authentication === null) throw new Problem('unauthorized')
  return request.authentication
}

/** The same, as services have to know it. */
export function actorOf(request: FastifyRequest): Actor {
  const { user, sessionId } = signedIn(request)
  return { userId: user.id, sessionId }
}
