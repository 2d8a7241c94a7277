// Hono: `c.get('session')`, and a middleware for routes that need one.
import type { MiddlewareHandler } from 'hono'
import { refusedBy, responseOf } from './answers.js'
import type { VerifierOptions } from './options.js'
import { createVerifier, type Outcome, type Session } from './verifier.js'

/** `new Hono<SessionEnv>()` */
export type SessionEnv = { Variables: { session: Session | null } }

const outcomes = new WeakMap<Request, Outcome>()

/**
 * `app.use(latchkeySession({ url }))`. Where nobody can tell whose a request is, it fails by your own `onError`.
 * @throws SessionCheckError `misconfigured`
 */
export function latchkeySession(options: VerifierOptions): MiddlewareHandler<SessionEnv> {
  const verifier = createVerifier(options)
  return async (c, next) => {
    const outcome = await verifier.check(c.req.raw)
    outcomes.set(c.req.raw, outcome)
    c.set('session', outcome.session)
    await next()
  }
}

/** `app.get('/orders', requireSession, …)`: 401 for whoever is not signed in, 403 for other sites' pages. */
export const requireSession: MiddlewareHandler<SessionEnv> = async (c, next) => {
  const outcome = outcomes.get(c.req.raw)
  if (!outcome?.session) return responseOf(refusedBy(outcome?.refusal ?? 'no_token'))
  return next()
}
