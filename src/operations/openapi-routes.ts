// The OpenAPI document as it stands in openapi.json, made from the routes by `npm run openapi`, with what only this service knows.
import { readFile } from 'node:fs/promises'
import fastifySwagger from '@fastify/swagger'
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

type Written = {
  openapi: string
  info: object
  servers?: object[]
  components: { securitySchemes: { cookie: object } }
}

/** As it is committed: read once for all services of a process. */
let committed: Promise<Written> | undefined

async function readCommitted(): Promise<Written> {
  return JSON.parse(await readFile(file, 'utf8'))
}

/** The document of one service: where it is, its version, its cookie's name, and whether it tells codes to everybody. */
function documentOf({ openapi, info, servers: _, components, ...rest }: Written, options: OpenApiOptions) {
  const { version, publicUrl, cookieName, echo, mount } = options
  const { securitySchemes } = components
  const cookie = { ...securitySchemes.cookie, name: cookieName }
  return {
    openapi,
    info: { ...info, version },
    // In development and test alone: `latchkey doctor` and whoever else looks must not have to ask for a code to see it.
    ...(echo && { 'x-otp-echo': true }),
    servers: [{ url: `${publicUrl ?? ''}${mount}` || '/', description: 'This service' }],
    ...rest,
    components: { ...components, securitySchemes: { ...securitySchemes, cookie } },
  }
}

export const openApiRoutes: FastifyPluginAsyncTypebox<OpenApiOptions> = async (app, options) => {
  committed ??= readCommitted()
  const specification = { document: documentOf(await committed, options) as never }
  await app.register(fastifySwagger, { mode: 'static', specification })
  // Written once, at the first request: most services are never asked.
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
      document ??= JSON.stringify(app.swagger())
      reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8')
      return reply.send(document as never)
    },
  )
}
