// The mobile flow: /api/auth/*. Routes and schemas only; every rule is behind the services that both flows share.
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientOf } from '../../http/client.js'
import type { IdentifierParser } from '../../identifiers/parser.js'
import type { CountryCode } from '../../identifiers/phone.js'
import type { BearerTokens } from '../../sessions/bearer-tokens.js'
import type { SessionCookie } from '../../sessions/cookies.js'
import { serializeAddress } from '../../users/address.js'
import { checkedPincode } from '../../users/postal-code.js'
import { serializeUser } from '../../users/user.js'
import type { SendCode } from '../send-code.js'
import type { SignIn } from '../sign-in.js'
import type { SignUp } from '../sign-up.js'
import { ticketTimeToLive } from '../signup-tickets.js'
import { mobileSchemas } from './mobile-schemas.js'

export type MobileFlowOptions = {
  identifiers: IdentifierParser
  sendCode: SendCode
  signIn: SignIn
  signUp: SignUp
  cookie: SessionCookie
  bearerTokens: BearerTokens
  otpLength: number
  echo: boolean
  defaultCountry: CountryCode
  secureCookies: boolean
  /** of the cookie `signup`: where browsers find these routes */
  ticketPath: string
}

const tags = ['Mobile flow']

export const mobileFlow: FastifyPluginAsyncTypebox<MobileFlowOptions> = async (app, options) => {
  const { identifiers, sendCode, signIn, signUp, cookie, bearerTokens, defaultCountry } = options
  const schemas = mobileSchemas({ ...options, ...identifiers })
  const ticketCookie: CookieSerializeOptions = {
    path: options.ticketPath,
    httpOnly: true,
    secure: options.secureCookies,
    sameSite: 'strict',
  }

  app.post(
    '/send-otp',
    {
      config: { shedding: 'first' },
      schema: {
        operationId: 'sendOtp',
        summary: 'Send a code to a mobile number',
        description:
          'By SMS, in a language of `Accept-Language`. Whoever asks again while a code is live gets the same one; `resend_after` says when that may be. With `mode: login` a number without an account is 404 `account_not_found`, and nothing is sent.',
        tags,
        ...schemas.sendOtp,
      },
    },
    async (request) => {
      const { mobile_number, mode, device_token, challenge_solution: solution } = request.body
      const phone = identifiers.fromMobileNumber(mobile_number)
      const use = { purpose: 'sign_in', mode: mode === 'login' ? 'login' : 'any', solution } as const
      const sent = await sendCode(phone, clientOf(request, device_token), use)
      return { success: true, message: 'OTP sent successfully', ...sent } as const
    },
  )

  app.post(
    '/verify-otp',
    {
      config: { setsCookies: true },
      schema: {
        operationId: 'verifyOtp',
        summary: 'Check a code: sign in, or get the proof that signup asks for',
        description:
          'A code takes five guesses and is used once; wrong, used, ended and never sent ones are one answer, 401 `otp_invalid`. `isNewUser: false` is signed in, with the token and the cookie. `isNewUser: true` is a number without an account: `signup` with the `signup_token` makes one.',
        tags,
        ...schemas.verifyOtp,
      },
    },
    async (request, reply) => {
      const { mobile_number, otp, device_token, recycle_token: recycleToken } = request.body
      const phone = identifiers.fromMobileNumber(mobile_number)
      const client = clientOf(request, device_token)
      const result = await signIn.signInOrAdmit(phone, { code: otp, recycleToken }, client)
      if (result.outcome === 'signed_in') {
        cookie.set(reply, result.token)
        const device = cookie.setDevice(reply, result.deviceToken)
        const user = serializeUser(result.user, defaultCountry)
        const token = await bearerTokens.of(result.token, user.id)
        return { success: true, isNewUser: false, user, token, ...device } as const
      }
      reply.setCookie('signup', result.ticket, { ...ticketCookie, maxAge: ticketTimeToLive })
      return {
        success: true,
        isNewUser: true,
        message: 'User not found, please proceed to signup',
        mobile_number: phone.nationalNumber,
        signup_token: result.ticket,
      } as const
    },
  )

  app.post(
    '/signup',
    {
      config: { setsCookies: true },
      schema: {
        operationId: 'signup',
        summary: 'Create the account of a number that was just verified',
        description:
          'With the `signup_token` of verify-otp, or its cookie `signup`. A form that is refused does not use it up. The address is kept as the first one, of type Home.',
        tags,
        ...schemas.signup,
      },
    },
    async (request, reply) => {
      const { body, cookies } = request
      const phone = identifiers.fromMobileNumber(body.mobile_number)
      const { user, address, token, deviceToken } = await signUp({
        phone,
        userName: body.user_name.trim(),
        address: {
          houseNumber: body.house_number.trim(),
          streetLocality: body.street_locality.trim(),
          city: body.city.trim(),
          state: body.state.trim(),
          pincode: checkedPincode(phone.country, body.pincode),
        },
        ticket: body.signup_token ?? cookies['signup'],
        client: clientOf(request),
      })
      cookie.set(reply, token)
      reply.clearCookie('signup', ticketCookie).code(201)
      const device = cookie.setDevice(reply, deviceToken)
      const shown = { user: serializeUser(user, defaultCountry), address: serializeAddress(address) }
      return { success: true, ...shown, token: await bearerTokens.of(token, user.id), ...device } as const
    },
  )
}
