// Bodies and answers of what people do with their own proofs and identifiers.
import { Type } from '@sinclair/typebox'
import { examples } from '../auth/routes/examples.js'
import {
  challengeFields,
  deviceTokenFields,
  extendingCodeSent,
  identifierErrors,
  OtpField,
  sendErrors,
  sentCodeFields,
} from '../auth/routes/schemas.js'
import { eitherPhoneOrEmail } from '../http/document-keywords.js'
import {
  type DocumentedError,
  errorResponses,
  OneOf,
  one,
  refer,
  signedInErrors,
  writingErrors,
} from '../http/responses.js'
import { closed } from '../http/validation.js'
import { EmailField, InternationalPhoneField } from '../identifiers/fields.js'
import { newDeviceError } from '../users/policies.js'
import { UserSchema } from '../users/user.js'
import { changesAreOverLine, maxChangesPerDay } from './identifiers.js'

const [user] = UserSchema.examples

/** What every one of these can answer. */
const ownErrors = [...signedInErrors, ...writingErrors]

/** Of a change too many: the seconds are those until the day (UTC) is over. */
const changesAreOver: DocumentedError = {
  code: 'rate_limited',
  details: { errors: [changesAreOverLine], retryAfter: 21_600 },
}

/** For the description of the routes that change one's identifiers. */
export const changesInWords = `An account can add, change and remove ${maxChangesPerDay} times a day (UTC); then it is 429, and nothing is changed.`

const Method = OneOf(['phone', 'email'], { examples: ['phone'] })

const phoneOrEmail = {
  phone: Type.Optional(InternationalPhoneField),
  email: Type.Optional(EmailField('Instead of a phone')),
}
const newIdentifiers = [{ phone: '+91 98765 43211' }, { email: 'asha@example.com' }]

const changedUser = (description: string) => one(refer(UserSchema), description, { ...user, email: 'asha@example.com' })

export function selfServiceSchemas({ otpLength, echo }: { otpLength: number; echo: boolean }) {
  const otp = OtpField(otpLength)
  const code = examples.otp
  const sent = Type.Object({ method: Method, ...sentCodeFields(echo) }, { title: 'OwnCodeSent', ...extendingCodeSent })
  const sentExample = { method: 'phone', ...examples.sent }

  return {
    stepUp: {
      body: Type.Object(
        {
          method: Type.Optional(
            OneOf(['phone', 'email'], { description: 'Where to; the phone where not given', examples: ['email'] }),
          ),
          ...deviceTokenFields,
          ...challengeFields,
        },
        { title: 'StepUpRequest', ...closed, examples: [{}, { method: 'email' }] },
      ),
      response: {
        200: one(sent, 'The code is on its way to the user’s own phone or email', sentExample),
        ...errorResponses(...sendErrors, ...ownErrors),
      },
    },
    verifyStepUp: {
      body: Type.Object(
        { otp, ...deviceTokenFields },
        { title: 'VerifyStepUpRequest', ...closed, examples: [{ otp: code }] },
      ),
      response: {
        200: one(
          Type.Object({ proven_until: Type.String({ format: 'date-time' }) }, { title: 'StepUp' }),
          'This session counts as freshly proven until then',
          { proven_until: '2026-11-22T09:15:00.000Z' },
        ),
        ...errorResponses('otp_invalid', 'rate_limited', ...ownErrors),
      },
    },
    addIdentifier: {
      body: Type.Object(
        { ...phoneOrEmail, ...challengeFields },
        {
          title: 'AddIdentifierRequest',
          ...closed,
          ...eitherPhoneOrEmail,
          description: 'Either phone or email',
          examples: newIdentifiers,
        },
      ),
      response: {
        200: one(sent, 'The code is on its way to the new phone or email', sentExample),
        ...errorResponses('step_up_required', newDeviceError, ...sendErrors, ...identifierErrors, ...ownErrors),
      },
    },
    verifyIdentifier: {
      body: Type.Object(
        { ...phoneOrEmail, otp },
        {
          title: 'VerifyIdentifierRequest',
          ...closed,
          ...eitherPhoneOrEmail,
          description: 'Either phone or email, as it was sent before, and the code',
          examples: newIdentifiers.map((identifier) => ({ ...identifier, otp: code })),
        },
      ),
      response: {
        200: changedUser('The user, with the identifier in place of the old one'),
        ...errorResponses(
          'otp_invalid',
          'step_up_required',
          newDeviceError,
          'already_registered',
          changesAreOver,
          ...identifierErrors,
          ...ownErrors,
        ),
      },
    },
    removeIdentifier: {
      params: Type.Object(
        { method: OneOf(['phone', 'email'], { description: 'Which one', examples: ['email'] }) },
        closed,
      ),
      response: {
        200: one(refer(UserSchema), 'The user, without it', user),
        ...errorResponses(
          'step_up_required',
          newDeviceError,
          'not_found',
          'last_identifier',
          changesAreOver,
          ...ownErrors,
        ),
      },
    },
  }
}
