// The OpenAPI document of the whole API, whatever the settings of a service: made from the routes of one that has everything on.
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import fastifySwagger, { type FastifyDynamicSwaggerOptions, formatParamUrl } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../app.js'
import { parseConfig } from '../../config/config.js'
import { openDatabase } from '../../database/client.js'
import { createLogger } from '../../http/logger.js'
import { Health } from '../../operations/health.js'
import { about } from './about.js'
import { headers, Operations, type Route } from './operations.js'
import { type Json, plain, Schemas } from './schemas.js'
import { webhooksOf } from './webhooks.js'

/** Every route is there. Texts and schemas say the same whatever else is set, which a test holds them to. */
const everythingOn = () => ({
  NODE_ENV: 'test',
  DATABASE_URL: 'postgresql://localhost/none',
  JWT_PRIVATE_KEY: String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ),
  OTP_PEPPER: 'a pepper of a service that sends nothing',
  OTP_ECHO: 'true',
  PUBLIC_URL: 'https://auth.example.com',
  JWT_ISSUER: 'https://auth.example.com',
  INTROSPECTION_TOKEN: 'an-introspection-token-that-nobody-shows',
  METRICS_TOKEN: 'a-metrics-token-that-nobody-ever-shows',
  SMS_DRIVERS: 'twilio,webhook',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: 'https://gateway.example.com/',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  TWILIO_FROM: '+15005550006',
  PASSKEY_RP_ID: 'auth.example.com',
  PASSKEY_ORIGINS: 'https://auth.example.com',
})

/**
 * The document. Needs no database: the service is built, and asked nothing.
 * @param settings beside those that turn everything on
 */
export async function describeService(settings: Readonly<Record<string, string>> = {}): Promise<Json> {
  const config = parseConfig({ ...everythingOn(), ...settings })
  const database = openDatabase(config.database)
  const logger = createLogger('silent', { write: () => {} })
  const health = new Health({ database, migrationNames: [], logger })
  const senders = { sms: [], email: [] }
  const version = await readVersion()
  const app = await buildApp({
    ...{ config, database, logger, health, senders, version },
    beforeRoutes: (server) => server.register(fastifySwagger, documentOptions(server, version)),
  })
  const document = plain(app.swagger())
  await app.close()
  await database.$disconnect()
  return document
}

/** @fastify/swagger collects the routes and calls us for what it would inline: names, shared errors, headers. */
function documentOptions(app: FastifyInstance, version: string): FastifyDynamicSwaggerOptions {
  const { info, securitySchemes, ...rest } = about
  const routes: Route[] = []
  return {
    openapi: { openapi: '3.1.0', info: { ...info, version } },
    transform: ({ schema, url, route: { method, config } }) => {
      const isShown = method !== 'HEAD' && schema !== undefined && schema.hide !== true
      const { setsCookies = false, scope } = config ?? {}
      if (isShown)
        routes.push({ method: String(method), url: formatParamUrl(url), setsCookies, scope, schema: schema as Json })
      return { schema: { hide: true }, url }
    },
    transformObject: (document) => {
      const schemas = new Schemas(app.getSchemas())
      const operations = new Operations(schemas)
      const paths: Record<string, Record<string, Json>> = {}
      for (const route of routes) {
        paths[route.url] = { ...paths[route.url], [route.method.toLowerCase()]: operations.of(route) }
      }
      const webhooks = webhooksOf(schemas)
      const { openapi, info } = 'openapiObject' in document ? document.openapiObject : {}
      const components = { schemas: schemas.all, responses: operations.responses, headers, securitySchemes }
      return { openapi, info, ...rest, paths, webhooks, components } as never
    },
  }
}

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  return String(Reflect.get(Object(manifest), 'version'))
}

/** As it stands in `openapi.json`. */
export const textOf = (document: Json): string => `${JSON.stringify(document, null, 2)}\n`
