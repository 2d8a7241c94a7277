// Every error the API can answer: the catalogue, the one body they share (RFC 9457), and the exception that carries them.
import { type Static, Type } from '@sinclair/typebox'

/** Status and title of each code. The codes are part of the API: programs switch on them, so none is ever renamed. */
export const errorCatalogue = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  country_not_supported: { status: 400, title: 'Phone numbers of this country are not supported' },
  number_type_not_supported: { status: 400, title: 'Only mobile numbers are supported' },
  unauthorized: { status: 401, title: 'Sign in first' },
  token_expired: { status: 401, title: 'The token has ended: refresh it' },
  otp_invalid: { status: 401, title: 'Invalid or expired OTP' },
  passkey_invalid: { status: 401, title: 'This passkey opens nothing' },
  exchange_invalid: { status: 401, title: 'This code opens nothing: start the sign-in again' },
  challenge_required: { status: 403, title: 'Solve the challenge first' },
  forbidden: { status: 403, title: 'This is not yours to do' },
  verification_required: { status: 403, title: 'Verify the number first' },
  second_proof_required: { status: 403, title: 'Prove the other phone or email of the account too' },
  signup_refused: { status: 403, title: 'No account may be made of this' },
  step_up_required: { status: 403, title: 'Prove again that it is you' },
  cross_site: { status: 403, title: 'This call comes from another site' },
  account_not_found: { status: 404, title: 'Account not found' },
  not_found: { status: 404, title: 'Nothing is here' },
  method_not_allowed: { status: 405, title: 'This resource does not take that method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  already_registered: { status: 409, title: 'This number or address has an account already' },
  last_admin: { status: 409, title: 'Somebody has to stay admin' },
  passkey_limit: { status: 409, title: 'There can be 10 passkeys: remove one first' },
  last_identifier: { status: 409, title: 'One phone or email has to stay' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'Send JSON in UTF-8' },
  expectation_failed: { status: 417, title: 'No such expectation is met here' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  delivery_failed: { status: 502, title: 'The message could not be delivered' },
  service_unavailable: { status: 503, title: 'The service is not available right now' },
} as const

export type ErrorCode = keyof typeof errorCatalogue

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A URI that names the kind of error' }),
    title: Type.String({ description: 'The kind of error, for people' }),
    status: Type.Integer({ description: 'The HTTP status, again' }),
    detail: Type.String({ description: 'What was wrong this time, for people' }),
    code: Type.Unsafe<string>({
      // Open, since a later version may have more of them (README, "What may change").
      anyOf: [
        { title: 'ErrorCode', type: 'string', enum: Object.keys(errorCatalogue), description: 'Codes of this version' },
        { type: 'string' },
      ],
      description: 'The stable name that a program switches on. Later versions may have more: go by `status` then',
    }),
    success: Type.Literal(false),
    errors: Type.Array(Type.String(), { description: 'For people: one line for each field at fault' }),
    fields: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({
              description: 'A JSON pointer into the body (RFC 6901); empty: the body as a whole',
            }),
            detail: Type.String({ description: 'What is wrong there, for people' }),
          },
          { title: 'FieldFault' },
        ),
        {
          description:
            'With `validation_failed`, where the body is at fault: for a form to show each line at its field',
        },
      ),
    ),
    needs_signup: Type.Optional(Type.Boolean({ description: 'The number has no account yet: sign up' })),
    reason: Type.Optional(
      Type.String({
        description:
          'Of `delivery_failed`, `recipient_opted_out`: the number wants no messages of ours (STOP). Of `second_proof_required`, `new_account_asked_for`: in `retry_after` seconds a verify makes a new account, unless the owner of the old one signs in. Of `forbidden`, `new_device`: this device is too new to change how the account is signed in to, for `retry_after` seconds',
      }),
    ),
    retry_after: Type.Optional(Type.Integer({ description: 'Seconds after which the call will succeed' })),
    recycle_token: Type.Optional(
      Type.String({
        description:
          'With `second_proof_required`: stands for this proof for 10 minutes, once. For the verify of the account’s other phone or email, or to ask for a new account',
      }),
    ),
    challenge: Type.Optional(
      Type.Object(
        {},
        {
          title: 'Challenge',
          additionalProperties: true,
          description:
            'What to solve: `parameters` and `signature` as ALTCHA 2 makes them, or `provider` and `site_key` of Turnstile or hCaptcha. The same call with `challenge_solution` passes',
        },
      ),
    ),
  },
  { $id: 'Problem', description: 'An error (RFC 9457, application/problem+json)' },
)
export type ProblemBody = Static<typeof ProblemSchema>

/** What is wrong at one place of a body. The pointer is that of RFC 6901, and empty for the body as a whole. */
export type FieldFault = Readonly<{ pointer: string; detail: string }>

export type ProblemDetails = {
  /** one line for each field at fault; the code's title where there is none */
  errors?: readonly string[]
  /** the same for programs, where a body is at fault; told with `validation_failed` alone */
  fields?: readonly FieldFault[]
  needsSignup?: true
  /** why it cannot be done, for programs */
  reason?: string
  /** whole seconds, at least 1; also sent as the header Retry-After (RFC 9110 §10.2.3) */
  retryAfter?: number
  /** a token came along and was not good enough, rather than none */
  invalidToken?: true
  /** what an API key would have to have: named in the header WWW-Authenticate */
  scope?: string
  /** stands for what was proved, where another proof is asked for */
  recycleToken?: string
  /** what is to be solved */
  challenge?: object | undefined
  cause?: unknown
}

/** The pointer to a member of an object (RFC 6901 §3). */
export function pointerTo(member: string, object = ''): string {
  return `${object}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Details of an error at one member of the body; the empty name is the body as a whole. */
export function atField(member: string, detail: string) {
  return { errors: [detail], fields: [{ pointer: member === '' ? '' : pointerTo(member), detail }] }
}

/** What is said to a body of another type, or of none, which is what `curl -d` sends unless told otherwise. */
export function mediaTypeLine(types: readonly string[]): string {
  return `Send the header content-type: ${types.join(' or ')}`
}

/** An error meant for the caller. Made anew each time: a shared one would carry one caller's data to another. */
export class Problem extends Error {
  readonly code: ErrorCode
  readonly details: ProblemDetails

  constructor(code: ErrorCode, details: ProblemDetails = {}) {
    super(errorCatalogue[code].title, { cause: details.cause })
    this.name = 'Problem'
    this.code = code
    this.details = details
  }
}

/** Bytes of an answer in JSON, so that all of it stays below 4 kB whatever was sent: the lines are in it twice. */
const maxBytes = { lines: 1_000, fields: 1_500 }

/** As many of them as there is room for, from the first on. */
function withinBytes<Item>(most: number, items: readonly Item[]): Item[] {
  let bytes = 0
  return items.filter((item) => {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1
    return bytes <= most
  })
}

/** The body of an error answer. The only place where one is written. */
export function problemBody(code: ErrorCode, details: ProblemDetails = {}): ProblemBody {
  const { status, title } = errorCatalogue[code]
  const errors = withinBytes(maxBytes.lines, details.errors ?? [title])
  const fields = code === 'validation_failed' && details.fields ? withinBytes(maxBytes.fields, details.fields) : []
  return {
    type: `urn:latchkey:error:${code}`,
    title,
    status,
    detail: errors.join('; '),
    code,
    success: false,
    errors,
    ...(fields.length > 0 && { fields }),
    ...(details.needsSignup && { needs_signup: true }),
    ...(details.reason !== undefined && { reason: details.reason }),
    ...(details.retryAfter !== undefined && { retry_after: details.retryAfter }),
    ...(details.recycleToken !== undefined && { recycle_token: details.recycleToken }),
    ...(details.challenge && { challenge: details.challenge }),
  }
}

/** The headers that an error brings along. */
export function problemHeaders(code: ErrorCode, details: ProblemDetails = {}): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' }
  if (details.retryAfter !== undefined) headers['retry-after'] = String(details.retryAfter)
  // RFC 9110 §15.5.2 asks for a challenge on every 401
  if (errorCatalogue[code].status === 401 || details.scope !== undefined)
    headers['www-authenticate'] = `Bearer realm="latchkey"${tokenErrorOf(details)}`
  return headers
}

/** What is wrong with a token that came along, by RFC 6750 §3.1: nothing is said where none came. */
function tokenErrorOf({ invalidToken, scope }: ProblemDetails): string {
  if (scope !== undefined) return `, error="insufficient_scope", scope="${scope}"`
  return invalidToken ? ', error="invalid_token"' : ''
}
