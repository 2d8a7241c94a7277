// What goes wrong, in one shape: what the service answered (RFC 9457), and what kept it from answering.

/** The codes of the service. A newer service may have more: keep a `default` where you switch on them. */
export type ServiceErrorCode =
  | 'validation_failed'
  | 'country_not_supported'
  | 'number_type_not_supported'
  | 'unauthorized'
  | 'token_expired'
  | 'otp_invalid'
  | 'passkey_invalid'
  | 'exchange_invalid'
  | 'challenge_required'
  | 'forbidden'
  | 'verification_required'
  | 'second_proof_required'
  | 'signup_refused'
  | 'step_up_required'
  | 'cross_site'
  | 'account_not_found'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'already_registered'
  | 'last_admin'
  | 'passkey_limit'
  | 'last_identifier'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal_error'
  | 'delivery_failed'
  | 'service_unavailable'

/**
 * What the client itself reports, with `status` 0 but for the last: the device has no network; no answer came; none came in time;
 * somebody came back from the sign-in page whom this tab did not send there; something else than the service answered, such as a proxy.
 */
export type ClientErrorCode = 'offline' | 'network_error' | 'timeout' | 'state_mismatch' | 'unexpected_answer'

export type ErrorCode = ServiceErrorCode | ClientErrorCode | (string & {})

/** A field at fault: a pointer into the body (RFC 6901) and a line for people. */
export type FieldError = { pointer: string; detail: string }

/** A challenge as ALTCHA 2 makes it. */
export type ProofOfWork = {
  parameters: {
    algorithm: string
    /** iterations */
    cost: number
    /** bytes, 32 where not given */
    keyLength?: number
    /** hexadecimal, as nonce and salt */
    keyPrefix: string
    nonce: string
    salt: string
    [more: string]: unknown
  }
  signature?: string
}

/** What is to be solved: proof of work, or the widget of a provider. */
export type Challenge = ProofOfWork | { provider: 'turnstile' | 'hcaptcha' | (string & {}); site_key: string }

export type ErrorDetails = {
  status?: number
  errors?: string[]
  fields?: FieldError[]
  retryAfter?: number | undefined
  challenge?: Challenge | undefined
  needsSignup?: boolean
  reason?: string | undefined
  recycleToken?: string | undefined
  requestId?: string | undefined
  cause?: unknown
}

/** Its members are declared alone: the constructor gives each its value. */
export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError'
  /** stable: switch on it */
  declare readonly code: ErrorCode
  /** of HTTP; 0 where no answer came */
  declare readonly status: number
  /** for people, one line for each field at fault */
  declare readonly errors: readonly string[]
  /** with `validation_failed`: which field of the body which line is for */
  declare readonly fields: readonly FieldError[]
  /** seconds after which the same call is worth trying */
  declare readonly retryAfter: number | undefined
  /** with `challenge_required` */
  declare readonly challenge: Challenge | undefined
  /** with `account_not_found`: the number has no account yet */
  declare readonly needsSignup: boolean
  declare readonly reason: string | undefined
  /** with `second_proof_required`: for the verify of the account's other phone or email, or to ask for a new account */
  declare readonly recycleToken: string | undefined
  /** by which the service's log knows the request */
  declare readonly requestId: string | undefined

  constructor(code: ErrorCode, { cause, ...details }: ErrorDetails = {}) {
    const errors = details.errors?.length ? details.errors : [code]
    super(errors.join('; '), { cause })
    Object.assign(this, { status: 0, fields: [], needsSignup: false }, details, { code, errors })
  }
}

/** The error of an answer that is none of success. */
export function errorOf(status: number, body: unknown, header: (name: string) => string | null): LatchkeyError {
  const requestId = header('x-request-id') ?? undefined
  const problem = Object(body)
  const retryAfter = Number(problem.retry_after ?? header('retry-after') ?? Number.NaN)
  const isOurs = typeof problem.code === 'string'
  return new LatchkeyError(isOurs ? problem.code : 'unexpected_answer', {
    status,
    errors: isOurs ? [problem.errors ?? []].flat() : [`The answer was ${status}`],
    fields: problem.fields ?? [],
    // A date is allowed by RFC 9110 §10.2.3, and sent by proxies at most.
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
    challenge: problem.challenge,
    needsSignup: !!problem.needs_signup,
    reason: problem.reason,
    recycleToken: problem.recycle_token,
    requestId,
  })
}
