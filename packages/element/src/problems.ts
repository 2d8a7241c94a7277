// What went wrong, as the element tells it: by a word of its own for what a person can do something about.
import type { Words } from './locales/en.js'

export type Problem = {
  kind: ProblemKind
  /** seconds after which it is worth trying again */
  retryAfter?: number | undefined
  /** guesses that are left */
  attempts?: number
  /** names of the fields at fault, as the service has them */
  fields?: readonly string[]
}

/** Codes of the service and of the client that have words of their own, and what the element finds by itself. */
const known = {
  otp_invalid: 'error_otp_invalid',
  code_malformed: 'error_otp_invalid',
  code_ended: 'error_code_ended',
  code_spent: 'error_code_spent',
  phone_invalid: 'error_phone',
  email_invalid: 'error_email',
  validation_failed: 'error_field',
  country_not_supported: 'error_country',
  number_type_not_supported: 'error_number_type',
  rate_limited: 'error_rate',
  challenge_required: 'error_challenge',
  delivery_failed: 'error_delivery',
  verification_required: 'error_proof_ended',
  already_registered: 'error_taken',
  last_identifier: 'error_last_identifier',
  unauthorized: 'error_signed_out',
  token_expired: 'error_signed_out',
  forbidden: 'error_forbidden',
  new_device: 'error_new_device',
  passkey_invalid: 'error_passkey',
  // Of @simplewebauthn/browser, which leaves the browser's own name for it, InvalidStateError, to more than this.
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: 'error_passkey_there',
  signup_refused: 'error_signup_refused',
  offline: 'error_offline',
  network_error: 'error_network',
  timeout: 'error_network',
  service_unavailable: 'error_busy',
} as const satisfies Record<string, keyof Words>

export type ProblemKind = keyof typeof known | 'unknown'

/** An error of the client, or anything that was thrown. */
type Thrown = { code?: unknown; reason?: unknown; retryAfter?: unknown; fields?: readonly { pointer: string }[] }

const isKnown = (code: unknown): code is keyof typeof known => typeof code === 'string' && Object.hasOwn(known, code)

export function problemOf(error: unknown): Problem {
  const { code, reason, retryAfter, fields = [] } = Object(error) as Thrown
  const isNewDevice = code === 'forbidden' && reason === 'new_device'
  const kind = isNewDevice ? 'new_device' : isKnown(code) ? code : 'unknown'
  const names = fields.map(({ pointer }) => pointer.replace(/^\//, ''))
  return {
    kind: kind === 'validation_failed' ? (ofIdentifier(names) ?? kind) : kind,
    ...(typeof retryAfter === 'number' && { retryAfter }),
    ...(names.length > 0 && { fields: names }),
  }
}

/** The identifier's own fields are told by what people call them. */
function ofIdentifier(names: readonly string[]): ProblemKind | undefined {
  if (names.includes('email')) return 'email_invalid'
  if (names.some((name) => ['phone', 'phonePrefix', 'mobile_number'].includes(name))) return 'phone_invalid'
  // It is no code, and no guess was counted.
  return names.includes('otp') ? 'code_malformed' : undefined
}

type Text = {
  words: Words
  format: (text: string, values: Record<string, string>) => string
  /** seconds as people say them */
  duration: (seconds: number) => string
  plural: (count: number, forms: Words['attempts_left']) => string
}

/** The line for people. */
export function lineOf(problem: Problem, { words, format, duration, plural }: Text): string {
  const { kind, retryAfter, attempts } = problem
  if (kind === 'rate_limited') {
    return retryAfter === undefined ? words.error_busy : format(words.error_rate, { time: duration(retryAfter) })
  }
  if (kind === 'new_device') return format(words.error_new_device, { time: duration(retryAfter ?? 86_400) })
  const line = kind === 'unknown' ? words.error_unknown : words[known[kind]]
  return attempts === undefined ? line : `${line} ${plural(attempts, words.attempts_left)}`
}
