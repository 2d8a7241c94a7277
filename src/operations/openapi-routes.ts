// The OpenAPI document as it stands in openapi.json, made from the routes by `npm run openapi`, with what only this service knows.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifySwagger, { type StaticPathSpec } from '@fastify/swagger'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { errorResponses } from '../http/responses.js'

export type OpenApiOptions = Readonly<{
  version: string
  publicUrl: string | undefined
  cookieName: string
  /** whether answers of sends hold the code */
  echo: boolean
  /** the prefix under which an application has the service mounted; '' for none */
  mount: string
}>

const file = fileURLToPath(new URL('../../openapi.json', import.meta.url))

/** The document of one service: where it is, its version, its cookie's name, and whether it tells codes to everybody. */
function documentOf<Document extends object>(committed: Document, options: OpenApiOptions): Document {
  const { version, publicUrl, cookieName, echo, mount } = options
  const { openapi, info, servers: _, ...rest } = Object(committed)
  const document = {
    openapi,
    info: { ...info, version },
    // In development and test alone: `latchkey doctor` and whoever else looks must not have to ask for a code to see it.
    ...(echo && { 'x-otp-echo': true }),
    servers: [{ url: `${publicUrl ?? ''}${mount}` || '/', description: 'This service' }],
    ...rest,
  }
  document.components.securitySchemes.cookie.name = cookieName
  return document
}

export const openApiRoutes: FastifyPluginAsyncTypebox<OpenApiOptions> = async (app, options) => {
  const postProcessor: StaticPathSpec['postProcessor'] = (committed) => documentOf(committed, options)
  const specification = { path: file, baseDir: dirname(file), postProcessor }
  await app.register(fastifySwagger, { mode: 'static', specification })
  // Written once, at the first request: most services are never asked.
  let document: string | undefined

  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        summary: 'This document',
        description: 'The same for every service of a version, but for its address and the name of its cookie.',
        tags: ['Operations'],
        response: {
          200: Type.Object(
            {},
            {
              title: 'OpenApiDocument',
              description: 'OpenAPI 3.1',
              additionalProperties: true,
              examples: [{ openapi: '3.1.0' }],
            },
          ),
          ...errorResponses(),
        },
      },
    },
    async (_request, reply) => {
      document ??= JSON.stringify(app.swagger())
      reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8')
      return reply.send(document as never)
    },
  )
}
