// Where our keys are and how tokens are signed, at the addresses at which libraries look for it by the issuer alone (OpenID Connect
// Discovery 1.0, RFC 8414). No more is claimed than is there: nobody is sent to us for an authorization, and no ID token is made.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { errorResponses } from '../../http/responses.js'
import type { KeyRing } from '../../sessions/keys.js'

export type DiscoveryOptions = {
  keyRing: KeyRing
  /** JWT_ISSUER, which is where people reach us */
  issuer: string
  /** under which an application has the service mounted; '' where it has none */
  mount: string
  /** whether tokens can be asked about */
  introspects: boolean
  /** TOKEN_CLAIMS */
  claimNames: readonly string[]
}

const issuer = 'https://auth.example.com'
const Texts = (description: string) => Type.Array(Type.String(), { description })

const common = {
  issuer: Type.String({ description: '`iss` of every token' }),
  jwks_uri: Type.String({ description: 'Where the public keys are' }),
  response_types_supported: Type.Array(Type.Literal('none'), {
    description: 'Always `["none"]`: applications call the routes of the flows, nobody is sent here by OAuth',
  }),
  introspection_endpoint: Type.Optional(
    Type.String({
      description: 'Where tokens can be asked about (RFC 7662); left out without an `INTROSPECTION_TOKEN`',
    }),
  ),
  introspection_endpoint_auth_methods_supported: Type.Optional(Texts('`["Bearer"]`, beside the endpoint')),
}
const commonExample = {
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  response_types_supported: ['none'],
  introspection_endpoint: `${issuer}/auth/introspect`,
  introspection_endpoint_auth_methods_supported: ['Bearer'],
}

const ServerMetadata = Type.Object(common, {
  title: 'AuthorizationServerMetadata',
  description: 'What RFC 8414 asks for, as far as it is here',
  examples: [commonExample],
})
const OpenIdConfiguration = Type.Object(
  {
    ...common,
    subject_types_supported: Texts('`["public"]`: `sub` is the same for everybody who verifies'),
    id_token_signing_alg_values_supported: Texts('What tokens are signed with, one for each type of key that is live'),
    claims_supported: Texts('What a token says'),
  },
  {
    title: 'OpenIdConfiguration',
    description: 'What libraries configure themselves by',
    examples: [
      {
        ...commonExample,
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        claims_supported: ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', 'role'],
      },
    ],
  },
)

/** Registered only where `JWT_ISSUER` is `PUBLIC_URL`: an issuer that is no address of ours has nothing to be found at. */
export const discoveryRoutes: FastifyPluginAsyncTypebox<DiscoveryOptions> = async (app, options) => {
  const { keyRing, issuer, mount, introspects, claimNames } = options
  const metadata = {
    issuer,
    jwks_uri: `${issuer}${mount}/.well-known/jwks.json`,
    response_types_supported: ['none' as const],
    ...(introspects && {
      introspection_endpoint: `${issuer}${mount}/auth/introspect`,
      // RFC 8414 §2 takes the names of token types too.
      introspection_endpoint_auth_methods_supported: ['Bearer'],
    }),
  }
  const configuration = {
    ...metadata,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keyRing.all.map(({ algorithm }) => algorithm))],
    claims_supported: ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', ...claimNames],
  }
  // As long as the keys, with which it changes.
  const cache = (reply: FastifyReply) => reply.header('cache-control', 'public, max-age=300')
  const tags = ['Sessions']
  const isThere = 'There where `JWT_ISSUER` is `PUBLIC_URL`, else 404.'

  app.get(
    '/.well-known/openid-configuration',
    {
      schema: {
        operationId: 'getOpenIdConfiguration',
        summary: 'How to verify our tokens, for libraries of OpenID Connect',
        description: `${isThere} Only for verifying tokens: this is no provider of OpenID Connect.`,
        tags,
        response: { 200: OpenIdConfiguration, ...errorResponses() },
      },
    },
    async (_request, reply) => {
      cache(reply)
      return configuration
    },
  )

  app.get(
    '/.well-known/oauth-authorization-server',
    {
      schema: {
        operationId: 'getAuthorizationServerMetadata',
        summary: 'How to verify our tokens, for libraries of OAuth (RFC 8414)',
        description: isThere,
        tags,
        response: { 200: ServerMetadata, ...errorResponses() },
      },
    },
    async (_request, reply) => {
      cache(reply)
      return metadata
    },
  )
}
