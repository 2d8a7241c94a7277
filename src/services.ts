// The services, made of what is given and of each other. The routes that show them are registered in app.ts.

import { createAddressBook } from './account/address-book.js'
import { AccountExport } from './account/export.js'
import { createOwnIdentifiers } from './account/identifiers.js'
import { createOwnSessions } from './account/sessions.js'
import { DeliveryTrail } from './audit/deliveries.js'
import { AuditTrail } from './audit/events.js'
import { createSendCode } from './auth/send-code.js'
import { createSignIn } from './auth/sign-in.js'
import { createSignUp } from './auth/sign-up.js'
import { createStepUp } from './auth/step-up.js'
import { createConcludeAttempt } from './auth/verification.js'
import type { Config } from './config/config.js'
import type { Database } from './database/client.js'
import { createIdentifierParser } from './identifiers/parser.js'
import { prefixOf } from './identifiers/phone.js'
import { createLimits } from './limits/service.js'
import { createDelivery, type Senders } from './messaging/failover.js'
import { createNotifier } from './messaging/notifier.js'
import { createReceipts } from './messaging/receipts/service.js'
import { createMessages } from './messaging/templates/messages.js'
import { createOtpService } from './otp/service.js'
import { createTestIdentities } from './otp/test-identities.js'
import { createSessionService } from './sessions/service.js'
import type { Tokens } from './sessions/tokens.js'
import type { Telemetry } from './telemetry.js'
import { createAct } from './users/acting.js'
import { createUserAdministration } from './users/administration.js'
import { createUserList } from './users/list.js'
import { UsersService } from './users/service.js'

export type ServiceDependencies = Readonly<{
  config: Config
  database: Database
  senders: Senders
  tokens: Tokens
  telemetry: Telemetry
}>

export type Services = ReturnType<typeof createServices>

export function createServices({ config, database, senders, tokens, telemetry }: ServiceDependencies) {
  const { otp: otpSettings, identifiers: countries, delivery: deliverySettings } = config
  const { defaultCountry } = countries
  const { value: eventKey, isOwn: hasOwnEventKey } = config.eventKey
  if (otpSettings.peppers.length > 1 && !hasOwnEventKey) telemetry.onEventKeyAtRisk()

  const identifiers = createIdentifierParser({
    defaultCountry,
    countries: countries.smsCountries,
    latitude: countries.latitude,
    channels: deliverySettings.channels,
  })
  const testIdentities = createTestIdentities({
    testCodes: otpSettings.testCodes,
    identifiers,
    onEnded: telemetry.onEndedTestIdentities,
  })
  const users = new UsersService({ database })
  const act = createAct({ database })
  const otp = createOtpService({ database, settings: otpSettings, testIdentities })
  const sessions = createSessionService({ database, tokens, settings: config.sessions })
  const limits = createLimits({ database, settings: config.limits, eventKey })
  const audit = new AuditTrail({ database, eventKey })

  const messages = createMessages(config.messages, otpSettings)
  if (deliverySettings.channels.includes('sms') && messages.costly.length > 0)
    telemetry.onCostlyMessages(messages.costly)
  const delivery = createDelivery({
    senders,
    routes: deliverySettings.smsRoutes,
    onFailure: telemetry.onFailedAttempt,
    onCircuitChange: telemetry.onCircuitChange,
  })
  const deliveries = new DeliveryTrail({ database, eventKey, onLoss: telemetry.onLostDeliveryEvent })
  const receipts = createReceipts({ deliveries, onReceipt: telemetry.onReceipt })
  const notifier = createNotifier({
    delivery,
    messages,
    deliveries,
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
    settings: otpSettings,
    onTelemetry: telemetry.onSend,
  })
  const concludeAttempt = createConcludeAttempt({
    limits,
    audit,
    onAttemptAlarm: telemetry.onAttemptAlarm,
    onTelemetry,
  })
  const signIn = createSignIn({
    database,
    otp,
    sessions,
    messages,
    limits,
    audit,
    identifiers,
    notifier,
    concludeAttempt,
    onTelemetry,
  })
  const signUp = createSignUp({ database, sessions, messages, audit, onTelemetry })
  const proofs = { database, identifiers, otp, sendCode, concludeAttempt, limits }

  return {
    identifiers,
    users,
    sessions,
    audit,
    receipts,
    sendCode,
    signIn,
    signUp,
    stepUp: createStepUp({ ...proofs, users }),
    ownIdentifiers: createOwnIdentifiers({ ...proofs, notifier, audit }),
    ownSessions: createOwnSessions({ act }),
    addressBook: createAddressBook({ act }),
    accountExport: new AccountExport({ database, audit, eventKey }),
    administration: createUserAdministration({ database, act, testCodes: otpSettings.testCodes }),
    list: createUserList({ database, defaultPrefix: prefixOf(defaultCountry) }),
    /** Waits for messages and events that are still on their way when the last request is done. */
    async settle(): Promise<void> {
      await notifier.settle()
      await limits.leases.giveBackAll()
      await deliveries.settle()
    },
  }
}
