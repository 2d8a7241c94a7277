// The settings: their defaults, what stops the start, and that nothing ever prints a value.
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { forDriver, schemaOf } from '../../src/config/connection-string.js'
import { parseDuration } from '../../src/config/reader.js'
import { newPrivateKey } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'

const secret = 'Zx9!a secret that must never be printed 0123456789'
const production = {
  DATABASE_URL: 'postgresql://user:password@db.internal/latchkey',
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: secret,
  SMS_DRIVERS: 'webhook',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: 'https://gateway.internal/codes',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
}

const problemsOf = (environment: Record<string, string | undefined>) => problemsThrownBy(() => parseConfig(environment))

t.test('production with what is required has the defaults of the contract', async (t) => {
  const config = parseConfig(production)
  t.match(config, {
    mode: 'production',
    host: '0.0.0.0',
    port: 3000,
    publicUrl: undefined,
    trustProxy: [],
    proxyHeader: 'x-forwarded-for',
    logLevel: 'info',
    docs: false,
    cleanupCron: '*/5 * * * *',
    database: { poolSize: 10, namedStatements: true, migrateOnBoot: false, directUrl: production.DATABASE_URL },
    otp: {
      echo: false,
      length: 6,
      timeToLive: 300,
      maxAttempts: 5,
      resendCooldown: 30,
      maxSendsPerHour: 5,
      maxSendsPerDay: 10,
      maxFailuresPerDay: 20,
    },
    identifiers: { defaultCountry: 'IN', smsCountries: ['IN'] },
    sessions: {
      issuer: 'latchkey',
      audience: 'latchkey',
      timeToLive: 604_800,
      tokenTimeToLive: 604_800,
      cookieName: 'jwt',
      cookieSameSite: 'lax',
      secureCookies: true,
      introspectionToken: undefined,
    },
    crossOrigin: { origins: [], allowsAnyOrigin: false },
    delivery: { channels: ['sms', 'email'] },
    messages: {
      appName: 'Latchkey',
      defaultLocale: 'en',
      directory: undefined,
      webOtpDomain: undefined,
      androidAppHash: undefined,
    },
  })
  t.ok(Object.isFrozen(config))
})

t.test('development needs secrets and a database, which npm run dev brings, and nothing else', async (t) => {
  const { DATABASE_URL, JWT_PRIVATE_KEY, OTP_PEPPER } = production
  const config = parseConfig({ NODE_ENV: 'development', DATABASE_URL, JWT_PRIVATE_KEY, OTP_PEPPER })
  t.match(config, {
    host: '127.0.0.1',
    otp: { echo: true },
    database: { migrateOnBoot: true },
    sessions: { secureCookies: false },
  })
  t.strictSame(config.delivery.drivers, { sms: [{ name: 'console' }], email: [{ name: 'console' }] })
})

t.test('an empty environment is told all that is missing, a line each', async (t) => {
  const problems = problemsOf({})
  for (const name of ['DATABASE_URL', 'OTP_PEPPER', 'JWT_PRIVATE_KEY', 'SMS_DRIVERS', 'EMAIL_DRIVERS']) {
    t.equal(problems.filter((line) => line.startsWith(`${name} `)).length, 1, name)
  }
  t.ok(problems.every((line) => !line.includes('\n')))
})

t.test('each unsafe or malformed setting is refused by name, its value unprinted', async (t) => {
  const weakKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const otherKind = {
    publicKey: rsa.export({ type: 'spki', format: 'pem' }).toString(),
    pkcs1: rsa.export({ type: 'pkcs1', format: 'pem' }).toString(),
  }
  const otherType = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const refused: [string, string][] = [
    ['NODE_ENV', 'staging-value'],
    ['OTP_ECHO', 'true'],
    ['OTP_ECHO', 'maybe-value'],
    ['SMS_DRIVERS', 'console'],
    ['EMAIL_DRIVERS', 'webhook,console'],
    ['SMS_DRIVERS', 'pigeon-value'],
    ['SMS_DRIVERS', 'webhook,webhook'],
    ['CHANNELS', 'fax-value'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '1'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/8/8'],
    ['TRUST_PROXY', '0.0.0.0/0'],
    ['TRUST_PROXY', 'proxy.internal-value'],
    ['PORT', '65536'],
    ['PORT', 'http-value'],
    ['PUBLIC_URL', 'http://login.example-value.com'],
    ['PUBLIC_URL', 'https://login.example-value.com/path'],
    ['PUBLIC_URL', 'ftp://x-value'],
    ['PUBLIC_URL', 'no url'],
    ['DATABASE_URL', 'mysql://localhost/x-value'],
    ['DIRECT_DATABASE_URL', 'nonsense-value'],
    ['DATABASE_URL', 'postgresql://localhost/x?schema=pg_value'],
    ['DATABASE_URL', 'postgresql://localhost/x?schema='],
    ['DATABASE_URL', 'postgresql://localhost/x?schema=%22value%22'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_NAMED_STATEMENTS', 'sometimes-value'],
    ['OTP_PEPPER', 'short-value'],
    ['OTP_PEPPER', 'change-me-change-me-change-me-change-me'],
    ['OTP_PEPPER_PREVIOUS', 'short-value'],
    ['OTP_PEPPER_PREVIOUS', secret],
    ['EVENT_KEY', 'short-value'],
    ['EVENT_KEY', 'change-me-change-me-change-me-change-me'],
    ['OTP_LENGTH', '5'],
    ['OTP_LENGTH', '11'],
    ['OTP_TTL', '29'],
    ['OTP_TTL', '601'],
    ['OTP_TTL', '11m'],
    ['OTP_MAX_ATTEMPTS', '0'],
    ['OTP_MAX_ATTEMPTS', '11'],
    ['OTP_RESEND_COOLDOWN', '0'],
    ['TEST_OTPS', '+919999900001:123456'],
    ['TEST_OTPS', '+919999900001:12345@2099-01-31'],
    ['TEST_OTPS', '+919999900001:1234567@2099-01-31'],
    ['TEST_OTPS', '+919999900001:12345a@2099-01-31'],
    ['TEST_OTPS', '+919999900001:123456@2099-02-30'],
    ['TEST_OTPS', '+919999900001:123456@2099-01-32'],
    ['TEST_OTPS', '+919999900001:123456@31.01.2099'],
    ['TEST_OTPS', ':123456@2099-01-31'],
    ['TEST_OTPS', '+919999900001:123456@2099-01-31,'],
    ['TEST_OTPS', '+919999900001:123456@2099-01-31,+919999900001:654321@2099-01-31'],
    ['TEST_OTPS', Array.from({ length: 11 }, (_, index) => `value${index}@example.com:123456@2099-01-31`).join(',')],
    ['OTP_RESEND_COOLDOWN', '601'],
    ['OTP_MAX_SENDS_PER_HOUR', '0'],
    ['OTP_MAX_SENDS_PER_DAY', '-1'],
    ['OTP_MAX_FAILURES_PER_DAY', '101'],
    ['DEFAULT_COUNTRY', 'XX'],
    ['SMS_COUNTRIES', 'IN,Narnia-value'],
    ['SMS_COUNTRIES', 'IN,AX'],
    ['SMS_COUNTRIES', 'IN,GB,IM,BL,MF'],
    ['DEFAULT_COUNTRY', 'IM'],
    ['DEFAULT_LOCALE', 'not a locale'],
    ['APP_NAME', 'A name that is longer than thirty'],
    ['APP_NAME', 'Two\nlines'],
    ['APP_NAME', 'Two\u2028lines'],
    ['APP_NAME', 'Bell\u0007 name'],
    ['APP_NAME', 'Turned \u202ename'],
    ['APP_NAME', '   '],
    ['WEBOTP_DOMAIN', 'https://login.example-value.com'],
    ['WEBOTP_DOMAIN', 'login.example-value.com:443'],
    ['WEBOTP_DOMAIN', 'login.example-value.com/'],
    ['WEBOTP_DOMAIN', '@login.example-value.com'],
    ['WEBOTP_DOMAIN', 'Login.example-value.com'],
    ['WEBOTP_DOMAIN', 'bücher.example'],
    ['WEBOTP_DOMAIN', 'one-label'],
    ['WEBOTP_DOMAIN', '192.168.100.1'],
    ['WEBOTP_DOMAIN', 'two words.example'],
    ['WEBOTP_DOMAIN', 'dot.at.end.example.'],
    ['WEBOTP_DOMAIN', '-dash.example-value.com'],
    ['ANDROID_APP_HASH', 'FA+9qCX9VS'],
    ['ANDROID_APP_HASH', 'FA+9qCX9VSu='],
    ['ANDROID_APP_HASH', 'FA_9qCX9VSu'],
    ['JWT_PRIVATE_KEY', 'junk-value'],
    ['JWT_PRIVATE_KEY', String(weakKey)],
    ['JWT_PRIVATE_KEY', String(otherCurve)],
    ['JWT_PRIVATE_KEY', String(otherType)],
    ['JWT_PREVIOUS_PUBLIC_KEYS', 'junk-value'],
    ['JWT_PREVIOUS_PUBLIC_KEYS', `${otherKind.publicKey}${otherKind.pkcs1}`],
    ['SESSION_TTL', '31d'],
    ['SESSION_TTL', '59'],
    ['TOKEN_TTL', '8d'],
    ['TOKEN_TTL', '59s'],
    ['COOKIE_NAME', 'a name with spaces'],
    ['COOKIE_NAME', 'signup'],
    ['COOKIE_SAMESITE', 'loose-value'],
    ['COOKIE_SAMESITE', 'none'],
    ['CORS_ORIGINS', '*'],
    ['PROXY_HEADER', 'x-real-ip'],
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', 'https://shop.example-value.com/'],
    ['CORS_ORIGINS', 'https://Shop.example-value.com'],
    ['CORS_ORIGINS', 'https://*.example-value.com'],
    ['CORS_ORIGINS', 'http://shop.example-value.com'],
    ['CORS_ORIGINS', 'shop.example-value.com'],
    ['CORS_ORIGINS', 'https://shop.example-value.com,*'],
    ['CORS_ORIGINS', 'ftp://shop.example-value.com'],
    ['CORS_ORIGINS', 'capacitor://localhost/'],
    ['CORS_ORIGINS', 'capacitor://Localhost'],
    ['CORS_ORIGINS', 'Capacitor://localhost'],
    ['CORS_ORIGINS', 'capacitor://*'],
    ['CORS_ORIGINS', 'file://localhost'],
    ['CORS_ORIGINS', 'ws://localhost'],
    ['INTROSPECTION_TOKEN', 'short-value'],
    ['INTROSPECTION_TOKEN', 'with a space, and long enough for anybody'],
    ['INTROSPECTION_TOKEN', 'change-me-change-me-change-me-change-me'],
    ['METRICS_TOKEN', 'short-value'],
    ['METRICS_TOKEN', 'with a space, and long enough for anybody'],
    ['CLEANUP_CRON', 'every day'],
    ['CLEANUP_CRON', '2020-01-01T00:00:00'],
    ['RATE_LIMITS', 'off'],
    ['IP_SEND_PER_HOUR', '0'],
    ['IP_VERIFY_PER_10_MIN', 'many-value'],
    ['IP_UNKNOWN_PER_HOUR', '-1'],
    ['FLOOD_PER_MINUTE', '0'],
    ['SMS_BUDGET_PER_HOUR', '0'],
    ['SMS_BUDGET_PER_DAY', 'x'],
    ['BREAKER_MIN_SENDS', '0'],
    ['BREAKER_MIN_VERIFIED', '1.5'],
    ['ACCOUNT_DISCLOSURE', 'secret-value'],
    ['AUDIT_RETENTION', '1d'],
    ['RECYCLE_AFTER', '180'],
    ['RECYCLE_AFTER', '29d'],
    ['RECYCLE_AFTER', '3651d'],
    ['RECYCLE_AFTER', 'never-value'],
    ['REDIS_URL', 'http://redis.internal-value'],
    ['LOG_LEVEL', 'loud-value'],
    ['DOCS', 'perhaps-value'],
    ['MIGRATE_ON_BOOT', 'never-value'],
    ['SENDER_WEBHOOK_URL', 'http://gateway.internal/codes'],
    ['SENDER_WEBHOOK_URL', 'ftp://gateway.internal/codes'],
    ['SENDER_WEBHOOK_URL', 'nonsense-value'],
    ['SENDER_WEBHOOK_URL', 'https://user:secret-value@gateway.internal/'],
    ['SENDER_WEBHOOK_URL', ''],
    ['SENDER_WEBHOOK_SECRET', 'whsec_short'],
    ['SENDER_WEBHOOK_SECRET', 'no prefix at all, but long enough for anybody'],
    ['SENDER_WEBHOOK_SECRET', ''],
  ]
  for (const [name, value] of refused) {
    const problems = problemsOf({ ...production, [name]: value })
    t.ok(
      problems.length === 1 && problems.every((line) => line.startsWith(`${name} `)),
      `${name}: ${problems.join(' | ')}`,
    )
    if (value.length > 5 && !['signup', 'console'].includes(value))
      t.notOk(
        problems.some((line) => line.includes(value)),
        `${name} is not printed`,
      )
  }
})

t.test('what is safe is accepted in each of its forms', async (t) => {
  const pem = production.JWT_PRIVATE_KEY
  const publicPem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const accepted: [string, string][] = [
    ['JWT_PRIVATE_KEY', pem.replaceAll('\n', '\\n')],
    ['JWT_PRIVATE_KEY', Buffer.from(pem).toString('base64')],
    ['JWT_PREVIOUS_PUBLIC_KEYS', publicPem + publicPem],
    ['JWT_PREVIOUS_PUBLIC_KEYS', publicPem.replaceAll('\n', '\\n')],
    ['TRUST_PROXY', '10.0.0.0/8, 192.168.1.1,fd00::/8'],
    ['PUBLIC_URL', 'https://login.example.com'],
    ['PUBLIC_URL', 'http://localhost:3000'],
    ['SENDER_WEBHOOK_URL', 'http://127.0.0.1:9000/'],
    ['SENDER_WEBHOOK_URL', 'http://[::1]:9000/'],
    ['SENDER_WEBHOOK_URL', 'http://localhost:9000/'],
    ['SESSION_TTL', '30d'],
    ['COOKIE_NAME', '__Host-jwt'],
    ['OTP_TTL', '10m'],
    ['PORT', '0'],
    ['BREAKER_MIN_VERIFIED', '0.25'],
    ['ACCOUNT_DISCLOSURE', 'strict'],
    ['REDIS_URL', 'rediss://redis.internal:6379/1'],
    ['CORS_ORIGINS', 'https://shop.example.com, http://localhost:5173,https://xn--bcher-kva.example:8443'],
    [
      'CORS_ORIGINS',
      'capacitor://localhost,ionic://localhost,tauri://localhost,app://com.example.shop,http://tauri.localhost:1420',
    ],
    ['APP_NAME', 'क्‍षमा Büro & Co. (24)'],
    ['APP_NAME', 'thirty characters, not one more'.slice(0, 30)],
    ['WEBOTP_DOMAIN', 'login.example.com'],
    ['WEBOTP_DOMAIN', 'xn--bcher-kva.example'],
    ['WEBOTP_DOMAIN', '1and1.co.in'],
    ['ANDROID_APP_HASH', 'FA+9qCX9VSu'],
    ['DEFAULT_LOCALE', 'zh-Hant-TW'],
    ['INTROSPECTION_TOKEN', 'aB3-._~+/'.repeat(4).concat('==')],
    ['METRICS_TOKEN', 'aB3-._~+/'.repeat(4).concat('==')],
  ]
  for (const [name, value] of accepted) t.strictSame(problemsOf({ ...production, [name]: value }), [], name)
  t.strictSame(
    problemsOf({ ...production, CHANNELS: 'sms', EMAIL_DRIVERS: '' }),
    [],
    'no driver for a channel that is off',
  )
  t.strictSame(problemsOf({ ...production, PORT: '' }), [], 'empty is unset')
})

t.test('cookies go along from other sites only where those are named and the cookie is Secure', async (t) => {
  const { DATABASE_URL, JWT_PRIVATE_KEY, OTP_PEPPER } = production
  const none = { COOKIE_SAMESITE: 'none', CORS_ORIGINS: 'https://shop.example.com' }
  t.strictSame(problemsOf({ ...production, ...none }), [])
  const development = { NODE_ENV: 'development', DATABASE_URL, JWT_PRIVATE_KEY, OTP_PEPPER, ...none }
  t.match(problemsOf(development), [/^COOKIE_SAMESITE must not be none in development/])
  t.strictSame(problemsOf({ ...development, COOKIE_NAME: '__Host-jwt' }), [])
  const anyone = { ...development, COOKIE_NAME: '__Host-jwt', CORS_ORIGINS: '*' }
  t.match(
    problemsOf(anyone),
    [/^COOKIE_SAMESITE must not be none unless CORS_ORIGINS/],
    'anyone is nobody in particular',
  )
  const { crossOrigin } = parseConfig({ ...development, COOKIE_SAMESITE: 'lax', CORS_ORIGINS: '*,http://shop.test' })
  t.strictSame(crossOrigin, { origins: ['http://shop.test'], allowsAnyOrigin: true })
})

t.test('one secret is not used for two things', async (t) => {
  const INTROSPECTION_TOKEN = 'a-token-of-thirty-two-bytes-and-more'
  t.strictSame(problemsOf({ ...production, INTROSPECTION_TOKEN }), [])
  const shared = problemsOf({ ...production, INTROSPECTION_TOKEN, OTP_PEPPER: INTROSPECTION_TOKEN })
  t.match(shared, [/^INTROSPECTION_TOKEN must differ from OTP_PEPPER/])
  const twins = problemsOf({ ...production, INTROSPECTION_TOKEN, METRICS_TOKEN: INTROSPECTION_TOKEN })
  t.match(twins, [/^INTROSPECTION_TOKEN must differ from METRICS_TOKEN/])
})

t.test('events and counters have a key of their own, which the pepper is where there is none', async (t) => {
  const next = 'the next pepper, of 32 bytes and more'
  t.strictSame(parseConfig(production).eventKey, { value: secret, isOwn: false })
  const accepting = { ...production, EVENT_KEY: secret, OTP_PEPPER_PREVIOUS: next }
  t.strictSame(parseConfig(accepting).eventKey, { value: secret, isOwn: true }, 'it goes on with the pepper of today')
  const swapped = parseConfig({ ...accepting, OTP_PEPPER: next, OTP_PEPPER_PREVIOUS: secret })
  t.strictSame([swapped.eventKey.value, swapped.otp.peppers], [secret, [next, secret]], 'and of yesterday')
  const METRICS_TOKEN = 'a-token-of-thirty-two-bytes-and-more'
  const shared = problemsOf({ ...production, METRICS_TOKEN, EVENT_KEY: METRICS_TOKEN })
  t.match(shared, [/^EVENT_KEY must differ from METRICS_TOKEN/], 'and with no other secret')
  const file = join(t.testdir(), 'event-key')
  await writeFile(file, `${next}\n`)
  t.strictSame(parseConfig({ ...production, EVENT_KEY_FILE: file }).eventKey, { value: next, isOwn: true })
})

t.test('secrets come from files too', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'pepper')
  await writeFile(file, `${secret}\n`)
  const { OTP_PEPPER, ...rest } = production
  t.strictSame(parseConfig({ ...rest, OTP_PEPPER_FILE: file }).otp.peppers, [secret], 'without the last line break')
  t.match(problemsOf({ ...rest, OTP_PEPPER, OTP_PEPPER_FILE: file }), [/^OTP_PEPPER and OTP_PEPPER_FILE are both set/])
  await writeFile(join(folder, 'empty'), '')
  t.match(problemsOf({ ...rest, OTP_PEPPER_FILE: join(folder, 'empty') }), [/^OTP_PEPPER is required/])
  const missing = problemsOf({ ...rest, OTP_PEPPER_FILE: join(folder, 'nowhere') })
  t.strictSame(missing, ['OTP_PEPPER_FILE names a file that cannot be read'], 'and in one line')
})

t.test('durations', async (t) => {
  const seconds = { '90': 90, '90s': 90, '15m': 900, '12h': 43_200, '7d': 604_800 }
  for (const [text, expected] of Object.entries(seconds)) t.equal(parseDuration(text), expected)
  for (const text of ['', 'm', '1.5h', '-1', '1w', '1 m', '1e3']) t.equal(parseDuration(text), null, text)
})

t.test('test identities: each with a code of OTP_LENGTH digits and a last day that counts whole', async (t) => {
  const TEST_OTPS = '+919999900001:12345678@2027-01-31, reviewer@example.com:87654321@2028-02-29'
  t.strictSame(parseConfig({ ...production, OTP_LENGTH: '8', TEST_OTPS }).otp.testCodes, [
    { identifier: '+919999900001', code: '12345678', endsAt: new Date('2027-02-01T00:00:00Z') },
    { identifier: 'reviewer@example.com', code: '87654321', endsAt: new Date('2028-03-01T00:00:00Z') },
  ])
  t.strictSame(parseConfig(production).otp.testCodes, [])
  const ten = Array.from({ length: 10 }, (_, index) => `reviewer${index}@example.com:123456@2027-01-31`).join(',')
  t.equal(parseConfig({ ...production, TEST_OTPS: ten }).otp.testCodes.length, 10)
})

t.test(
  'the schema of one connection string is that of both, and node-postgres is told of no mode that it warns of',
  async (t) => {
    const url = 'postgresql://localhost/x'
    const read = (DATABASE_URL: string, DIRECT_DATABASE_URL: string) =>
      parseConfig({ ...production, DATABASE_URL, DIRECT_DATABASE_URL }).database
    t.match(read(`${url}?schema=app`, `${url}?a=b`), { url: `${url}?schema=app`, directUrl: `${url}?a=b&schema=app` })
    t.match(read(url, `${url}?schema=a%20b`), { url: `${url}?schema=a%20b`, directUrl: `${url}?schema=a%20b` })
    t.strictSame(
      problemsThrownBy(() => read(`${url}?schema=app`, `${url}?schema=other`)),
      ['DIRECT_DATABASE_URL must name the schema that DATABASE_URL names'],
    )
    t.equal(schemaOf('no URL'), null)
    t.equal(forDriver(`${url}?sslmode=require&a=b`), `${url}?sslmode=verify-full&a=b`)
    for (const kept of [`${url}?sslmode=require&uselibpqcompat=true`, `${url}?sslmode=disable`, url])
      t.equal(forDriver(kept), kept)
  },
)

t.test('numbers that the metadata does not know', async (t) => {
  t.strictSame(parseConfig(production).identifiers.latitude, { check: 'valid', extraRanges: [] })
  const settings = { ...production, PHONE_CHECK: 'possible', PHONE_EXTRA_RANGES: '+1624, +1861' }
  t.strictSame(parseConfig(settings).identifiers.latitude, { check: 'possible', extraRanges: ['+1624', '+1861'] })
  for (const PHONE_EXTRA_RANGES of ['1624', '+1', '+999', '+0624', '+1624,+1624', '+1624x', '*', '+91'])
    t.throws(
      () => parseConfig({ ...production, PHONE_EXTRA_RANGES }),
      /PHONE_EXTRA_RANGES must be a comma-separated list/,
    )
  t.throws(() => parseConfig({ ...production, PHONE_CHECK: 'none' }), /PHONE_CHECK must be one of valid, possible/)
})
