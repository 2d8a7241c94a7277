// Bodies and answers of the mobile flow. They depend on the default country: how long its numbers and postal codes are.
import { Type } from '@sinclair/typebox'
import { atField } from '../../errors.js'
import { errorResponses, OneOf, refer, Success } from '../../http/responses.js'
import { closed, errorLine } from '../../http/validation.js'
import { PhoneField } from '../../identifiers/fields.js'
import { AddressSchema, Pincode, Text } from '../../users/address.js'
import { UserSchema } from '../../users/user.js'
import { exampleCode, examples } from './examples.js'
import {
  challengeFields,
  deviceTokenFields,
  identifierErrors,
  MessageHeaders,
  OtpField,
  recycleTokenFields,
  sendErrors,
  sentCodeFields,
  TokenField,
} from './schemas.js'

export type MobileRules = Readonly<{
  otpLength: number
  /** the code is in the answer of a send */
  echo: boolean
  mobileLength: number
  /** the line for a number that is none */
  mobileNumberFault: string
  /** ISO 3166-1 alpha-2 */
  defaultCountry: string
}>

export function mobileSchemas({ otpLength, echo, mobileLength, mobileNumberFault, defaultCountry }: MobileRules) {
  const MobileNumber = PhoneField(
    `A mobile number of ${defaultCountry}: ${mobileLength} digits, also with the country's prefix before them`,
    { [errorLine]: mobileNumberFault },
  )
  const Otp = OtpField(otpLength)

  const sendOtp = {
    headers: MessageHeaders,
    body: Type.Object(
      {
        mobile_number: MobileNumber,
        mode: Type.Optional(
          OneOf(['login', 'signup'], {
            description: '`login` answers 404 for a number without an account; otherwise the code is sent all the same',
          }),
        ),
        ...deviceTokenFields,
        ...challengeFields,
      },
      { ...closed, examples: [{ mobile_number: examples.mobile_number, mode: 'login' }] },
    ),
    response: {
      200: Type.Object(
        { success: Success, message: Type.Literal('OTP sent successfully'), ...sentCodeFields(echo) },
        { description: 'The code is on its way', examples: [examples.mobileSent] },
      ),
      ...errorResponses(
        { code: 'validation_failed', details: atField('mobile_number', mobileNumberFault) },
        'account_not_found',
        ...sendErrors,
        ...identifierErrors,
      ),
    },
  }

  const verifyOtp = {
    body: Type.Object(
      { mobile_number: MobileNumber, otp: Otp, ...deviceTokenFields, ...recycleTokenFields },
      { ...closed, examples: [{ mobile_number: examples.mobile_number, otp: exampleCode(otpLength) }] },
    ),
    response: {
      200: Type.Union(
        [
          Type.Object(
            {
              success: Success,
              isNewUser: Type.Literal(false),
              user: refer(UserSchema),
              token: TokenField,
              ...deviceTokenFields,
            },
            { title: 'Known number', description: 'Signed in: the token, also as a cookie' },
          ),
          Type.Object(
            {
              success: Success,
              isNewUser: Type.Literal(true),
              message: Type.Literal('User not found, please proceed to signup'),
              mobile_number: Type.String({ examples: [examples.mobile_number] }),
              signup_token: Type.String({
                description: 'The proof that signup asks for, valid 10 minutes, good once; also the cookie `signup`',
              }),
            },
            { title: 'New number', description: 'Proved, but without an account: sign up' },
          ),
        ],
        { description: 'The code was right', examples: [examples.mobileSignedIn, examples.newcomer] },
      ),
      ...errorResponses('otp_invalid', 'forbidden', 'second_proof_required', 'rate_limited', ...identifierErrors),
    },
  }

  const signup = {
    body: Type.Object(
      {
        mobile_number: MobileNumber,
        user_name: Text('What to call the person', 'Asha Rao'),
        house_number: Text('House or flat', '12B'),
        street_locality: Text('Street and locality', 'MG Road'),
        city: Text('City', 'Bengaluru'),
        state: Text('State', 'Karnataka'),
        pincode: Pincode(defaultCountry),
        signup_token: Type.Optional(
          Type.String({ maxLength: 2048, description: 'From verify-otp; wins over the cookie `signup`' }),
        ),
      },
      { ...closed, examples: [examples.signup] },
    ),
    response: {
      201: Type.Object(
        {
          success: Success,
          user: refer(UserSchema),
          address: refer(AddressSchema),
          token: TokenField,
          ...deviceTokenFields,
        },
        { description: 'The account with its home address, signed in', examples: [examples.signedUp] },
      ),
      ...errorResponses('verification_required', 'already_registered', ...identifierErrors),
    },
  }

  return { sendOtp, verifyOtp, signup }
}
