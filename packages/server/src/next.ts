// Next.js: route handlers, pages of the server, and the middleware (`proxy.ts` from Next.js 16 on).
import { refusedBy, responseOf, unanswerable } from './answers.js'
import { SessionCheckError } from './errors.js'
import type { VerifierOptions } from './options.js'
import type { HeadersLike } from './request.js'
import { createVerifier, type Outcome, type Session } from './verifier.js'

export type GateOptions = {
  /** where pages send whoever is not signed in; it is told in `next` where they wanted to go */
  signIn: string
  /** for your `matcher` to be wider than what is closed: whether this path is open to all */
  isOpen?: (pathname: string) => boolean
}

type Handler<Context> = (request: Request, context: Context & { session: Session }) => Response | Promise<Response>

/**
 * What a Next.js application needs, for one service. Make it once, in a module of your own.
 * @throws SessionCheckError `misconfigured`
 */
export function createLatchkey(options: VerifierOptions) {
  const verifier = createVerifier(options)

  /** @returns the session, or the answer for whoever has none */
  async function sessionOrAnswer(request: Request): Promise<Session | Response> {
    let outcome: Outcome
    try {
      outcome = await verifier.check(request)
    } catch (error) {
      if (error instanceof SessionCheckError && error.code === 'unavailable') return responseOf(unanswerable(error))
      throw error
    }
    return outcome.session ?? responseOf(refusedBy(outcome.refusal))
  }

  return {
    verify: verifier.verify,

    /**
     * Who looks at a page: `await session(await headers())`, null for nobody. A server action changes something, and is known by the
     * header that Next.js sends with it, or by that of a body: a form that is sent before scripts run has no other.
     */
    session: (headers: HeadersLike): Promise<Session | null> => {
      const has = (name: string) =>
        typeof headers.get === 'function' ? headers.get(name) !== null : Object.hasOwn(headers, name)
      const isAction = has('next-action') || has('content-type')
      return verifier.verify({ headers, method: isAction ? 'POST' : 'GET' })
    },

    /** A route handler for whoever is signed in: `export const GET = withSession((request, { session }) => …)`. */
    withSession:
      <Context extends object = object>(handler: Handler<Context>) =>
      async (request: Request, context: Context): Promise<Response> => {
        const session = await sessionOrAnswer(request)
        return session instanceof Response ? session : handler(request, { ...context, session })
      },

    /**
     * A middleware: people who are not signed in are sent to `signIn`, programs get 401. It saves a page; what a page shows is decided
     * where it is made, since a middleware can be gone around (CVE-2025-29927).
     */
    gate:
      ({ signIn, isOpen = () => false }: GateOptions) =>
      async (request: Request): Promise<Response | undefined> => {
        const { pathname, search, origin } = new URL(request.url)
        const target = new URL(signIn, origin)
        if (pathname === target.pathname || isOpen(pathname)) return undefined
        const session = await sessionOrAnswer(request)
        if (!(session instanceof Response)) return undefined
        const isPage = request.method === 'GET' && /\btext\/html\b/.test(request.headers.get('accept') ?? '')
        if (!isPage || session.status === 503) return session
        // A path such as `//evil.example` would be another host to whoever goes to `next`.
        target.searchParams.set('next', pathname.replace(/^\/+/, '/') + search)
        return Response.redirect(target, 303)
      },
  }
}
