// What is thrown: that nobody can tell who asks. That nobody is signed in is an answer, not an error.

/**
 * `misconfigured`: the options cannot be used, or the service says that they are wrong; somebody has to mend them.
 * `unavailable`: the service could not be asked; the request is nobody's until it can (fail closed), and is worth another try.
 */
export type SessionCheckErrorCode = 'misconfigured' | 'unavailable'

export class SessionCheckError extends Error {
  override readonly name = 'SessionCheckError'
  readonly code: SessionCheckErrorCode
  /** of HTTP, as Fastify and Express read it of an error: 503, or 500 where somebody has to mend something */
  readonly statusCode: number
  /** seconds after which another try is worth it; undefined where no time helps */
  readonly retryAfter: number | undefined

  constructor(code: SessionCheckErrorCode, message: string, details: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.statusCode = code === 'unavailable' ? 503 : 500
    this.retryAfter = code === 'unavailable' ? (details.retryAfter ?? 2) : undefined
  }
}
