// The OpenAPI document, made from the routes themselves.
import fastifySwagger from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { withNulls } from '../http/nulls.js'
import { errorResponses } from '../http/responses.js'
import { digits, errorLine } from '../http/validation.js'

const description = `Sign people in without passwords: a one-time code by SMS or email, checked once, becomes an account and a session.

Two flows share identifiers, codes, sessions and limits; a code asked for in one works in the other.
The **mobile flow** (\`/api/auth\`) takes national numbers of one country and asks a newcomer for a name and an address.
The **identifier flow** (\`/auth\`) takes phones of any allowed country and email addresses, and makes the account on the first sign-in.

Errors are \`application/problem+json\` (RFC 9457); programs switch on \`code\`. Every answer carries its request's id in \`x-request-id\`, by which its lines in the log are found.
Pages of other sites that are not in \`CORS_ORIGINS\` get 403 \`cross_site\` where a call carries or sets cookies.
Bodies are JSON in UTF-8; unknown fields are refused; \`null\` for a field that may be left out is as if it were left out; where a name stands twice in an object, the last one counts.`

export type OpenApiOptions = Readonly<{ cookieName: string; version: string; publicUrl: string | undefined }>

/** To be registered before the routes it is to know. */
export async function useOpenApi(
  app: FastifyInstance,
  { cookieName, version, publicUrl }: OpenApiOptions,
): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Latchkey', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: publicUrl ?? '/' }],
      tags: [
        { name: 'Mobile flow', description: 'National mobile numbers of one country, with signup' },
        { name: 'Identifier flow', description: 'Phones of all allowed countries and email addresses' },
        { name: 'Sessions', description: 'What other services need to know of sessions' },
        { name: 'Users', description: 'For admins, and for each user about themselves' },
        { name: 'Delivery receipts', description: 'For gateways and providers, who report what became of a message' },
        { name: 'Operations', description: 'For whoever runs the service' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Wins over the cookie' },
          cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
          introspection: { type: 'http', scheme: 'bearer', description: 'The INTROSPECTION_TOKEN of the settings' },
          metrics: { type: 'http', scheme: 'bearer', description: 'The METRICS_TOKEN of the settings' },
          standardWebhooks: {
            type: 'apiKey',
            in: 'header',
            name: 'webhook-signature',
            description: 'Standard Webhooks, signed with the SENDER_WEBHOOK_SECRET of the settings',
          },
          twilio: {
            type: 'apiKey',
            in: 'header',
            name: 'x-twilio-signature',
            description: 'Signed by Twilio with the TWILIO_AUTH_TOKEN of the settings',
          },
        },
      },
    },
    // Said of each operation, so that no client has to guess whether a call without a word on it needs a token.
    transform: ({ schema, url }) => {
      const shown = withoutOwnKeywords({ ...schema, body: withNulls(schema?.body) })
      return { schema: { ...shown, security: schema?.security ?? [] }, url }
    },
    // Shared schemas keep their names, so that generated SDKs have types called User and Problem.
    refResolver: { buildLocalReference: (json) => String(json['$id']) },
  })
}

/** Schemas without the keywords that say something to this service alone. */
function withoutOwnKeywords(schema: object): object {
  const own: readonly string[] = [errorLine, digits]
  return JSON.parse(JSON.stringify(schema, (key, value) => (own.includes(key) ? undefined : value)))
}

/** `GET /openapi.json` */
export async function openApiRoute(app: FastifyInstance): Promise<void> {
  // Made once: the routes do not change while the service runs.
  let document: string | undefined
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        summary: 'This document',
        tags: ['Operations'],
        response: {
          200: Type.Object(
            {},
            { description: 'OpenAPI 3.1', additionalProperties: true, examples: [{ openapi: '3.1.0' }] },
          ),
          ...errorResponses(),
        },
      },
    },
    async (_request, reply) => {
      document ??= JSON.stringify(app.swagger())
      return reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(document)
    },
  )
}
