// The settings of the service: read once, checked, typed, frozen, and passed down. Nothing else reads the environment.
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { Cron } from 'croner'
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max'
import { readCrossOriginSettings, refuseStrayCookies } from './cross-origin-settings.js'
import { readDeliverySettings } from './delivery-settings.js'
import { parsePrivateKey, parsePublicKeys } from './keys.js'
import { readAuditSettings, readLimitSettings } from './limit-settings.js'
import { ConfigError, createSettingReader, type Environment, type Mode, type SettingReader } from './reader.js'
import { isLoopbackHost, parseUrl } from './urls.js'

export const day = 86_400
/** Seconds after which a session ends whatever happens (NIST SP 800-63B-4 §2.1.3: 30 days at most). */
export const longestSession = 30 * day

export type Config = Readonly<ReturnType<typeof readConfig>>
export type OtpSettings = Config['otp']
export type SessionSettings = Config['sessions']

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/**
 * The settings out of an environment.
 * @throws ConfigError listing every setting that is missing, malformed or unsafe, by name, never by value.
 */
export function readConfig(environment: Environment) {
  const read = createSettingReader(environment)
  // Unset means production: forgetting the variable must never switch a guard off.
  const mode: Mode = read.choice('NODE_ENV', 'production', ['production', 'development', 'test'])
  const config = {
    mode,
    ...readServer(read, mode),
    database: readDatabase(read, mode),
    otp: readOtp(read, mode),
    identifiers: readIdentifiers(read),
    sessions: readSessions(read, mode),
    crossOrigin: readCrossOriginSettings(read, mode),
    delivery: readDeliverySettings(read, mode),
    limits: readLimitSettings(read, mode),
    audit: readAuditSettings(read),
  }
  refuseSharedSecrets(read)
  refuseStrayCookies(read, config.crossOrigin, config.sessions)
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return Object.freeze(config)
}

/**
 * The settings of the database alone, for commands that need no other.
 * @throws ConfigError
 */
export function readDatabaseSettings(environment: Environment) {
  const read = createSettingReader(environment)
  const settings = readDatabase(read, 'production')
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return settings
}

/**
 * What maintenance from outside the service needs.
 * @throws ConfigError
 */
export function readMaintenanceSettings(environment: Environment) {
  const read = createSettingReader(environment)
  const settings = { database: readDatabase(read, 'production'), audit: readAuditSettings(read) }
  if (read.problems.length > 0) throw new ConfigError(read.problems)
  return settings
}

/** The names of all settings, for the test that holds `.env.example` to them. */
export function settingNames(): readonly string[] {
  const read = createSettingReader({})
  readServer(read, 'development')
  readDatabase(read, 'development')
  readOtp(read, 'development')
  readIdentifiers(read)
  readSessions(read, 'development')
  readCrossOriginSettings(read, 'development')
  readDeliverySettings(read, 'development')
  readLimitSettings(read, 'development')
  readAuditSettings(read)
  return ['NODE_ENV', ...read.names]
}

function readServer(read: SettingReader, mode: Mode) {
  return {
    host: read.text('HOST') ?? (mode === 'development' ? '127.0.0.1' : '0.0.0.0'),
    port: read.integer('PORT', 3000, { minimum: 0, maximum: 65_535 }),
    publicUrl: readPublicUrl(read, mode),
    trustProxy: readTrustProxy(read),
    logLevel: read.choice('LOG_LEVEL', 'info', logLevels),
    docs: read.flag('DOCS', true),
    cleanupCron: readCron(read),
  }
}

function readPublicUrl(read: SettingReader, mode: Mode): string | undefined {
  const value = read.text('PUBLIC_URL')
  if (value === undefined) return undefined
  const url = parseUrl(value)
  const isOrigin = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`
  if (!isOrigin) read.report('PUBLIC_URL', 'must be an origin such as https://login.example.com')
  else if (mode === 'production' && url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    read.report('PUBLIC_URL', 'must be https, except on loopback')
  }
  return url?.origin
}

/** IPs and CIDR blocks. A hop count or `true` would let any client choose its own address (GHSA-5847-rm3g-23mw). */
function readTrustProxy(read: SettingReader): readonly string[] {
  const isBlock = (item: string): item is string => {
    const [address = '', bits, ...rest] = item.split('/')
    const family = isIP(address)
    const bitsFit = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    return family !== 0 && bitsFit && rest.length === 0
  }
  return read.list(
    'TRUST_PROXY',
    [],
    'IP addresses or CIDR blocks of your proxies (never true, never a number)',
    isBlock,
  )
}

function readCron(read: SettingReader): string {
  const pattern = read.text('CLEANUP_CRON') ?? '*/5 * * * *'
  try {
    const job = new Cron(pattern, { paused: true })
    // A date is one too, to croner: a cleanup that runs once.
    if (job.nextRuns(2).length < 2) throw new Error('runs no second time')
    job.stop()
  } catch {
    read.report('CLEANUP_CRON', 'must be a cron expression such as */5 * * * *')
  }
  return pattern
}

function readDatabase(read: SettingReader, mode: Mode) {
  const isPostgres = (value: string) => ['postgres:', 'postgresql:'].includes(parseUrl(value)?.protocol ?? '')
  const url = read.required('DATABASE_URL', mode === 'development' ? '(npm run dev sets it)' : '')
  const directUrl = read.text('DIRECT_DATABASE_URL') ?? url
  if (url && !isPostgres(url)) read.report('DATABASE_URL', 'must be a postgresql:// URL')
  if (directUrl !== url && !isPostgres(directUrl)) read.report('DIRECT_DATABASE_URL', 'must be a postgresql:// URL')
  return {
    url,
    directUrl,
    poolSize: read.integer('DATABASE_POOL_SIZE', 10, { minimum: 1, maximum: 1000 }),
    namedStatements: read.flag('DATABASE_NAMED_STATEMENTS', true),
    migrateOnBoot: read.flag('MIGRATE_ON_BOOT', mode === 'development'),
  }
}

function readOtp(read: SettingReader, mode: Mode) {
  const echo = read.flag('OTP_ECHO', mode === 'development')
  if (echo && mode === 'production') read.report('OTP_ECHO', 'must not be on outside development and test')
  const peppers = [readSecret(read, 'OTP_PEPPER'), read.text('OTP_PEPPER_PREVIOUS')]
  if (peppers[1] !== undefined) refuseWeakSecret(read, 'OTP_PEPPER_PREVIOUS', peppers[1])
  return {
    echo,
    /** the current one first; the previous one is still accepted while it is being replaced */
    peppers: peppers.filter((pepper) => pepper !== undefined),
    length: read.integer('OTP_LENGTH', 6, { minimum: 6, maximum: 10 }),
    /** seconds */
    timeToLive: read.duration('OTP_TTL', 300, { minimum: 30, maximum: 600 }),
    maxAttempts: read.integer('OTP_MAX_ATTEMPTS', 5, { minimum: 1, maximum: 10 }),
    /** seconds before the first resend; it doubles with each further one */
    resendCooldown: read.duration('OTP_RESEND_COOLDOWN', 30, { minimum: 1, maximum: 600 }),
    maxSendsPerHour: read.integer('OTP_MAX_SENDS_PER_HOUR', 5, { minimum: 1, maximum: 1_000_000 }),
    maxSendsPerDay: read.integer('OTP_MAX_SENDS_PER_DAY', 10, { minimum: 1, maximum: 1_000_000 }),
    maxFailuresPerDay: read.integer('OTP_MAX_FAILURES_PER_DAY', 20, { minimum: 1, maximum: 100 }),
  }
}

function readIdentifiers(read: SettingReader) {
  const isCountry = (item: string): item is CountryCode => isSupportedCountry(item)
  const defaultCountry = read.text('DEFAULT_COUNTRY') ?? 'IN'
  if (!isCountry(defaultCountry))
    read.report('DEFAULT_COUNTRY', 'must be a country code such as IN (ISO 3166-1 alpha-2)')
  const country: CountryCode = isCountry(defaultCountry) ? defaultCountry : 'IN'
  const locale = read.text('DEFAULT_LOCALE') ?? 'en'
  if (!isLocale(locale)) read.report('DEFAULT_LOCALE', 'must be a language tag such as en or hi (BCP 47)')
  return {
    defaultCountry: country,
    smsCountries: read.list('SMS_COUNTRIES', [country], 'country codes such as IN (ISO 3166-1 alpha-2)', isCountry),
    defaultLocale: isLocale(locale) ? locale : 'en',
  }
}

function readSessions(read: SettingReader, mode: Mode) {
  const timeToLive = read.duration('SESSION_TTL', 7 * day, { minimum: 60, maximum: longestSession })
  const privateKey = readPrivateKey(read)
  const previous = read.text('JWT_PREVIOUS_PUBLIC_KEYS')
  const previousPublicKeys = previous === undefined ? [] : parsePublicKeys(previous)
  if (previousPublicKeys === null) read.report('JWT_PREVIOUS_PUBLIC_KEYS', 'must hold public keys in PEM')
  const cookieName = read.text('COOKIE_NAME') ?? 'jwt'
  // RFC 9110 §5.6.2: a cookie's name is a token; `signup` and `device` are cookies of our own
  if (!/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(cookieName) || ['signup', 'device'].includes(cookieName)) {
    read.report('COOKIE_NAME', 'must be a cookie name other than signup and device')
  }
  return {
    privateKey,
    previousPublicKeys: previousPublicKeys ?? [],
    issuer: read.text('JWT_ISSUER') ?? 'latchkey',
    audience: read.text('JWT_AUDIENCE') ?? 'latchkey',
    /** seconds without use after which a session ends */
    timeToLive,
    /** seconds that one token lives */
    tokenTimeToLive: read.duration('TOKEN_TTL', timeToLive, { minimum: 60, maximum: timeToLive }),
    introspectionToken: readIntrospectionToken(read),
    cookieName,
    cookieSameSite: read.choice('COOKIE_SAMESITE', 'lax', ['lax', 'strict', 'none']),
    // Browsers take `Secure` cookies on http://localhost alone, and some not even there. A prefixed name demands it.
    secureCookies: mode !== 'development' || /^__(Host|Secure)-/.test(cookieName),
  }
}

function readPrivateKey(read: SettingReader): KeyObject {
  const text = read.required('JWT_PRIVATE_KEY', '(npm run keys prints one)')
  const key = text ? parsePrivateKey(text) : null
  if (text && key === null)
    read.report('JWT_PRIVATE_KEY', 'must be a P-256, Ed25519 or RSA (2048 bits and more) key in PEM')
  // Where there is none, a problem has been reported and nobody gets to see this value.
  return key as KeyObject
}

/** What other services show to ask about a token; nobody may ask where there is none. */
function readIntrospectionToken(read: SettingReader): string | undefined {
  const value = read.text('INTROSPECTION_TOKEN')
  if (value === undefined) return undefined
  refuseWeakSecret(read, 'INTROSPECTION_TOKEN', value)
  // RFC 6750 §2.1: anything else could not be sent
  if (!/^[\w.~+/-]+=*$/.test(value)) read.report('INTROSPECTION_TOKEN', 'must be letters, digits and -._~+/ alone')
  return value
}

function readSecret(read: SettingReader, name: string): string {
  const value = read.required(name, '(npm run keys prints one)')
  if (value) refuseWeakSecret(read, name, value)
  return value
}

function refuseWeakSecret(read: SettingReader, name: string, value: string): void {
  if (Buffer.byteLength(value) < 32) read.report(name, 'must be at least 32 bytes long')
  if (/change.?me|example/i.test(value))
    read.report(name, 'is the value of an example; make your own with npm run keys')
}

/** One leaked secret must not open a second lock. */
function refuseSharedSecrets(read: SettingReader): void {
  const secrets = [
    'OTP_PEPPER',
    'OTP_PEPPER_PREVIOUS',
    'JWT_PRIVATE_KEY',
    'SENDER_WEBHOOK_SECRET',
    'INTROSPECTION_TOKEN',
  ]
  const seen = new Map<string, string>()
  for (const name of secrets) {
    const value = read.text(name)
    const other = value === undefined ? undefined : seen.get(value)
    if (other !== undefined) read.report(name, `must differ from ${other}`)
    if (value !== undefined) seen.set(value, name)
  }
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}
