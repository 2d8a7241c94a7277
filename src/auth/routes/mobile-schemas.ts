// Bodies and answers of the mobile flow. They depend on the default country: how long its numbers and postal codes are.
import { Type } from '@sinclair/typebox'
import { errorResponses, OneOf, refer, Success } from '../../http/responses.js'
import { closed, errorLine } from '../../http/validation.js'
import { PhoneField } from '../../identifiers/fields.js'
import { AddressSchema, Pincode, Text } from '../../users/address.js'
import { UserSchema } from '../../users/user.js'
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

export type MobileRules = Readonly<{
  otpLength: number
  /** the code is in the answer of a send */
  echo: boolean
  /** the line for a number that is none */
  mobileNumberFault: string
  /** ISO 3166-1 alpha-2 */
  defaultCountry: string
}>

export function mobileSchemas({ otpLength, echo, mobileNumberFault, defaultCountry }: MobileRules) {
  const MobileNumber = PhoneField(
    'A national mobile number of the `DEFAULT_COUNTRY` (India unless set: 10 digits), also with the country’s prefix before it',
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
      {
        title: 'SendOtpRequest',
        ...closed,
        // The first is what the page at /docs sends: without a mode, which goes for every number.
        examples: [{ mobile_number: examples.mobile_number }, { mobile_number: examples.mobile_number, mode: 'login' }],
      },
    ),
    response: {
      200: Type.Object(
        { success: Success, message: Type.Literal('OTP sent successfully'), ...sentCodeFields(echo) },
        {
          title: 'MobileCodeSent',
          ...extendingCodeSent,
          description: 'The code is on its way',
          examples: [examples.mobileSent],
        },
      ),
      ...errorResponses('account_not_found', ...sendErrors, ...identifierErrors),
    },
  }

  const verifyOtp = {
    body: Type.Object(
      { mobile_number: MobileNumber, otp: Otp, ...deviceTokenFields, ...recycleTokenFields },
      {
        title: 'VerifyOtpRequest',
        ...closed,
        examples: [{ mobile_number: examples.mobile_number, otp: examples.otp }],
      },
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
            { title: 'SignedIn', description: 'Signed in: the token, also as a cookie' },
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
            { title: 'SignupRequired', description: 'Proved, but without an account: sign up' },
          ),
        ],
        {
          title: 'VerifyResult',
          description: 'The code was right; `isNewUser` tells which of both it is',
          examples: [examples.mobileSignedIn, examples.newcomer],
        },
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
      { title: 'SignupRequest', ...closed, examples: [examples.signup] },
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
        {
          title: 'SignedUp',
          description: 'The account with its home address, signed in',
          examples: [examples.signedUp],
        },
      ),
      ...errorResponses('verification_required', 'signup_refused', 'already_registered', ...identifierErrors),
    },
  }

  return { sendOtp, verifyOtp, signup }
}
