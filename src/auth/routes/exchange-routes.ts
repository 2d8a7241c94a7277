// The way back from the sign-in page to another origin: the page asks for a code, the other origin exchanges it for a session.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { atField, Problem } from '../../errors.js'
import { clientOf } from '../../http/client.js'
import { refuseOtherPages } from '../../http/csrf.js'
import type { CountryCode } from '../../identifiers/phone.js'
import type { BearerTokens } from '../../sessions/bearer-tokens.js'
import { type Policies, underPolicy, userActorOf } from '../../users/policies.js'
import { serializeUser } from '../../users/user.js'
import { codeTimeToLive, type Exchange } from '../exchange.js'
import { readReturnTo, withCode } from '../return-to.js'
import { createExchangeCode, exchangeCode } from './exchange-schemas.js'

export type ExchangeOptions = {
  exchange: Exchange
  policies: Policies
  bearerTokens: BearerTokens
  defaultCountry: CountryCode
  /** PUBLIC_URL */
  publicOrigin: string | undefined
  /** RETURN_TO_ORIGINS */
  returnToOrigins: readonly string[]
}

const tags = ['Sessions']

/** `POST /auth/exchange/codes`, for the sign-in page alone. */
export const exchangeCodeRoutes: FastifyPluginAsyncTypebox<ExchangeOptions> = async (app, options) => {
  const { exchange, policies, publicOrigin, returnToOrigins } = options
  const rules = { ownOrigins: [], origins: returnToOrigins }
  app.addHook('onRequest', refuseOtherPages(publicOrigin))
  policies.forSelf(app)

  app.post(
    '/exchange/codes',
    {
      schema: {
        operationId: 'createExchangeCode',
        summary: 'A code that takes a person from the sign-in page back to another origin',
        description:
          'For the sign-in page: pages of other origins get 403 `cross_site`, also those of `CORS_ORIGINS`. The session has signed in or stepped up within the last 15 minutes.',
        ...underPolicy,
        tags,
        ...createExchangeCode,
      },
    },
    async (request, reply) => {
      const { return_to, state, code_challenge: codeChallenge } = request.body
      const place = readReturnTo(return_to, rules)
      if (place.kind !== 'origin') {
        const why =
          place.kind === 'refused' ? place.why : 'return_to must be a URL of another origin: this one needs no code'
        throw new Problem('validation_failed', atField('return_to', why))
      }
      const code = await exchange.issue({ origin: place.origin, codeChallenge }, userActorOf(request))
      reply.code(201)
      return { success: true, data: { redirect_to: withCode(place, code, state), expires_in: codeTimeToLive } } as const
    },
  )
}

/** `POST /auth/exchange`, for back ends, and for pages of `CORS_ORIGINS`. */
export const exchangeRoutes: FastifyPluginAsyncTypebox<ExchangeOptions> = async (app, options) => {
  const { exchange, bearerTokens, defaultCountry } = options
  app.post(
    '/exchange',
    {
      schema: {
        operationId: 'exchangeCode',
        summary: 'A code that came back from the sign-in page becomes a session',
        description:
          'The session is one of its own: signing out of it leaves that of the sign-in page, and the other way round. It is as old as the sign-in, and ends 30 days after it in any case. A code is used up by the first call that shows it, right or wrong; a second call with the right verifier ends the session that the first one opened and those that it opened in turn. A page calls this from the origin that it was sent back to, which has to be in `CORS_ORIGINS` too.',
        tags,
        ...exchangeCode,
      },
    },
    async (request) => {
      const { code, code_verifier: codeVerifier } = request.body
      const redemption = { code, codeVerifier, origin: request.headers.origin }
      const { user, token } = await exchange.redeem(redemption, clientOf(request))
      return { token: await bearerTokens.of(token, user.id), user: serializeUser(user, defaultCountry) }
    },
  )
}
