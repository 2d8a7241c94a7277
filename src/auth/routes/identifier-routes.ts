// The identifier flow: /auth/*. Routes and schemas only; every rule is behind the services that both flows share.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { clientOf } from '../../http/client.js'
import { eitherIdentifier } from '../../http/document-keywords.js'
import { errorResponses, refer } from '../../http/responses.js'
import { closed } from '../../http/validation.js'
import { EmailField, PhoneField, PhonePrefixField } from '../../identifiers/fields.js'
import type { IdentifierParser } from '../../identifiers/parser.js'
import type { CountryCode } from '../../identifiers/phone.js'
import type { BearerTokens } from '../../sessions/bearer-tokens.js'
import type { SessionCookie } from '../../sessions/cookies.js'
import { serializeUser, UserSchema } from '../../users/user.js'
import type { SendCode } from '../send-code.js'
import type { SignIn } from '../sign-in.js'
import { examples } from './examples.js'
import {
  challengeFields,
  deviceTokenFields,
  extendingCodeSent,
  identifierErrors,
  MessageHeaders,
  OtpField,
  recycleTokenFields,
  sendErrors,
  sentCodeFields,
  TokenField,
} from './schemas.js'

export type IdentifierFlowOptions = {
  identifiers: IdentifierParser
  sendCode: SendCode
  signIn: SignIn
  cookie: SessionCookie
  bearerTokens: BearerTokens
  otpLength: number
  echo: boolean
  defaultCountry: CountryCode
}

const tags = ['Identifier flow']

const identifierFields = {
  phonePrefix: Type.Optional(PhonePrefixField),
  phone: Type.Optional(PhoneField('National number')),
  email: Type.Optional(EmailField('Instead of a phone')),
}

export const identifierFlow: FastifyPluginAsyncTypebox<IdentifierFlowOptions> = async (app, options) => {
  const { identifiers, sendCode, signIn, cookie, bearerTokens, otpLength, defaultCountry } = options

  app.post(
    '/request-otp',
    {
      config: { shedding: 'first' },
      schema: {
        operationId: 'requestOtp',
        summary: 'Send a code to a phone or an email address',
        description:
          'By SMS or mail, in a language of `Accept-Language`. Whoever asks again while a code is live gets the same one; `resend_after` says when that may be. Whether there is an account is not told.',
        tags,
        headers: MessageHeaders,
        body: Type.Object(
          { ...identifierFields, ...deviceTokenFields, ...challengeFields },
          {
            title: 'RequestOtpRequest',
            ...closed,
            ...eitherIdentifier,
            description: 'Either phonePrefix and phone, or email',
            examples: examples.identifiers,
          },
        ),
        response: {
          200: Type.Object(
            { message: Type.Literal('OTP sent'), ...sentCodeFields(options.echo) },
            {
              title: 'IdentifierCodeSent',
              ...extendingCodeSent,
              description: 'The code is on its way',
              examples: [examples.identifierSent],
            },
          ),
          ...errorResponses(...sendErrors, ...identifierErrors),
        },
      },
    },
    async (request) => {
      const { device_token, challenge_solution: solution, ...body } = request.body
      const identifier = identifiers.getIdentifierFromBody(body)
      const use = { purpose: 'sign_in', mode: 'any', solution } as const
      const sent = await sendCode(identifier, clientOf(request, device_token), use)
      return { message: 'OTP sent', ...sent } as const
    },
  )

  app.post(
    '/verify-otp',
    {
      config: { setsCookies: true },
      schema: {
        operationId: 'verifyIdentifierOtp',
        summary: 'Check a code and sign in; the account is made now if there is none',
        description:
          'A code takes five guesses and is used once; wrong, used, ended and never sent ones are one answer, 401 `otp_invalid`. Browsers get the session as a cookie; other clients keep `token`, and `device_token` where there is one.',
        tags,
        body: Type.Object(
          { ...identifierFields, otp: OtpField(otpLength), ...deviceTokenFields, ...recycleTokenFields },
          {
            title: 'VerifyIdentifierOtpRequest',
            ...closed,
            ...eitherIdentifier,
            description: 'Either phonePrefix and phone, or email, and the code',
            examples: examples.identifiers.map((identifier) => ({ ...identifier, otp: examples.otp })),
          },
        ),
        response: {
          200: Type.Object(
            { token: TokenField, user: refer(UserSchema), isNewUser: Type.Boolean(), ...deviceTokenFields },
            {
              title: 'IdentifierSignedIn',
              description: 'Signed in: the token, also as a cookie',
              examples: [examples.identifierSignedIn],
            },
          ),
          ...errorResponses(
            ...(['otp_invalid', 'forbidden', 'second_proof_required', 'signup_refused', 'rate_limited'] as const),
            ...identifierErrors,
          ),
        },
      },
    },
    async (request, reply) => {
      const { otp, device_token, recycle_token: recycleToken, ...body } = request.body
      const identifier = identifiers.getIdentifierFromBody(body)
      const client = clientOf(request, device_token)
      const signedIn = await signIn.signInOrCreate(identifier, { code: otp, recycleToken }, client)
      cookie.set(reply, signedIn.token)
      const device = cookie.setDevice(reply, signedIn.deviceToken)
      const user = serializeUser(signedIn.user, defaultCountry)
      const token = await bearerTokens.of(signedIn.token, user.id)
      return { token, user, isNewUser: signedIn.isNewUser, ...device }
    },
  )
}
