// Fastify: `request.session`, and a hook for routes that need one.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refusedBy } from './answers.js'
import type { VerifierOptions } from './options.js'
import { createVerifier, type Outcome, type Session } from './verifier.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** who is signed in, or null */
    session: Session | null
  }
}

const outcomes = new WeakMap<FastifyRequest, Outcome>()

/**
 * `app.register(latchkeySession, { url })`: every request gets its `session`. Where nobody can tell whose it is, the request fails with
 * 503 by your own error handler. A request without a token asks nobody anything.
 */
export async function latchkeySession(app: FastifyInstance, options: VerifierOptions): Promise<void> {
  const verifier = createVerifier(options)
  app.decorateRequest('session', null)
  app.addHook('onRequest', async (request) => {
    const outcome = await verifier.check(request)
    outcomes.set(request, outcome)
    request.session = outcome.session
  })
}

// For the application that registers it, not for a scope of its own.
Object.assign(latchkeySession, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@latchkey/server',
})

/** `{ preHandler: requireSession }`, or a hook of a whole scope: 401 for whoever is not signed in, 403 for other sites' pages. */
export async function requireSession(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const outcome = outcomes.get(request)
  if (outcome?.session) return undefined
  const { status, headers, body } = refusedBy(outcome?.refusal ?? 'no_token')
  return reply
    .code(status)
    .headers({ ...headers })
    .send(body)
}
