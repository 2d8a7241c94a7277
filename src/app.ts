// The one place where the parts meet: services made, plugins and routes registered, in an order to be read from top to bottom.
import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createDeliveryTrail } from './audit/deliveries.js'
import { createAuditTrail } from './audit/events.js'
import { createCourier } from './auth/courier.js'
import { createJudgeGuess } from './auth/guesses.js'
import { identifierFlow } from './auth/identifier-routes.js'
import { introspectionRoutes } from './auth/introspection-routes.js'
import { keyRoutes } from './auth/key-routes.js'
import { mobileFlow } from './auth/mobile-routes.js'
import { ownIdentifierRoutes } from './auth/own-identifier-routes.js'
import { createOwnIdentifiers } from './auth/own-identifiers.js'
import { phonePrefixRoutes } from './auth/phone-prefix-routes.js'
import { createSendCode, type SendNotice } from './auth/send-code.js'
import { createSignIn, type SignInNotice } from './auth/sign-in.js'
import { createSignUp } from './auth/sign-up.js'
import { createStepUp } from './auth/step-up.js'
import { stepUpRoutes } from './auth/step-up-routes.js'
import type { Config } from './config/config.js'
import type { Database } from './database/client.js'
import { createDelivery, type Senders } from './delivery/chain.js'
import { createMessages } from './delivery/messages.js'
import { ProblemSchema } from './errors.js'
import { useCors } from './http/cors.js'
import { useFloodGuard } from './http/flood-guard.js'
import { useMethodNotAllowed } from './http/method-not-allowed.js'
import { createServer } from './http/server.js'
import { createIdentifierParser } from './identifiers/parser.js'
import { prefixOf } from './identifiers/phone.js'
import { createLimits } from './limits/service.js'
import type { Health } from './operations/health.js'
import { healthRoutes } from './operations/health-routes.js'
import { createMetrics } from './operations/metrics.js'
import { metricsRoutes, useRequestMetrics } from './operations/metrics-routes.js'
import { docsPage, openApiRoute, useOpenApi } from './operations/openapi.js'
import { createOtpService } from './otp/service.js'
import { createTestIdentities } from './otp/test-identities.js'
import { createReceipts } from './receipts/service.js'
import { receiptPaths, receiptSources } from './receipts/sources.js'
import { twilioReceiptRoutes } from './receipts/twilio-routes.js'
import { webhookReceiptRoutes } from './receipts/webhook-routes.js'
import { createSessionCookie } from './sessions/cookies.js'
import { registerTokens } from './sessions/jwt-plugin.js'
import { createKeyRing } from './sessions/keys.js'
import { useSameOrigin } from './sessions/same-origin.js'
import { createSessionService } from './sessions/service.js'
import { accountRoutes } from './users/account-routes.js'
import { AddressSchema } from './users/address.js'
import { createAddressBook } from './users/address-book.js'
import { addressRoutes } from './users/address-routes.js'
import { createUserAdministration } from './users/administration.js'
import { administrationRoutes } from './users/administration-routes.js'
import { createUserExport } from './users/export.js'
import { exportRoutes } from './users/export-routes.js'
import { createUserList } from './users/list.js'
import { ownSessionRoutes } from './users/own-session-routes.js'
import { SessionSchema } from './users/own-session-schemas.js'
import { createOwnSessions } from './users/own-sessions.js'
import { createScopes } from './users/scopes.js'
import { createUsersService } from './users/service.js'
import { addressesOfUser } from './users/statements.js'
import { UserSchema } from './users/user.js'

/** What the service is made of that it does not make itself. Whoever made them ends them. */
export type AppDependencies = Readonly<{
  config: Config
  database: Database
  logger: Logger
  health: Health
  senders: Senders
  /** of the product, for the OpenAPI document */
  version: string
}>

/** The service, ready to listen or to be asked in a test. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, database, logger, health, senders, version } = dependencies
  const { otp: otpSettings, identifiers: countries, sessions: sessionSettings, delivery: deliverySettings } = config
  const { defaultCountry } = countries

  const app = createServer({ logger, trustProxy: config.trustProxy })
  const metrics = createMetrics({
    countries: countries.smsCountries,
    poolUse: database.poolUse,
    isReady: async () => (await health.readinessFault()) === null,
  })
  useRequestMetrics(app, metrics)
  // Before the guard, so that a page of ours may read that it asks too much.
  await useCors(app, config.crossOrigin)
  await useFloodGuard(app, { perMinute: config.limits.floodPerMinute, redisUrl: config.limits.redisUrl })
  const addMissingMethods = useMethodNotAllowed(app)

  const keyRing = createKeyRing(sessionSettings.privateKey, sessionSettings.previousPublicKeys)
  const tokens = await registerTokens(app, keyRing, sessionSettings)

  const identifiers = createIdentifierParser({
    defaultCountry,
    countries: countries.smsCountries,
    channels: deliverySettings.channels,
  })
  const users = createUsersService({ database })
  const testIdentities = createTestIdentities({
    testCodes: otpSettings.testCodes,
    identifiers,
    onEnded: (count) => logger.warn({ count }, 'TEST_OTPS names test identities whose last day is over'),
  })
  const otp = createOtpService({ database, settings: otpSettings, testIdentities })
  const sessions = createSessionService({ database, tokens, settings: sessionSettings })
  const delivery = createDelivery({
    senders,
    routes: deliverySettings.smsRoutes,
    onFailure: ({ error, ...attempt }) => {
      logger.warn({ ...attempt, err: error }, 'delivery attempt failed')
      metrics.countFailedAttempt(attempt)
    },
    onBreaker: (change) => {
      logger.warn(change, 'delivery breaker')
      metrics.countBreaker(change)
    },
  })
  const messages = createMessages(config.messages, otpSettings)
  if (deliverySettings.channels.includes('sms') && messages.costly.length > 0) {
    logger.warn({ locales: messages.costly }, 'SMS take more than one segment; shorten APP_NAME or WEBOTP_DOMAIN')
  }
  const pepper = String(otpSettings.peppers[0])
  const limits = createLimits({ database, settings: config.limits, pepper })
  const audit = createAuditTrail({ database, pepper })
  const deliveries = createDeliveryTrail({
    database,
    pepper,
    onLoss: (error) => logger.error({ err: error }, 'the event of a delivery could not be written'),
  })
  const receipts = createReceipts({
    deliveries,
    onReceipt: (notice) => {
      logger.info(notice, 'receipt')
      metrics.countReceipt(notice)
    },
  })
  const onSend = (notice: SendNotice) => {
    logger.info(notice, 'send')
    metrics.countSend(notice)
  }
  const courier = createCourier({ delivery, messages, deliveries, onCarried: onSend })
  const sendCode = createSendCode({ database, otp, limits, audit, courier, settings: otpSettings, onNotice: onSend })
  // Messages that nobody waits for are still on their way when the last request is done.
  app.addHook('onClose', async () => {
    await courier.settle()
    await deliveries.settle()
  })
  const onGuessAlarm = (guesses: number) => {
    logger.error({ guesses }, 'wrong guesses in all have passed the alarm')
    metrics.countGuessAlarm()
  }
  const onNotice = (notice: SignInNotice) => {
    logger.info(notice, 'sign-in')
    metrics.countSignIn(notice)
  }
  const judgeGuess = createJudgeGuess({ limits, audit, onGuessAlarm, onNotice })
  const signIn = createSignIn({ database, otp, sessions, users, messages, limits, audit, judgeGuess, onNotice })
  const signUp = createSignUp({ database, sessions, messages, audit, onNotice })
  const cookie = createSessionCookie(sessionSettings)
  const { length: otpLength, echo } = otpSettings
  const flow = { identifiers, sendCode, signIn, cookie, defaultCountry, otpLength, echo }

  app.decorateRequest('authentication', null)
  for (const schema of [ProblemSchema, UserSchema, AddressSchema, SessionSchema]) app.addSchema(schema)

  await app.register(fastifyCookie)
  const sites = { publicOrigin: config.publicUrl, allowedOrigins: config.crossOrigin.origins }
  useSameOrigin(app, sites, [cookie.name, 'signup', 'device'])
  await useOpenApi(app, { cookieName: cookie.name, version, publicUrl: config.publicUrl })
  await app.register(mobileFlow, {
    ...flow,
    prefix: '/api/auth',
    sessions,
    sessionsWithAddresses: { ...sessions, authenticate: sessions.authenticateBeside(addressesOfUser) },
    signUp,
    audit,
    secureCookies: sessionSettings.secureCookies,
  })
  await app.register(identifierFlow, { ...flow, prefix: '/auth' })
  await app.register(phonePrefixRoutes, {
    prefix: '/auth',
    countries: deliverySettings.channels.includes('sms') ? countries.smsCountries : [],
    defaultLocale: config.messages.defaultLocale,
  })
  const scopes = createScopes({ sessions, cookie, audit })
  const administration = createUserAdministration({ database })
  const list = createUserList({ database, defaultPrefix: prefixOf(defaultCountry) })
  await app.register(administrationRoutes, {
    prefix: '/users',
    scopes,
    identifiers,
    administration,
    list,
    defaultCountry,
  })
  await app.register(accountRoutes, { prefix: '/users', scopes, administration, cookie, defaultCountry })
  const addressBook = createAddressBook({ database })
  await app.register(addressRoutes, { prefix: '/users/me/addresses', scopes, users, addressBook, defaultCountry })
  const ownSessions = createOwnSessions({ database })
  await app.register(ownSessionRoutes, {
    prefix: '/users/me/sessions',
    scopes,
    sessions,
    ownSessions,
    administration,
    cookie,
  })
  const proofs = { database, identifiers, otp, sendCode, judgeGuess, limits }
  const self = { prefix: '/users/me', scopes, otpLength, echo, defaultCountry }
  await app.register(stepUpRoutes, { ...self, stepUp: createStepUp({ ...proofs, users }) })
  const ownIdentifiers = createOwnIdentifiers({ ...proofs, courier, audit })
  await app.register(exportRoutes, { ...self, exportUser: createUserExport({ database, audit, pepper }) })
  await app.register(ownIdentifierRoutes, { ...self, identifiers, ownIdentifiers })
  await app.register(keyRoutes, { keyRing })
  const { introspectionToken } = sessionSettings
  if (introspectionToken) await app.register(introspectionRoutes, { prefix: '/auth', sessions, introspectionToken })
  const { webhookKey, twilio } = receiptSources(config)
  const { prefix } = receiptPaths
  if (webhookKey) await app.register(webhookReceiptRoutes, { prefix, receipts, key: webhookKey })
  if (twilio) await app.register(twilioReceiptRoutes, { prefix, receipts, source: twilio })
  await app.register(healthRoutes, { prefix: '/health', health })
  const { metricsToken } = config
  // Numbers of a business are nobody else's: in production they are told to who shows the token, or not at all.
  if (metricsToken || config.mode !== 'production') await app.register(metricsRoutes, { metrics, metricsToken })
  await openApiRoute(app)
  addMissingMethods()
  if (config.docs) await docsPage(app)
  await app.ready()
  return app
}
