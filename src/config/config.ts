// The settings of the service: read once, checked, typed, frozen, and passed down. Nothing else reads the environment.
import { parseChallengeSettings } from './challenge-settings.js'
import { parseIdentifierSettings } from './country-settings.js'
import { parseDatabase } from './database-settings.js'
import { parseDeliverySettings } from './delivery-settings.js'
import { parseAuditSettings, parseLimitSettings } from './limit-settings.js'
import { parseMessageSettings } from './message-settings.js'
import { parseCodeSettings, parseEventKey, parseOtpSettings, parseTestCodes } from './otp-settings.js'
import { parsePageSettings } from './page-settings.js'
import { ConfigError, type Environment, type Mode, SettingReader } from './reader.js'
import { parseRecycleAfter } from './recycle-settings.js'
import { refuseSharedSecrets } from './secrets.js'
import { parseCrossOriginSettings, parseServerSettings, refuseStrayCookies } from './server-settings.js'
import { parseSessionSettings } from './session-settings.js'

export type Config = Readonly<ReturnType<typeof parseConfig>>
export type OtpSettings = Config['otp']
export type SessionSettings = Config['sessions']

/**
 * The settings out of an environment.
 * @throws ConfigError listing every setting that is missing, malformed or unsafe, by name, never by value.
 */
export function parseConfig(environment: Environment) {
  const read = new SettingReader(environment)
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
export function parseDatabaseSettings(environment: Environment) {
  const read = new SettingReader(environment)
  return accept(read, parseDatabase(read, 'production'))
}

/**
 * What maintenance from outside the service needs.
 * @throws ConfigError
 */
export function parseMaintenanceSettings(environment: Environment) {
  const read = new SettingReader(environment)
  return accept(read, {
    database: parseDatabase(read, 'production'),
    audit: parseAuditSettings(read),
    recycleAfter: parseRecycleAfter(read),
  })
}

/**
 * What making an admin needs.
 * @throws ConfigError
 */
export function parseAdminSettings(environment: Environment) {
  const read = new SettingReader(environment)
  return accept(read, {
    database: parseDatabase(read, 'production'),
    identifiers: parseIdentifierSettings(read),
    testCodes: parseTestCodes(read, parseCodeSettings(read).length),
  })
}

/**
 * What messages are made of, for looking at them without a service.
 * @throws ConfigError
 */
export function parseMessagesSettings(environment: Environment) {
  const read = new SettingReader(environment)
  return accept(read, { messages: parseMessageSettings(read), codes: parseCodeSettings(read) })
}

/** The names of all settings, for the test that holds `.env.example` to them. */
export function settingNames(): readonly string[] {
  const read = new SettingReader({})
  readAll(read, 'development')
  return ['NODE_ENV', ...read.names]
}

function readAll(read: SettingReader, mode: Mode) {
  const identifiers = parseIdentifierSettings(read)
  const otp = parseOtpSettings(read, mode)
  const messages = parseMessageSettings(read)
  return {
    ...parseServerSettings(read, mode),
    database: parseDatabase(read, mode),
    otp,
    eventKey: parseEventKey(read, otp.peppers),
    identifiers,
    recycleAfter: parseRecycleAfter(read),
    sessions: parseSessionSettings(read, mode),
    crossOrigin: parseCrossOriginSettings(read, mode),
    delivery: parseDeliverySettings(read, mode, identifiers.smsCountries),
    messages,
    page: parsePageSettings(read, mode, messages),
    limits: parseLimitSettings(read, mode),
    challenges: parseChallengeSettings(read),
    audit: parseAuditSettings(read),
  }
}

/** The settings that were read, unless something was wrong with one of them. */
function accept<Settings>(read: SettingReader, settings: Settings): Settings {
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return settings
}
