// The services, made of what is given and of each other. The routes that show them are registered in app.ts.

import { AddressBook } from './account/address-book.js'
import { AccountExport } from './account/export.js'
import { OwnIdentifiers } from './account/identifiers.js'
import { OwnSessions } from './account/sessions.js'
import { ApiKeyRegister } from './api-keys/register.js'
import { DeliveryTrail } from './audit/deliveries.js'
import { AuditTrail, identifierHash } from './audit/events.js'
import { BeforeSignup } from './auth/before-signup.js'
import { Challenges } from './auth/challenges/challenges.js'
import { Exchange } from './auth/exchange.js'
import { type AskForNewAccount, createAskForNewAccount } from './auth/recycled.js'
import { createSendCode, type SendCode } from './auth/send-code.js'
import { SignIn } from './auth/sign-in.js'
import { createSignUp, type SignUp } from './auth/sign-up.js'
import { StepUp } from './auth/step-up.js'
import { createConcludeAttempt } from './auth/verification.js'
import type { Config } from './config/config.js'
import type { Database } from './database/client.js'
import { EventDispatcher } from './events/dispatcher.js'
import { EventLog } from './events/log.js'
import { Overview } from './helpdesk/overview.js'
import { HelpdeskRecords } from './helpdesk/records.js'
import { Unlock } from './helpdesk/unlock.js'
import { IdentifierParser } from './identifiers/parser.js'
import { prefixOf } from './identifiers/phone.js'
import { OptOuts } from './limits/opt-outs.js'
import { Limits } from './limits/service.js'
import { Delivery, type Senders } from './messaging/failover.js'
import { Notifier } from './messaging/notifier.js'
import { Receipts } from './messaging/receipts/service.js'
import { Messages } from './messaging/templates/messages.js'
import { OtpService } from './otp/service.js'
import { TestIdentities } from './otp/test-identities.js'
import { createPasskeys, type PasskeyServices } from './passkeys/passkeys.js'
import { ApiKeys } from './sessions/api-keys.js'
import { BearerTokens } from './sessions/bearer-tokens.js'
import { SessionDrafts } from './sessions/drafts.js'
import { SessionService } from './sessions/service.js'
import type { Tokens } from './sessions/tokens.js'
import type { Telemetry } from './telemetry.js'
import { createAct } from './users/acting.js'
import { UserAdministration } from './users/administration.js'
import { createUserList, type UserList } from './users/list.js'
import { UsersService } from './users/service.js'

export type ServiceDependencies = Readonly<{
  config: Config
  database: Database
  senders: Senders
  tokens: Tokens
  telemetry: Telemetry
}>

/** What the routes ask. */
export type Services = Readonly<{
  identifiers: IdentifierParser
  users: UsersService
  limits: Limits
  sessions: SessionService
  audit: AuditTrail
  apiKeys: ApiKeys
  apiKeyRegister: ApiKeyRegister
  bearerTokens: BearerTokens
  receipts: Receipts
  sendCode: SendCode
  signIn: SignIn
  signUp: SignUp
  askForNewAccount: AskForNewAccount
  exchange: Exchange
  stepUp: StepUp
  /** null where there are no passkeys */
  passkeyServices: PasskeyServices | null
  ownIdentifiers: OwnIdentifiers
  ownSessions: OwnSessions
  addressBook: AddressBook
  accountExport: AccountExport
  administration: UserAdministration
  records: HelpdeskRecords
  unlock: Unlock
  overview: Overview
  list: UserList
  eventLog: EventLog
  /** to be started by whoever runs the service */
  dispatcher: EventDispatcher
  /** Waits for messages and events that are still on their way when the last request is done, and ends what was started. */
  settle: () => Promise<void>
}>

export function createServices({ config, database, senders, tokens, telemetry }: ServiceDependencies): Services {
  const { otp: otpSettings, identifiers: countries, delivery: deliverySettings } = config
  const { defaultCountry } = countries
  const { value: eventKey, isOwn: hasOwnEventKey } = config.eventKey
  if (otpSettings.peppers.length > 1 && !hasOwnEventKey) telemetry.onEventKeyAtRisk()

  const identifiers = new IdentifierParser({
    defaultCountry,
    countries: countries.smsCountries,
    latitude: countries.latitude,
    channels: deliverySettings.channels,
  })
  const testIdentities = new TestIdentities({
    testCodes: otpSettings.testCodes,
    identifiers,
    onEnded: telemetry.onEndedTestIdentities,
  })
  const users = new UsersService({ database })
  const act = createAct({ database })
  const otp = new OtpService({ database, settings: otpSettings, testIdentities })
  const sessions = new SessionService({ database, tokens, settings: config.sessions })
  const sessionDrafts = new SessionDrafts(tokens, config.sessions)
  const limits = new Limits({ database, settings: config.limits, eventKey })
  const audit = new AuditTrail({ database, eventKey })

  const messages = new Messages(config.messages, otpSettings)
  if (deliverySettings.channels.includes('sms') && messages.costly.length > 0)
    telemetry.onCostlyMessages(messages.costly)
  const delivery = new Delivery({
    senders,
    routes: deliverySettings.smsRoutes,
    onFailure: telemetry.onFailedAttempt,
    onCircuitChange: telemetry.onCircuitChange,
  })
  const deliveries = new DeliveryTrail({ database, eventKey, onLoss: telemetry.onLostDeliveryEvent })
  const optOuts = new OptOuts(database, (identifier) => identifierHash(eventKey, identifier))
  const receipts = new Receipts({ deliveries, optOuts, onReceipt: telemetry.onReceipt })
  const notifier = new Notifier({
    delivery,
    messages,
    deliveries,
    optOuts,
    onDelivery: telemetry.onSend,
    onLoss: telemetry.onLostReturn,
  })

  const onTelemetry = telemetry.onSignIn
  const sendCode = createSendCode({
    database,
    otp,
    limits,
    audit,
    notifier,
    challenges: new Challenges({ settings: config.challenges, key: eventKey }),
    settings: otpSettings,
    onTelemetry: telemetry.onSend,
  })
  const concludeAttempt = createConcludeAttempt({
    limits,
    audit,
    onAttemptAlarm: telemetry.onAttemptAlarm,
    onTelemetry,
  })
  const { beforeSignup: endpoint, failsOpen } = config.events
  const beforeSignup = new BeforeSignup({ endpoint, failsOpen, onTelemetry: telemetry.onHook })
  const signIn = new SignIn({
    database,
    otp,
    sessionDrafts,
    messages,
    limits,
    audit,
    identifiers,
    notifier,
    concludeAttempt,
    beforeSignup,
    recycleAfter: config.recycleAfter,
    onTelemetry,
  })
  const passkeyParts = { database, act, sessionDrafts, limits, audit, identifiers, notifier, onTelemetry }
  const signUp = createSignUp({ database, sessionDrafts, messages, audit, beforeSignup, limits, onTelemetry })
  const { webhooks, tellsIdentifiers } = config.events
  const dispatcher = new EventDispatcher({
    database,
    endpoints: webhooks,
    tellsIdentifiers,
    onTelemetry: telemetry.onEvents,
  })
  const proofs = { database, identifiers, otp, sendCode, concludeAttempt, limits }

  return {
    identifiers,
    users,
    limits,
    sessions,
    audit,
    apiKeys: new ApiKeys({ database }),
    apiKeyRegister: new ApiKeyRegister({ database, act }),
    bearerTokens: new BearerTokens({
      database,
      tokens,
      names: config.sessions.tokenClaims,
      metadataNames: config.sessions.tokenMetadata,
    }),
    receipts,
    sendCode,
    signIn,
    signUp,
    askForNewAccount: createAskForNewAccount({
      database,
      identifiers,
      notifier,
      recycleAfter: config.recycleAfter,
    }),
    exchange: new Exchange({ database, act, sessionDrafts, limits, audit }),
    stepUp: new StepUp({ ...proofs, users }),
    passkeyServices: config.passkeys && createPasskeys({ ...passkeyParts, settings: config.passkeys }),
    ownIdentifiers: new OwnIdentifiers({ ...proofs, notifier, audit }),
    ownSessions: new OwnSessions({ act }),
    addressBook: new AddressBook({ act }),
    accountExport: new AccountExport({ database, audit, eventKey }),
    administration: new UserAdministration({ database, act, testCodes: otpSettings.testCodes }),
    records: new HelpdeskRecords({ database, eventKey, settings: otpSettings, sessions }),
    unlock: new Unlock({ act, eventKey }),
    overview: new Overview({ database, act, limits, delivery, costs: config.costs }),
    list: createUserList({ database, defaultPrefix: prefixOf(defaultCountry) }),
    eventLog: new EventLog({ database, tellsIdentifiers }),
    dispatcher,
    async settle(): Promise<void> {
      await Promise.all([dispatcher.stop(), beforeSignup.close()])
      await notifier.settle()
      await limits.leases.giveBackAll()
      await deliveries.settle()
    },
  }
}
