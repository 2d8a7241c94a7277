// Express (4 and 5), and whatever else has `(request, response, next)`.
import { type Refused, refusedBy } from './answers.js'
import type { VerifierOptions } from './options.js'
import type { RequestLike } from './request.js'
import { createVerifier, type Outcome, type Session } from './verifier.js'

declare global {
  namespace Express {
    interface Request {
      /** who is signed in, or null */
      session?: Session | null
    }
  }
}

type Request = RequestLike & { session?: Session | null }
type Response = { statusCode: number; setHeader(name: string, value: string): unknown; end(body: string): unknown }
type Next = (error?: unknown) => void

const outcomes = new WeakMap<Request, Outcome>()

/**
 * `app.use(latchkeySession({ url }))`: every request gets its `session`. Where nobody can tell whose it is, `next` gets the error, whose
 * `statusCode` is 503.
 * @throws SessionCheckError `misconfigured`
 */
export function latchkeySession(options: VerifierOptions) {
  const verifier = createVerifier(options)
  return (request: Request, _response: unknown, next: Next): void => {
    verifier.check(request).then((outcome) => {
      outcomes.set(request, outcome)
      request.session = outcome.session
      next()
    }, next)
  }
}

/** `app.get('/orders', requireSession, …)`: 401 for whoever is not signed in, 403 for other sites' pages. */
export function requireSession(request: Request, response: Response, next: Next): void {
  const outcome = outcomes.get(request)
  if (outcome?.session) next()
  else answer(response, refusedBy(outcome?.refusal ?? 'no_token'))
}

function answer(response: Response, { status, headers, body }: Refused): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
