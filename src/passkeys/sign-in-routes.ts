// Signing in with a passkey: no name, no code. Open to everybody.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../errors.js'
import { clientOf } from '../http/client.js'
import type { CountryCode } from '../identifiers/phone.js'
import type { Limits } from '../limits/service.js'
import type { BearerTokens } from '../sessions/bearer-tokens.js'
import type { SessionCookie } from '../sessions/cookies.js'
import { serializeUser } from '../users/user.js'
import { challengeTimeToLive } from './challenges.js'
import { signInByPasskey, signInOptions } from './sign-in-schemas.js'
import type { PasskeyUse } from './use.js'

export type PasskeySignInOptions = {
  passkeys: Pick<PasskeyUse, 'signInOptions' | 'signIn'>
  limits: Pick<Limits, 'countPasskeyOptions'>
  cookie: SessionCookie
  bearerTokens: BearerTokens
  defaultCountry: CountryCode
}

const tags = ['Passkeys']
const config = { setsCookies: true } as const

/** As it was given out: 256 bits in base64url. */
const holderPattern = /^[\w-]{43}$/

export const passkeySignInRoutes: FastifyPluginAsyncTypebox<PasskeySignInOptions> = async (app, options) => {
  const { passkeys, limits, cookie, bearerTokens, defaultCountry } = options

  app.post(
    '/authentication/options',
    {
      config: { ...config, shedding: 'first' },
      schema: {
        operationId: 'passkeySignInOptions',
        summary: 'What a browser asks for a passkey by, to sign in',
        description:
          'Names nobody: the person chooses one of the passkeys that their device has for this domain, also from the field of a form (`autocomplete="username webauthn"`). Counted for each address.',
        tags,
        ...signInOptions,
      },
    },
    async (request, reply) => {
      await refuseTooMany(limits, clientOf(request).block)
      const { passkey: kept } = request.cookies
      const known = kept !== undefined && holderPattern.test(kept) ? kept : undefined
      const { options: asked, holder } = await passkeys.signInOptions(known)
      cookie.setPasskeyHolder(reply, holder, challengeTimeToLive)
      return { options: asked, challenge_token: holder, expires_in: challengeTimeToLive }
    },
  )

  app.post(
    '/authentication/verify',
    {
      config,
      schema: {
        operationId: 'passkeySignIn',
        summary: 'Check the answer of a passkey and sign in',
        description:
          'As `verifyIdentifierOtp` answers. An answer is taken once, within five minutes, from the browser whose options it answers; whatever is wrong with it is one answer, 401 `passkey_invalid`.',
        tags,
        ...signInByPasskey,
      },
    },
    async (request, reply) => {
      const { response, challenge_token, device_token } = request.body
      const holder = challenge_token ?? request.cookies['passkey']
      const { user, token, deviceToken } = await passkeys.signIn(response, holder, clientOf(request, device_token))
      cookie.set(reply, token)
      const device = cookie.setDevice(reply, deviceToken)
      const shown = serializeUser(user, defaultCountry)
      return { token: await bearerTokens.of(token, user.id), user: shown, isNewUser: false, ...device } as const
    },
  )
}

/**
 * Each asks the database to keep something, so each counts.
 * @throws Problem `rate_limited`
 */
export async function refuseTooMany(limits: Pick<Limits, 'countPasskeyOptions'>, block: string): Promise<void> {
  const retryAfter = await limits.countPasskeyOptions(block)
  if (retryAfter !== null) throw new Problem('rate_limited', { retryAfter })
}
