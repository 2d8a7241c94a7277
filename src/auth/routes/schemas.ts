// What both flows share: a code as typed, and what a send tells the client.
import { Type } from '@sinclair/typebox'
import type { ErrorCode } from '../../errors.js'
import { extending } from '../../http/document-keywords.js'
import { writingErrors } from '../../http/responses.js'
import { digits, errorLine } from '../../http/validation.js'
import { maxTyped } from '../../identifiers/fields.js'
import type { ChallengeSolution } from '../challenges/provider.js'
import { examples } from './examples.js'

/** What any call can answer that takes an identifier in its body. */
export const identifierErrors: readonly ErrorCode[] = [
  'country_not_supported',
  'number_type_not_supported',
  ...writingErrors,
  'service_unavailable',
]

/** What any call can answer that sends a message. */
export const sendErrors: readonly ErrorCode[] = ['challenge_required', 'rate_limited', 'delivery_failed']

/** Of a call that sends a message. */
export const challengeFields = {
  challenge_solution: Type.Optional(
    Type.Unsafe<ChallengeSolution>({
      anyOf: [
        { type: 'string', maxLength: 8_192 },
        { type: 'object', additionalProperties: true },
      ],
      description:
        'After a 403 `challenge_required`: what solves its `challenge`. As a widget gives it (a text), or `{challenge, solution}`',
      examples: ['eyJjaGFsbGVuZ2UiOnsuLi59LCJzb2x1dGlvbiI6ey4uLn19'],
      [errorLine]: 'challenge_solution must be what a widget gave, or {challenge, solution}',
    }),
  ),
}

/** Exactly the digits asked for: anything else cannot be right and counts as no guess. */
export const OtpField = (length: number) =>
  Type.String({
    [digits]: length,
    maxLength: maxTyped,
    description:
      'The code from the message: exactly as many digits as it has (`OTP_LENGTH`, 6 unless set), of any script; spaces, dashes and invisible characters among them are dropped',
    examples: [examples.otp],
  })

/** Of a call that sends a message. */
export const MessageHeaders = Type.Object({
  'accept-language': Type.Optional(
    Type.String({
      description: 'Languages of the message; where there is none among ours, the language of the account',
      examples: ['hi, en;q=0.5'],
    }),
  ),
})

/** What a client needs to count by itself. */
const countingFields = {
  expires_in: Type.Integer({
    description: 'Seconds that the code is valid. A resend is the same code while it is live',
    examples: [300],
  }),
  resend_after: Type.Integer({ description: 'Seconds until a code may be asked for again', examples: [30] }),
  attempts_allowed: Type.Integer({ description: 'Guesses that the code still takes', examples: [5] }),
}

/**
 * What a send tells the client. Answers are written by their schema, so where the echo is off no mistake can put the code into
 * one.
 */
export function sentCodeFields(echo: boolean): typeof countingFields {
  const otp = Type.Optional(
    Type.String({ description: 'The code itself, only where `OTP_ECHO` is on (development and test)' }),
  )
  return { ...countingFields, ...(echo && { otp }) }
}

/** Of an answer that has them beside others. */
export const extendingCodeSent = extending('CodeSent', sentCodeFields(true))

/** In the body for clients without cookies; in the answer only where the device was not known before. */
export const deviceTokenFields = {
  device_token: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        'Of this device, from an earlier answer (browsers have it as the cookie `device`): strangers cannot lock its owner out',
    }),
  ),
}

export const RecycleToken = Type.String({
  maxLength: 200,
  description: 'Of a 403 `second_proof_required`: what was proved there, for 10 minutes and once',
  examples: [examples.signup_token],
})

/** Of a sign-in that was asked for a second proof. */
export const recycleTokenFields = { recycle_token: Type.Optional(RecycleToken) }

export const TokenField = Type.String({
  description: 'The session token (JWT): send it as `Authorization: Bearer`. Browsers get it as a cookie too',
  examples: [examples.token],
})
