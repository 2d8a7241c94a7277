// The settings of the service: read once, checked, typed, frozen, and passed down. Nothing else reads the environment.
import { isIP } from 'node:net'
import { Cron } from 'croner'
import { readIdentifierSettings } from './country-settings.js'
import { readCrossOriginSettings, refuseStrayCookies } from './cross-origin-settings.js'
import { readDeliverySettings } from './delivery-settings.js'
import { readAuditSettings, readLimitSettings } from './limit-settings.js'
import { readMessageSettings } from './message-settings.js'
import { ConfigError, createSettingReader, type Environment, type Mode, type SettingReader } from './reader.js'
import { readBearerSecret, readSecret, refuseWeakSecret } from './secrets.js'
import { readSessionSettings } from './session-settings.js'
import { readTestCodes } from './test-code-settings.js'
import { isLoopbackHost, parseUrl } from './urls.js'

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
    testCodes: readTestCodes(read, readCodes(read).length),
  })
}

/**
 * What messages are made of, for looking at them without a service.
 * @throws ConfigError
 */
export function readWords(environment: Environment) {
  const read = createSettingReader(environment)
  return accept(read, { messages: readMessageSettings(read), codes: readCodes(read) })
}

/** The names of all settings, for the test that holds `.env.example` to them. */
export function settingNames(): readonly string[] {
  const read = createSettingReader({})
  readAll(read, 'development')
  return ['NODE_ENV', ...read.names]
}

function readAll(read: SettingReader, mode: Mode) {
  const identifiers = readIdentifierSettings(read)
  return {
    ...readServer(read, mode),
    database: readDatabase(read, mode),
    otp: readOtp(read, mode),
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

function readServer(read: SettingReader, mode: Mode) {
  return {
    host: read.text('HOST') ?? (mode === 'development' ? '127.0.0.1' : '0.0.0.0'),
    port: read.integer('PORT', 3000, { minimum: 0, maximum: 65_535 }),
    publicUrl: readPublicUrl(read, mode),
    trustProxy: readTrustProxy(read),
    logLevel: read.choice('LOG_LEVEL', 'info', logLevels),
    docs: read.flag('DOCS', true),
    metricsToken: readBearerSecret(read, 'METRICS_TOKEN'),
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
  const codes = readCodes(read)
  return {
    echo,
    /** the current one first; the previous one is still accepted while it is being replaced */
    peppers: peppers.filter((pepper) => pepper !== undefined),
    ...codes,
    maxAttempts: read.integer('OTP_MAX_ATTEMPTS', 5, { minimum: 1, maximum: 10 }),
    /** seconds before the first resend; it doubles with each further one */
    resendCooldown: read.duration('OTP_RESEND_COOLDOWN', 30, { minimum: 1, maximum: 600 }),
    maxSendsPerHour: read.integer('OTP_MAX_SENDS_PER_HOUR', 5, { minimum: 1, maximum: 1_000_000 }),
    maxSendsPerDay: read.integer('OTP_MAX_SENDS_PER_DAY', 10, { minimum: 1, maximum: 1_000_000 }),
    maxFailuresPerDay: read.integer('OTP_MAX_FAILURES_PER_DAY', 20, { minimum: 1, maximum: 100 }),
    testCodes: readTestCodes(read, codes.length),
  }
}

function readCodes(read: SettingReader) {
  return {
    length: read.integer('OTP_LENGTH', 6, { minimum: 6, maximum: 10 }),
    /** seconds */
    timeToLive: read.duration('OTP_TTL', 300, { minimum: 30, maximum: 600 }),
  }
}

/** One leaked secret must not open a second lock. */
function refuseSharedSecrets(read: SettingReader): void {
  const secrets = [
    'OTP_PEPPER',
    'OTP_PEPPER_PREVIOUS',
    'JWT_PRIVATE_KEY',
    'SENDER_WEBHOOK_SECRET',
    'TWILIO_AUTH_TOKEN',
    'INTROSPECTION_TOKEN',
    'METRICS_TOKEN',
  ]
  const seen = new Map<string, string>()
  for (const name of secrets) {
    const value = read.text(name)
    const other = value === undefined ? undefined : seen.get(value)
    if (other !== undefined) read.report(name, `must differ from ${other}`)
    if (value !== undefined) seen.set(value, name)
  }
}
