// The public keys, for services that verify tokens by themselves.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { errorResponses } from '../../http/responses.js'
import { type KeyRing, toJwks } from '../../sessions/keys.js'

export const keyRoutes: FastifyPluginAsyncTypebox<{ keyRing: KeyRing }> = async (app, { keyRing }) => {
  const jwks = toJwks(keyRing)

  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        operationId: 'getJwks',
        summary: 'The keys that verify our tokens (RFC 7517)',
        description:
          'A token verified with these keys was ours when it was signed. Whether its session has ended since, only this service knows.',
        tags: ['Sessions'],
        response: {
          200: Type.Object(
            { keys: Type.Array(Type.Record(Type.String(), Type.String(), { description: 'A JWK' })) },
            { description: 'The current key, then those that still verify', examples: [jwks] },
          ),
          ...errorResponses(),
        },
      },
    },
    async (_request, reply) => {
      // Short enough that a new key is known before the old one is gone.
      reply.header('cache-control', 'public, max-age=300')
      return jwks
    },
  )
}
