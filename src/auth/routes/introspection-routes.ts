// Tells other services whether a token still stands for somebody (RFC 7662), for those who must know of a logout at once.
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { useFormBodies } from '../../http/body-parser.js'
import { requireSecret } from '../../http/headers.js'
import { errorResponses, writingErrors } from '../../http/responses.js'
import type { SessionService } from '../../sessions/service.js'
import { examples } from './examples.js'

export type IntrospectionOptions = { sessions: SessionService; introspectionToken: string }

const Body = Type.Object(
  { token: Type.String({ description: 'What came as Bearer token or in the cookie' }) },
  {
    title: 'IntrospectionRequest',
    // RFC 6749 §3.2: unknown parameters are ignored. Libraries send `token_type_hint` and `client_id`.
    additionalProperties: true,
    examples: [{ token: examples.token }],
  },
)

const Active = Type.Object(
  {
    active: Type.Literal(true),
    sub: Type.String({ description: 'The user’s id' }),
    sid: Type.String({ description: 'The session’s id' }),
    iss: Type.String(),
    aud: Type.String(),
    iat: Type.Integer({ description: 'Seconds since 1970' }),
    exp: Type.Integer({ description: 'Seconds since 1970' }),
    jti: Type.String(),
    token_type: Type.Literal('Bearer'),
  },
  { title: 'ActiveToken', description: 'Ours, not expired, its session and user still there' },
)
const Inactive = Type.Object({ active: Type.Literal(false) }, { title: 'InactiveToken', description: 'For any reason' })

/** Registered only where there is an `INTROSPECTION_TOKEN`: without one nothing is here. */
export const introspectionRoutes: FastifyPluginAsyncTypebox<IntrospectionOptions> = async (app, options) => {
  useFormBodies(app)

  app.post(
    '/introspect',
    {
      onRequest: requireSecret('INTROSPECTION_TOKEN', options.introspectionToken),
      schema: {
        operationId: 'introspect',
        summary: 'Whether a token is still good (RFC 7662)',
        description:
          'For other services, who show the `INTROSPECTION_TOKEN`; without one in the settings it is 404. Being asked about does not prolong a session. Unknown fields are ignored.',
        tags: ['Sessions'],
        security: [{ introspection: [] }],
        consumes: ['application/x-www-form-urlencoded', 'application/json'],
        body: Body,
        response: {
          200: Type.Union([Active, Inactive], {
            title: 'IntrospectionResult',
            description: 'What is known of the token',
            examples: [examples.introspected, { active: false }],
          }),
          ...errorResponses('unauthorized', ...writingErrors, 'service_unavailable'),
        },
      },
    },
    async ({ body }) => {
      const claims = await options.sessions.introspect(body.token)
      if (claims === null) return { active: false } as const
      const { sub, sid, iss, aud, iat, exp, jti } = claims
      return { active: true, sub, sid, iss, aud, iat, exp, jti, token_type: 'Bearer' } as const
    },
  )
}
