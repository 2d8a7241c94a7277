// The services of passkeys, made of what others are; there are none where the settings name no domain for them.
import type { AuditTrail } from '../audit/events.js'
import type { PasskeySettings } from '../config/passkey-settings.js'
import type { Database } from '../database/client.js'
import type { LogOrigin } from '../http/client.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { Notifier } from '../messaging/notifier.js'
import type { SessionDrafts } from '../sessions/drafts.js'
import type { Act } from '../users/acting.js'
import { Ceremonies } from './ceremonies.js'
import { PasskeyChallenges } from './challenges.js'
import { PasskeyRegistration } from './registration.js'
import { type PasskeyTelemetry, PasskeyUse } from './use.js'

export type PasskeyServices = Readonly<{ ownPasskeys: PasskeyRegistration; passkeys: PasskeyUse }>

type PasskeyDependencies = {
  settings: PasskeySettings
  database: Database
  act: Act
  sessionDrafts: SessionDrafts
  limits: Limits
  audit: AuditTrail
  identifiers: IdentifierParser
  notifier: Notifier
  onTelemetry: (origin: LogOrigin, event: PasskeyTelemetry) => void
}

export function createPasskeys({ settings, ...dependencies }: PasskeyDependencies): PasskeyServices {
  const ceremonies = new Ceremonies(settings)
  const challenges = new PasskeyChallenges(dependencies.database)
  return {
    ownPasskeys: new PasskeyRegistration({ ...dependencies, ceremonies, challenges }),
    passkeys: new PasskeyUse({ ...dependencies, ceremonies, challenges }),
  }
}
