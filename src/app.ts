// The one place where the parts meet: services made, plugins and routes registered, in an order to be read from top to bottom.
import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { addressRoutes } from './account/address-routes.js'
import { exportRoutes } from './account/export-routes.js'
import { ownIdentifierRoutes } from './account/identifier-routes.js'
import { ownSessionRoutes } from './account/session-routes.js'
import { SessionSchema } from './account/session-schemas.js'
import { stepUpRoutes } from './account/step-up-routes.js'
import { apiKeyRoutes } from './api-keys/api-key-routes.js'
import { discoveryRoutes } from './auth/routes/discovery-routes.js'
import { exchangeCodeRoutes, exchangeRoutes } from './auth/routes/exchange-routes.js'
import { identifierFlow } from './auth/routes/identifier-routes.js'
import { introspectionRoutes } from './auth/routes/introspection-routes.js'
import { keyRoutes } from './auth/routes/key-routes.js'
import { mobileFlow } from './auth/routes/mobile-routes.js'
import { newAccountRoutes } from './auth/routes/new-account-routes.js'
import { phonePrefixRoutes } from './auth/routes/phone-prefix-routes.js'
import { sessionRoutes } from './auth/routes/session-routes.js'
import { sendDecision } from './auth/send-decision.js'
import type { Config } from './config/config.js'
import type { Database } from './database/client.js'
import { ProblemSchema } from './errors.js'
import { eventRoutes } from './events/event-routes.js'
import { eventLags } from './events/lag.js'
import { helpdeskRoutes } from './helpdesk/helpdesk-routes.js'
import { overviewRoutes } from './helpdesk/overview-routes.js'
import { Admission } from './http/admission.js'
import { limitConnections } from './http/connection-limit.js'
import { useCors } from './http/cors.js'
import { useCsrfProtection } from './http/csrf.js'
import { refuseFloods, useFloodGuard } from './http/flood-guard.js'
import { useMethodNotAllowed } from './http/method-not-allowed.js'
import { shedLoad } from './http/overload.js'
import { createServer } from './http/server.js'
import type { Senders } from './messaging/failover.js'
import { receiptPaths, receiptSources } from './messaging/receipts/sources.js'
import { twilioReceiptRoutes } from './messaging/receipts/twilio-routes.js'
import { webhookReceiptRoutes } from './messaging/receipts/webhook-routes.js'
import { docsPage } from './operations/docs-page-routes.js'
import type { Health } from './operations/health.js'
import { healthRoutes } from './operations/health-routes.js'
import { Metrics } from './operations/metrics.js'
import { metricsRoutes, useRequestMetrics } from './operations/metrics-routes.js'
import { openApiRoutes } from './operations/openapi-routes.js'
import { consolePage } from './pages/console-routes.js'
import { signInPage } from './pages/sign-in-routes.js'
import { passkeyAssociationRoutes } from './passkeys/association-routes.js'
import {
  ownPasskeyRoutes,
  passkeyListRoutes,
  passkeyRegistrationRoutes,
  passkeyStepUpRoutes,
} from './passkeys/own-routes.js'
import { PasskeySchema } from './passkeys/passkey.js'
import { passkeySignInRoutes } from './passkeys/sign-in-routes.js'
import { createServices, type Services } from './services.js'
import { SessionCookie } from './sessions/cookies.js'
import { registerTokens } from './sessions/jwt-plugin.js'
import { createKeyRing } from './sessions/keys.js'
import { Telemetry } from './telemetry.js'
import { AddressSchema, addressesOfUser } from './users/address.js'
import { administrationRoutes } from './users/administration-routes.js'
import { Policies } from './users/policies.js'
import { UserSchema } from './users/user.js'
import { userRoutes } from './users/user-routes.js'

/** What the service is made of that it does not make itself. Whoever made them ends them. */
export type AppDependencies = Readonly<{
  config: Config
  database: Database
  logger: Logger
  health: Health
  senders: Senders
  /** of the product, for the OpenAPI document */
  version: string
  /** the bundle of the sign-in page, in place of the one that was built */
  pageFolder?: string
  /** what every path answers, be it with 405, in place of all methods that Node reads: each costs a route a path, a third of building */
  answeredMethods?: readonly string[]
  /** for whoever describes the routes: asked before the first one is registered */
  beforeRoutes?: (app: FastifyInstance) => PromiseLike<unknown>
  /** told the services, for whoever runs what goes on beside the routes */
  onServices?: (services: Services) => void
  /** under which an application has the service mounted (embed.ts); '' where it has a server of its own */
  prefix?: string
}>

/** The service, ready to listen or to be asked in a test. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, database, logger, health, senders, version, beforeRoutes, prefix: mount = '' } = dependencies
  const { identifiers: countries, sessions: sessionSettings, delivery: deliverySettings, metricsToken } = config
  const { defaultCountry, smsCountries } = countries

  const { webhooks } = config.events
  const metrics = new Metrics({
    countries: smsCountries,
    poolUse: database.poolUse,
    isReady: async () => (await health.readinessFault()) === null,
    eventHosts: webhooks.map(({ url }) => new URL(url).host),
    eventLags: () => eventLags(database, webhooks),
  })
  const stopWatching = database.watch.add(metrics.databaseWatcher)
  const app = createServer({
    logger,
    trustProxy: config.trustProxy,
    proxyHeader: config.proxyHeader,
    onUnreadableClient: () => metrics.countUnreadableClient(),
    isDraining: () => health.isDraining,
  })
  await beforeRoutes?.(app)
  limitConnections(app, { most: 2 * config.limits.floodPerMinute, exempt: config.trustProxy })
  useRequestMetrics(app, metrics)
  // What is counted first is refused after CORS, so that a page of ours may read that it asks too much.
  await useFloodGuard(app, { perMinute: config.limits.floodPerMinute, redisUrl: config.limits.redisUrl })
  await useCors(app, config.crossOrigin)
  refuseFloods(app)
  const { watch } = database
  watch.refusesEarly = config.limits.shedsLoad
  const admission = new Admission({ now: () => performance.now() })
  if (config.limits.shedsLoad)
    shedLoad(app, { admission, isQueueFull: (coming) => watch.isFull(sendDecision, coming), onShed: metrics.countShed })
  const addMissingMethods = useMethodNotAllowed(app, dependencies.answeredMethods)

  const keyRing = createKeyRing(sessionSettings.privateKey, sessionSettings.previousPublicKeys)
  const tokens = await registerTokens(app, keyRing, sessionSettings)
  const services = createServices({ config, database, senders, tokens, telemetry: new Telemetry(logger, metrics) })
  app.addHook('onClose', async () => {
    await services.settle()
    stopWatching()
  })
  dependencies.onServices?.(services)

  app.decorateRequest('authentication', null)
  app.decorateRequest('apiKey', null)
  for (const schema of [ProblemSchema, UserSchema, AddressSchema, SessionSchema, PasskeySchema]) app.addSchema(schema)
  await app.register(fastifyCookie)
  const cookie = new SessionCookie(sessionSettings)
  const sites = { publicOrigin: config.publicUrl, allowedOrigins: config.crossOrigin.origins }
  useCsrfProtection(app, sites, cookie.names)

  const { sessions, receipts } = services
  const { length: otpLength, echo } = config.otp
  const shared = { ...services, cookie, defaultCountry, otpLength, echo }
  await app.register(mobileFlow, {
    ...shared,
    prefix: '/api/auth',
    ticketPath: `${mount}/api/auth`,
    secureCookies: sessionSettings.secureCookies,
  })
  await app.register(sessionRoutes, {
    ...shared,
    prefix: '/api/auth',
    sessionsWithAddresses: sessions.authenticatorBeside(addressesOfUser),
  })
  await app.register(identifierFlow, { ...shared, prefix: '/auth' })
  await app.register(newAccountRoutes, { ...shared, prefix: '/auth' })
  await app.register(phonePrefixRoutes, {
    prefix: '/auth',
    countries: deliverySettings.channels.includes('sms') ? smsCountries : [],
    defaultLocale: config.messages.defaultLocale,
  })
  await app.register(keyRoutes, { keyRing })
  const { introspectionToken, issuer, claimNames } = sessionSettings
  if (issuer === config.publicUrl) {
    await app.register(discoveryRoutes, {
      keyRing,
      issuer,
      mount,
      introspects: Boolean(introspectionToken),
      claimNames,
    })
  }
  if (introspectionToken) await app.register(introspectionRoutes, { prefix: '/auth', sessions, introspectionToken })

  const people = { ...shared, policies: new Policies({ ...services, cookie }) }
  const returns = { ...people, publicOrigin: config.publicUrl, returnToOrigins: config.page.returnToOrigins }
  await app.register(exchangeCodeRoutes, { ...returns, prefix: '/auth' })
  await app.register(exchangeRoutes, { ...returns, prefix: '/auth' })
  await app.register(administrationRoutes, { ...people, prefix: '/users' })
  await app.register(userRoutes, { ...people, prefix: '/users' })
  await app.register(helpdeskRoutes, { ...people, prefix: '/users' })
  await app.register(eventRoutes, { ...people, prefix: '/events' })
  await app.register(overviewRoutes, { ...people, prefix: '/operations' })
  await app.register(apiKeyRoutes, { ...people, prefix: '/api-keys' })
  await app.register(stepUpRoutes, { ...people, prefix: '/users/me' })
  await app.register(exportRoutes, { ...people, prefix: '/users/me' })
  await app.register(ownIdentifierRoutes, { ...people, prefix: '/users/me' })
  await app.register(addressRoutes, { ...people, prefix: '/users/me/addresses' })
  await app.register(ownSessionRoutes, { ...people, prefix: '/users/me/sessions' })

  const { passkeyServices } = services
  if (passkeyServices) {
    const ofPasskeys = { ...people, ...passkeyServices }
    await app.register(passkeySignInRoutes, { ...ofPasskeys, prefix: '/auth/passkeys' })
    await app.register(passkeyRegistrationRoutes, { ...ofPasskeys, prefix: '/auth/passkeys' })
    await app.register(passkeyListRoutes, { ...ofPasskeys, prefix: '/users/me/passkeys' })
    await app.register(ownPasskeyRoutes, { ...ofPasskeys, prefix: '/users/me/passkeys' })
    await app.register(passkeyStepUpRoutes, { ...ofPasskeys, prefix: '/users/me/step-up/passkey' })
  }
  // Browsers and systems ask the domain itself; what this service says anywhere else nobody reads.
  if (config.passkeys && config.passkeys.rpId === hostOf(config.publicUrl)) {
    await app.register(passkeyAssociationRoutes, { settings: config.passkeys, prefix: '/.well-known' })
  }

  const { webhookKey, twilio } = receiptSources(config, mount)
  const { prefix } = receiptPaths
  if (webhookKey) await app.register(webhookReceiptRoutes, { prefix, receipts, key: webhookKey })
  if (twilio) await app.register(twilioReceiptRoutes, { prefix, receipts, source: twilio })

  await app.register(healthRoutes, { prefix: '/health', health })
  // Numbers of a business are nobody else's: in production they are told to who shows the token, or not at all.
  if (metricsToken || config.mode !== 'production') await app.register(metricsRoutes, { metrics, metricsToken })
  await app.register(openApiRoutes, { version, publicUrl: config.publicUrl, cookieName: cookie.name, echo, mount })
  if (config.docs) await docsPage(app, mount)
  const pages = { config, cookieName: cookie.name, folder: dependencies.pageFolder }
  if (config.page.isOn) await signInPage(app, pages)
  if (config.page.hasConsole) await consolePage(app, pages)
  addMissingMethods()
  await app.ready()
  return app
}

const hostOf = (origin: string | undefined) => (origin === undefined ? undefined : new URL(origin).hostname)
