// What the model says of an answer, as far as it says anything.
import type { Code, SendResult } from './codes.js'
import type { Device, Method, Session, Ticket, User } from './state.js'

/** The flows share every rule; they differ in what a newcomer gets: a ticket to sign up with, or an account at once. */
export type Flow = 'mobile' | 'identifier'

/** What becomes of a message: it goes out, certainly not, or nobody knows. */
export type Gateway = 'accepts' | 'refuses' | 'breaks'

/** What was typed in: a code, or digits that are no code of anybody's, or no code at all. */
export type Typed = Code | 'wrong' | 'malformed'

/**
 * An answer as far as the model tells it. What is left out is not said, apart from `message`, `session`, `device` and `ticket`:
 * left out, there is none.
 */
export type Expected = Readonly<{
  status: number
  /** of an error */
  code?: string
  /** seconds, at the most: time also passes by itself */
  retryAfter?: number
  sent?: Extract<SendResult, { outcome: 'sent' }>
  /** the code that went to somebody, whatever was answered */
  message?: Readonly<{ to: string; code: Code }>
  method?: Method
  user?: User
  isNewUser?: boolean
  session?: Session
  /** a device that was not known before */
  device?: Device
  ticket?: Ticket
  /** newest first */
  sessions?: readonly Session[]
  current?: Session
  ended?: number
}>

const refusals = {
  validation_failed: 400,
  unauthorized: 401,
  otp_invalid: 401,
  forbidden: 403,
  verification_required: 403,
  step_up_required: 403,
  account_not_found: 404,
  not_found: 404,
  already_registered: 409,
  last_identifier: 409,
  rate_limited: 429,
  delivery_failed: 502,
} as const

export const refused = (code: keyof typeof refusals): Expected => ({ status: refusals[code], code })
