// API keys as admins make, list and remove them. None of it is open to a key: no scope lets one make another.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Policies, underPolicy, userActorOf } from '../users/policies.js'
import { createApiKey, deleteApiKey, listApiKeys, serializeApiKey } from './api-key-schemas.js'
import { type ApiKeyRegister, usualLife } from './register.js'

export type ApiKeyRouteOptions = { policies: Policies; apiKeyRegister: ApiKeyRegister }

const tags = ['API keys']
/** What every route here says of itself. */
const forProvenAdmins = 'For admins soon after they proved that it is them.'
/** A key outlives the session that made it, so what was phished is not to make one. */
const config = { needsKnownDevice: true } as const
const onKnownDevice = 'Not on a device that is new to an account with passkeys (`new_device`).'

export const apiKeyRoutes: FastifyPluginAsyncTypebox<ApiKeyRouteOptions> = async (app, options) => {
  const { policies, apiKeyRegister } = options
  policies.forAdminsProven(app)

  app.get(
    '',
    {
      schema: {
        operationId: 'listApiKeys',
        summary: 'The API keys that there are',
        description: `${forProvenAdmins} Without the keys themselves, which are stored nowhere.`,
        ...underPolicy,
        tags,
        ...listApiKeys,
      },
    },
    async ({ query: { limit = '20', cursor } }) => {
      const { keys, next } = await apiKeyRegister.list(Number(limit), cursor)
      return { success: true, data: keys.map(serializeApiKey), next_cursor: next } as const
    },
  )

  app.post(
    '',
    {
      config,
      schema: {
        operationId: 'createApiKey',
        summary: 'Make an API key',
        description: `${forProvenAdmins} ${onKnownDevice} The answer shows the key once: \`Authorization: Bearer lk_…\`, without cookies. With the scope of a route it may do there what an admin may, but for admins’ accounts, roles and what is below \`/users/me\`; it is asked for no recent proof.`,
        ...underPolicy,
        tags,
        ...createApiKey,
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_in_days: days = usualLife } = request.body
      const { key, token } = await apiKeyRegister.create({ name: name.trim(), scopes, days }, userActorOf(request))
      reply.code(201)
      return { success: true, data: { ...serializeApiKey(key), key: token } } as const
    },
  )

  app.delete(
    '/:id',
    {
      config,
      schema: {
        operationId: 'deleteApiKey',
        summary: 'Take an API key away',
        description: `${forProvenAdmins} ${onKnownDevice} Its next call is 401.`,
        ...underPolicy,
        tags,
        ...deleteApiKey,
      },
    },
    async (request) => {
      const id = request.params.id.toLowerCase()
      await apiKeyRegister.remove(id, userActorOf(request))
      return { success: true, data: { id } } as const
    },
  )
}
