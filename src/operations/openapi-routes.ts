// The OpenAPI document as it stands in openapi.json, made from the routes by `npm run openapi`, with what only this service knows.
import { readFile } from 'node:fs/promises'
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

const file = new URL('../../openapi.json', import.meta.url)

/** As it is committed: read once for all services of a process. */
let committed: Promise<string> | undefined

/** The document of one service: where it is, its version, its cookie's name, and whether it tells codes to everybody. */
function documentOf(text: string, options: OpenApiOptions): string {
  const { version, publicUrl, cookieName, echo, mount } = options
  const { openapi, info, servers: _, ...rest } = JSON.parse(text)
  const document = {
    openapi,
    info: { ...info, version },
    // In development and test alone: `latchkey doctor` and whoever else looks must not have to ask for a code to see it.
    ...(echo && { 'x-otp-echo': true }),
    servers: [{ url: `${publicUrl ?? ''}${mount}` || '/', description: 'This service' }],
    ...rest,
  }
  document.components.securitySchemes.cookie.name = cookieName
  return JSON.stringify(document)
}

export const openApiRoutes: FastifyPluginAsyncTypebox<OpenApiOptions> = async (app, options) => {
  committed ??= readFile(file, 'utf8')
  const text = await committed
  // Written once, at the first request: most services are never asked, and reading what it says takes a tenth of building one.
  let document: string | undefined

  app.get(
    '/openapi.json',
    {
      config: { shedding: 'never' },
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
      document ??= documentOf(text, options)
      reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8')
      return reply.send(document as never)
    },
  )
}
