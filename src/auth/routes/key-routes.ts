// The public keys, for services that verify tokens by themselves.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { errorResponses } from '../../http/responses.js'
import { type KeyRing, toJwks } from '../../sessions/keys.js'

const example = {
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      // Of RFC 7517, appendix A.1.
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
      kid: '1ZjFzX2uT0gq0P4wq5iJ3rXq0b6h0l4n8c7m2v9s1dE',
      use: 'sig',
      alg: 'ES256',
    },
  ],
}

export const keyRoutes: FastifyPluginAsyncTypebox<{ keyRing: KeyRing }> = async (app, { keyRing }) => {
  const jwks = toJwks(keyRing)

  app.get(
    '/.well-known/jwks.json',
    {
      config: { shedding: 'never' },
      schema: {
        operationId: 'getJwks',
        summary: 'The keys that verify our tokens (RFC 7517)',
        description:
          'A token verified with these keys was ours when it was signed. Whether its session has ended since, only this service knows.',
        tags: ['Sessions'],
        response: {
          200: Type.Object(
            { keys: Type.Array(Type.Record(Type.String(), Type.String(), { title: 'Jwk', description: 'A JWK' })) },
            { title: 'Jwks', description: 'The current key, then those that still verify', examples: [example] },
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
