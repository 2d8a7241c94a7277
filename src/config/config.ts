// The settings of the service: read once, checked, typed, frozen, and passed down. Nothing else reads the environment.
import { readIdentifierSettings } from './country-settings.js'
import { readCrossOriginSettings, refuseStrayCookies } from './cross-origin-settings.js'
import { readDatabase } from './database-settings.js'
import { readDeliverySettings } from './delivery-settings.js'
import { readEventKey } from './event-key.js'
import { readAuditSettings, readLimitSettings } from './limit-settings.js'
import { readMessageSettings } from './message-settings.js'
import { readCodeSettings, readOtpSettings } from './otp-settings.js'
import { ConfigError, createSettingReader, type Environment, type Mode, type SettingReader } from './reader.js'
import { refuseSharedSecrets } from './secrets.js'
import { readServerSettings } from './server-settings.js'
import { readSessionSettings } from './session-settings.js'
import { readTestCodes } from './test-code-settings.js'

export type Config = Readonly<ReturnType<typeof readConfig>>
export type OtpSettings = Config['otp']
export type SessionSettings = Config['sessions']

/**
 * The settings out of an environment.
 * @throws ConfigError listing every setting that is missing, malformed or unsafe, by name, never by value.
 */
export function readConfig(environment: Environment) {
  const read = createSettingReader(environment)
  // Unset means production: forgetting the variable must never switch a guard off.
  const mode: Mode = read.choice('NODE_ENV', 'production', ['production', 'development', 'test'])
  const settings = readAll(read, mode)
  refuseSharedSecrets(read)
  refuseStrayCookies(read, settings.crossOrigin, settings.sessions)
  return Object.freeze(accept(read, { mode, ...settings }))
}

/**
 * The settings of the database alone, for commands that need no other.
 * @throws ConfigError
 */
export function readDatabaseSettings(environment: Environment) {
  const read = createSettingReader(environment)
  return accept(read, readDatabase(read, 'production'))
}

/**
 * What maintenance from outside the service needs.
 * @throws ConfigError
 */
export function readMaintenanceSettings(environment: Environment) {
  const read = createSettingReader(environment)
  return accept(read, { database: readDatabase(read, 'production'), audit: readAuditSettings(read) })
}

/**
 * What making an admin needs.
 * @throws ConfigError
 */
export function readAdminSettings(environment: Environment) {
  const read = createSettingReader(environment)
  return accept(read, {
    database: readDatabase(read, 'production'),
    identifiers: readIdentifierSettings(read),
    testCodes: readTestCodes(read, readCodeSettings(read).length),
  })
}

/**
 * What messages are made of, for looking at them without a service.
 * @throws ConfigError
 */
export function readWords(environment: Environment) {
  const read = createSettingReader(environment)
  return accept(read, { messages: readMessageSettings(read), codes: readCodeSettings(read) })
}

/** The names of all settings, for the test that holds `.env.example` to them. */
export function settingNames(): readonly string[] {
  const read = createSettingReader({})
  readAll(read, 'development')
  return ['NODE_ENV', ...read.names]
}

function readAll(read: SettingReader, mode: Mode) {
  const identifiers = readIdentifierSettings(read)
  const otp = readOtpSettings(read, mode)
  return {
    ...readServerSettings(read, mode),
    database: readDatabase(read, mode),
    otp,
    eventKey: readEventKey(read, otp.peppers),
    identifiers,
    sessions: readSessionSettings(read, mode),
    crossOrigin: readCrossOriginSettings(read, mode),
    delivery: readDeliverySettings(read, mode, identifiers.smsCountries),
    messages: readMessageSettings(read),
    limits: readLimitSettings(read, mode),
    audit: readAuditSettings(read),
  }
}

/** The settings that were read, unless something was wrong with one of them. */
function accept<Settings>(read: SettingReader, settings: Settings): Settings {
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return settings
}
