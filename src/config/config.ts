// The settings of the service: read once, checked, typed, frozen, and passed down. Nothing else reads the environment.
import { parseChallengeSettings } from './challenge-settings.js'
import { parseCostSettings } from './cost-settings.js'
import { parseIdentifierSettings } from './country-settings.js'
import { parseDatabase } from './database-settings.js'
import { parseDeliverySettings } from './delivery-settings.js'
import { parseEventRetention, parseEventSettings } from './event-settings.js'
import { parseAuditSettings, parseLimitSettings } from './limit-settings.js'
import { parseMessageSettings } from './message-settings.js'
import { parseCodeSettings, parseEventKey, parseOtpSettings, parseTestCodes } from './otp-settings.js'
import { parsePageSettings } from './page-settings.js'
import { parsePasskeySettings } from './passkey-settings.js'
import { ConfigError, type Environment, SettingReader } from './reader.js'
import { parseRecycleAfter } from './recycle-settings.js'
import { refuseSharedSecrets } from './secrets.js'
import { parseCrossOriginSettings, parseServerSettings, refuseStrayCookies } from './server-settings.js'
import { parseSessionSettings } from './session-settings.js'
import { parseTracing } from './tracing-settings.js'

export type Config = Readonly<ReturnType<typeof parseConfig>>
export type OtpSettings = Config['otp']
export type SessionSettings = Config['sessions']

/**
 * The settings out of an environment.
 * @throws ConfigError listing every setting that is missing, malformed or unsafe, by name, never by value.
 */
export function parseConfig(environment: Environment) {
  const read = new SettingReader(environment)
  const settings = readAll(read)
  // Of the standard, not ours: in no list of settings, and asked of no file.
  const tracing = parseTracing(environment, (name, problem) => read.problems.push(`${name} ${problem}`))
  refuseSharedSecrets(read)
  refuseStrayCookies(read, settings.crossOrigin, settings.sessions)
  return Object.freeze(accept(read, { mode: read.mode, ...settings, tracing }))
}

/**
 * The settings of the database alone, for commands that need no other.
 * @throws ConfigError
 */
export function parseDatabaseSettings(environment: Environment) {
  const read = new SettingReader(environment, 'production')
  return accept(read, parseDatabase(read))
}

/**
 * What maintenance from outside the service needs.
 * @throws ConfigError
 */
export function parseMaintenanceSettings(environment: Environment) {
  const read = new SettingReader(environment, 'production')
  return accept(read, {
    database: parseDatabase(read),
    audit: parseAuditSettings(read),
    events: parseEventRetention(read),
    recycleAfter: parseRecycleAfter(read),
  })
}

/**
 * What making an admin needs.
 * @throws ConfigError
 */
export function parseAdminSettings(environment: Environment) {
  const read = new SettingReader(environment, 'production')
  return accept(read, {
    database: parseDatabase(read),
    identifiers: parseIdentifierSettings(read),
    testCodes: parseTestCodes(read, parseCodeSettings(read).length),
  })
}

/**
 * What messages are made of, for looking at them without a service.
 * @throws ConfigError
 */
export function parseMessagesSettings(environment: Environment) {
  const read = new SettingReader(environment, 'production')
  return accept(read, { messages: parseMessageSettings(read), codes: parseCodeSettings(read) })
}

/**
 * The secrets that are replaced step by step.
 * @throws ConfigError
 */
export function parseRotationSettings(environment: Environment) {
  const read = new SettingReader(environment, 'production')
  const { peppers } = parseOtpSettings(read)
  return accept(read, {
    sessions: parseSessionSettings(read),
    peppers,
    eventKey: parseEventKey(read, peppers),
  })
}

/** The names of the settings that are read, for the test that holds the table to them. */
export function namesRead(): readonly string[] {
  const read = new SettingReader({})
  readAll(read)
  return [...read.names]
}

function readAll(read: SettingReader) {
  const identifiers = parseIdentifierSettings(read)
  const otp = parseOtpSettings(read)
  const messages = parseMessageSettings(read)
  return {
    ...parseServerSettings(read),
    database: parseDatabase(read),
    otp,
    eventKey: parseEventKey(read, otp.peppers),
    identifiers,
    recycleAfter: parseRecycleAfter(read),
    sessions: parseSessionSettings(read),
    crossOrigin: parseCrossOriginSettings(read),
    delivery: parseDeliverySettings(read, identifiers.smsCountries),
    messages,
    costs: parseCostSettings(read),
    passkeys: parsePasskeySettings(read, messages),
    page: parsePageSettings(read, messages),
    limits: parseLimitSettings(read),
    challenges: parseChallengeSettings(read),
    audit: parseAuditSettings(read),
    events: parseEventSettings(read),
  }
}

/** The settings that were read, unless something was wrong with one of them. */
function accept<Settings>(read: SettingReader, settings: Settings): Settings {
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return settings
}
