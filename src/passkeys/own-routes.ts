// One's own passkeys: made, listed, named, removed, and used to prove again that it is still you.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { clientOf } from '../http/client.js'
import type { Limits } from '../limits/service.js'
import { actorOf, signedIn } from '../sessions/authenticate.js'
import { type Policies, underPolicy, userActorOf } from '../users/policies.js'
import { challengeTimeToLive } from './challenges.js'
import {
  listPasskeys,
  registerPasskey,
  registrationOptions,
  removePasskey,
  renamePasskey,
  stepUpByPasskey,
  stepUpOptions,
} from './own-schemas.js'
import { serializePasskey } from './passkey.js'
import type { PasskeyRegistration } from './registration.js'
import { refuseTooMany } from './sign-in-routes.js'
import type { PasskeyUse } from './use.js'

export type OwnPasskeyOptions = {
  policies: Policies
  limits: Pick<Limits, 'countPasskeyOptions'>
  ownPasskeys: PasskeyRegistration
  passkeys: Pick<PasskeyUse, 'stepUpOptions' | 'stepUp'>
}

const underRule = { ...underPolicy, tags: ['Passkeys'] }
const needsKnownDevice = { needsKnownDevice: true } as const

/** `POST /auth/passkeys/registration/…` */
export const passkeyRegistrationRoutes: FastifyPluginAsyncTypebox<OwnPasskeyOptions> = async (app, options) => {
  const { policies, limits, ownPasskeys } = options
  policies.forSelfProven(app)

  app.post(
    '/registration/options',
    {
      config: { ...needsKnownDevice, shedding: 'first' },
      schema: {
        operationId: 'passkeyRegistrationOptions',
        summary: 'What a browser makes a passkey by',
        description:
          'The passkey is discoverable and verifies its person. There can be 10; those that there are already are not made twice on one device. Asks for a recent proof.',
        ...underRule,
        ...registrationOptions,
      },
    },
    async (request) => {
      await refuseTooMany(limits, clientOf(request).block)
      const { user, sessionId } = signedIn(request)
      const made = await ownPasskeys.options(user, sessionId)
      return { success: true, data: { options: made, expires_in: challengeTimeToLive } } as const
    },
  )

  app.post(
    '/registration/verify',
    {
      config: needsKnownDevice,
      schema: {
        operationId: 'registerPasskey',
        summary: 'Keep the passkey that a browser made',
        description:
          'An answer is taken once, within five minutes, in the session whose options it answers. The proven email of the account is told. Asks for a recent proof.',
        ...underRule,
        ...registerPasskey,
      },
    },
    async (request, reply) => {
      const { response, name } = request.body
      const passkey = await ownPasskeys.register(response, name?.trim(), userActorOf(request))
      reply.code(201)
      return { success: true, data: serializePasskey(passkey) } as const
    },
  )
}

/** `GET /users/me/passkeys` */
export const passkeyListRoutes: FastifyPluginAsyncTypebox<OwnPasskeyOptions> = async (
  app,
  { policies, ownPasskeys },
) => {
  policies.forSelf(app)

  app.get(
    '',
    {
      schema: {
        operationId: 'listPasskeys',
        summary: 'My passkeys',
        description: 'All of them: there are 10 at most.',
        ...underRule,
        ...listPasskeys,
      },
    },
    async (request) => {
      const passkeys = await ownPasskeys.list(actorOf(request).userId)
      return { success: true, data: passkeys.map(serializePasskey), next_cursor: null } as const
    },
  )
}

/** `PATCH, DELETE /users/me/passkeys/:id` */
export const ownPasskeyRoutes: FastifyPluginAsyncTypebox<OwnPasskeyOptions> = async (
  app,
  { policies, ownPasskeys },
) => {
  policies.forSelfProven(app)

  app.patch(
    '/:id',
    {
      schema: {
        operationId: 'renamePasskey',
        summary: 'Name a passkey',
        description: 'Only one’s own; of others there is none, 404. Asks for a recent proof.',
        ...underRule,
        ...renamePasskey,
      },
    },
    async (request) => {
      const { params, body } = request
      const passkey = await ownPasskeys.rename(params.id, body.name.trim(), userActorOf(request))
      return { success: true, data: serializePasskey(passkey) } as const
    },
  )

  app.delete(
    '/:id',
    {
      config: needsKnownDevice,
      schema: {
        operationId: 'removePasskey',
        summary: 'Remove a passkey',
        description:
          'It opens nothing any more; the sessions that it opened stay. The proven email of the account is told. Asks for a recent proof.',
        ...underRule,
        ...removePasskey,
      },
    },
    async (request) => {
      const id = request.params.id.toLowerCase()
      await ownPasskeys.remove(id, userActorOf(request))
      return { success: true, data: { id } } as const
    },
  )
}

/** `POST /users/me/step-up/passkey/…` */
export const passkeyStepUpRoutes: FastifyPluginAsyncTypebox<OwnPasskeyOptions> = async (app, options) => {
  const { policies, limits, passkeys } = options
  policies.forSelf(app)

  app.post(
    '/options',
    {
      config: { shedding: 'first' },
      schema: {
        operationId: 'passkeyStepUpOptions',
        summary: 'What a browser asks for a passkey of mine by, to prove that it is still me',
        description: 'In place of a code: it costs no message. Who has no passkey gets 400.',
        ...underRule,
        ...stepUpOptions,
      },
    },
    async (request) => {
      await refuseTooMany(limits, clientOf(request).block)
      const asked = await passkeys.stepUpOptions(actorOf(request))
      return { success: true, data: { options: asked, expires_in: challengeTimeToLive } } as const
    },
  )

  app.post(
    '/verify',
    {
      schema: {
        operationId: 'passkeyStepUp',
        summary: 'Check the answer: for 15 minutes this session may do what asks for a recent proof',
        description: 'As `verifyStepUp` does with a code.',
        ...underRule,
        ...stepUpByPasskey,
      },
    },
    async (request) => {
      const until = await passkeys.stepUp(request.body.response, actorOf(request), clientOf(request))
      return { success: true, data: { proven_until: until.toISOString() } } as const
    },
  )
}
