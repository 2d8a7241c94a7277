// The services, made of what is given and of each other. The routes that show them are registered in app.ts.
import { createDeliveryTrail } from './audit/deliveries.js'
import { createAuditTrail } from './audit/events.js'
import { createJudgeAttempt } from './auth/attempts.js'
import { createCourier } from './auth/courier.js'
import { createOwnIdentifiers } from './auth/own-identifiers.js'
import { createSendCode } from './auth/send-code.js'
import { createSignIn } from './auth/sign-in.js'
import { createSignUp } from './auth/sign-up.js'
import { createStepUp } from './auth/step-up.js'
import type { Config } from './config/config.js'
import type { Database } from './database/client.js'
import { createDelivery, type Senders } from './delivery/chain.js'
import { createMessages } from './delivery/messages.js'
import { createIdentifierParser } from './identifiers/parser.js'
import { prefixOf } from './identifiers/phone.js'
import { createLimits } from './limits/service.js'
import type { Notices } from './notices.js'
import { createOtpService } from './otp/service.js'
import { createTestIdentities } from './otp/test-identities.js'
import { createReceipts } from './receipts/service.js'
import { createSessionService } from './sessions/service.js'
import type { Tokens } from './sessions/tokens.js'
import { createAct } from './users/acting.js'
import { createAddressBook } from './users/address-book.js'
import { createUserAdministration } from './users/administration.js'
import { createUserExport } from './users/export.js'
import { createUserList } from './users/list.js'
import { createOwnSessions } from './users/own-sessions.js'
import { createUsersService } from './users/service.js'

export type ServiceDependencies = Readonly<{
  config: Config
  database: Database
  senders: Senders
  tokens: Tokens
  notices: Notices
}>

export type Services = ReturnType<typeof createServices>

export function createServices({ config, database, senders, tokens, notices }: ServiceDependencies) {
  const { otp: otpSettings, identifiers: countries, delivery: deliverySettings } = config
  const { defaultCountry } = countries
  const { value: eventKey, isOwn: hasOwnEventKey } = config.eventKey
  if (otpSettings.peppers.length > 1 && !hasOwnEventKey) notices.onEventKeyAtRisk()

  const identifiers = createIdentifierParser({
    defaultCountry,
    countries: countries.smsCountries,
    channels: deliverySettings.channels,
  })
  const testIdentities = createTestIdentities({
    testCodes: otpSettings.testCodes,
    identifiers,
    onEnded: notices.onEndedTestIdentities,
  })
  const users = createUsersService({ database })
  const act = createAct({ database })
  const otp = createOtpService({ database, settings: otpSettings, testIdentities })
  const sessions = createSessionService({ database, tokens, settings: config.sessions })
  const limits = createLimits({ database, settings: config.limits, eventKey })
  const audit = createAuditTrail({ database, eventKey })

  const messages = createMessages(config.messages, otpSettings)
  if (deliverySettings.channels.includes('sms') && messages.costly.length > 0) notices.onCostlyMessages(messages.costly)
  const delivery = createDelivery({
    senders,
    routes: deliverySettings.smsRoutes,
    onFailure: notices.onFailedAttempt,
    onBreaker: notices.onBreaker,
  })
  const deliveries = createDeliveryTrail({ database, eventKey, onLoss: notices.onLostDeliveryEvent })
  const receipts = createReceipts({ deliveries, onReceipt: notices.onReceipt })
  const courier = createCourier({
    delivery,
    messages,
    deliveries,
    onCarried: notices.onSend,
    onLoss: notices.onLostReturn,
  })

  const onNotice = notices.onSignIn
  const sendCode = createSendCode({
    database,
    otp,
    limits,
    audit,
    courier,
    settings: otpSettings,
    onNotice: notices.onSend,
  })
  const judgeAttempt = createJudgeAttempt({ limits, audit, onAttemptAlarm: notices.onGuessAlarm, onNotice })
  const signIn = createSignIn({ database, otp, sessions, messages, limits, audit, judgeAttempt, onNotice })
  const signUp = createSignUp({ database, sessions, messages, audit, onNotice })
  const proofs = { database, identifiers, otp, sendCode, judgeAttempt, limits }

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
    ownIdentifiers: createOwnIdentifiers({ ...proofs, courier, audit }),
    ownSessions: createOwnSessions({ act }),
    addressBook: createAddressBook({ act }),
    exportUser: createUserExport({ database, audit, eventKey }),
    administration: createUserAdministration({ database, act, testCodes: otpSettings.testCodes }),
    list: createUserList({ database, defaultPrefix: prefixOf(defaultCountry) }),
    /** Waits for messages and events that are still on their way when the last request is done. */
    async settle(): Promise<void> {
      await courier.settle()
      await limits.leases.giveBackAll()
      await deliveries.settle()
    },
  }
}
