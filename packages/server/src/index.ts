// Who a request comes from, for anything that has headers: Fetch, Node.js, Fastify, Express, Next.js, Hono.
export { SessionCheckError, type SessionCheckErrorCode } from './errors.js'
export type { Algorithm, IntrospectionOptions, JwksOptions, VerifierOptions } from './options.js'
export type { HeadersLike, RequestLike } from './request.js'
export { createVerifier, type Outcome, type Refusal, type Session, type Verifier, verifySession } from './verifier.js'
