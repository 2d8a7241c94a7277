// One's own phone and email: add or change one by proving it, remove one. All of it soon after a proof.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { atField, Problem } from '../errors.js'
import { clientOf } from '../http/client.js'
import type { Identifier, IdentifierParser } from '../identifiers/parser.js'
import type { CountryCode } from '../identifiers/phone.js'
import { actorOf } from '../sessions/authenticate.js'
import { type Policies, underPolicy } from '../users/policies.js'
import { serializeUser } from '../users/user.js'
import type { OwnIdentifiers } from './identifiers.js'
import { changesInWords, selfServiceSchemas } from './self-service-schemas.js'

export type OwnIdentifierOptions = {
  policies: Policies
  identifiers: IdentifierParser
  ownIdentifiers: OwnIdentifiers
  defaultCountry: CountryCode
  otpLength: number
  echo: boolean
}

export const ownIdentifierRoutes: FastifyPluginAsyncTypebox<OwnIdentifierOptions> = async (app, options) => {
  const { policies, identifiers, ownIdentifiers, defaultCountry, ...settings } = options
  policies.forSelfProven(app)
  const schemas = selfServiceSchemas(settings)

  /** @throws Problem that names the field at fault */
  function identifierOf({ phone, email }: { phone?: string; email?: string }): Identifier {
    if (phone !== undefined && email === undefined) return identifiers.fromInternationalNumber(phone)
    if (email !== undefined && phone === undefined) return identifiers.fromEmail(email)
    throw new Problem('validation_failed', atField('', 'Give either phone or email'))
  }

  app.post(
    '/identifiers',
    {
      config: { shedding: 'first', needsKnownDevice: true },
      schema: {
        operationId: 'addIdentifier',
        summary: 'Send a code to a new phone or email of one’s own',
        description:
          'The first step of adding or changing one. Nothing is changed until the code is checked; whether it is somebody else’s is not told before that.',
        ...underPolicy,
        ...schemas.addIdentifier,
      },
    },
    async (request) => {
      const { challenge_solution, ...body } = request.body
      const identifier = identifierOf(body)
      const sent = await ownIdentifiers.send(identifier, actorOf(request), clientOf(request), challenge_solution)
      return { success: true, data: { method: identifier.method, ...sent } } as const
    },
  )

  app.post(
    '/identifiers/verify',
    {
      config: { needsKnownDevice: true },
      schema: {
        operationId: 'verifyIdentifier',
        summary: 'Check the code: the phone or email is the user’s, in place of the old one',
        description: `The code works in the session that asked for it alone. Where it takes the place of a proven one, the other sessions and all devices of the user end. ${changesInWords} The code stays good then, for as long as it lives.`,
        ...underPolicy,
        ...schemas.verifyIdentifier,
      },
    },
    async (request) => {
      const { otp, ...body } = request.body
      const user = await ownIdentifiers.verify(identifierOf(body), otp, actorOf(request), clientOf(request))
      return { success: true, data: serializeUser(user, defaultCountry) } as const
    },
  )

  app.delete(
    '/identifiers/:method',
    {
      config: { needsKnownDevice: true },
      schema: {
        operationId: 'removeIdentifier',
        summary: 'Remove one’s phone or email, unless it is the last proven one',
        description: changesInWords,
        ...underPolicy,
        ...schemas.removeIdentifier,
      },
    },
    async (request) => {
      const user = await ownIdentifiers.remove(request.params.method, actorOf(request), clientOf(request))
      return { success: true, data: serializeUser(user, defaultCountry) } as const
    },
  )
}
