// What is allowed in the settings and still worth a second look.
import type { Config } from '../config/config.js'
import { type Finding, findingsOf } from './doctor-findings.js'

const found = findingsOf('settings')

/** Limits that are so far above their defaults that they hold back nobody. */
const limitsNobodyReaches = {
  IP_SEND_PER_HOUR: ({ limits }: Config) => limits.ipSendPerHour > 2_000,
  IP_VERIFY_PER_10_MIN: ({ limits }: Config) => limits.ipVerifyPerTenMinutes > 5_000,
  FLOOD_PER_MINUTE: ({ limits }: Config) => limits.floodPerMinute > 10_000,
  OTP_MAX_SENDS_PER_HOUR: ({ otp }: Config) => otp.maxSendsPerHour > 50,
  OTP_MAX_SENDS_PER_DAY: ({ otp }: Config) => otp.maxSendsPerDay > 100,
}

type Rule = Readonly<{
  state: 'note' | 'warning'
  applies: (config: Config) => boolean
  line: string
  hint: string
}>

const rules: readonly Rule[] = [
  {
    state: 'note',
    applies: ({ mode }) => mode !== 'production',
    line: 'NODE_ENV is not production: guards may be off on purpose',
    hint: 'in production leave NODE_ENV unset, or set it to production',
  },
  {
    state: 'warning',
    applies: ({ publicUrl }) => publicUrl === undefined,
    line: 'PUBLIC_URL is not set: the same-origin rule has to trust the header Host, and cannot tell http from https',
    hint: 'set PUBLIC_URL to the origin that people see, such as https://login.example.com',
  },
  {
    state: 'warning',
    applies: ({ sessions, publicUrl }) =>
      !sessions.cookieName.startsWith('__Host-') && (publicUrl?.startsWith('https:') ?? true),
    line: 'COOKIE_NAME does not start with __Host-: a neighbour under your domain can write cookies of that name',
    hint: 'set COOKIE_NAME=__Host-jwt where browsers use the service over TLS only',
  },
  {
    state: 'warning',
    applies: ({ metricsToken }) => metricsToken === undefined,
    line: 'METRICS_TOKEN is not set: nobody is told of guessing, of closed countries or of deliveries that fail',
    hint: 'set METRICS_TOKEN, scrape /metrics and load deploy/alerts.yaml (docs/metrics.md)',
  },
  {
    state: 'warning',
    applies: ({ delivery }) => delivery.drivers.sms.length === 1,
    line: 'SMS_DRIVERS names one driver: where it fails, nobody signs in by phone',
    hint: 'name a second one, which is tried where the first fails',
  },
  {
    state: 'warning',
    applies: ({ delivery }) => delivery.drivers.email.length === 1,
    line: 'EMAIL_DRIVERS names one driver: where it fails, nobody signs in by mail',
    hint: 'name a second one, which is tried where the first fails',
  },
  {
    state: 'warning',
    applies: ({ sessions }) => sessions.tokenTimeToLive > 86_400 && sessions.introspectionToken === undefined,
    line: 'TOKEN_TTL is longer than a day: a service that checks tokens by itself hears of a logout only when they end',
    hint: 'set TOKEN_TTL=15m, or INTROSPECTION_TOKEN and ask /auth/introspect; not needed where no other service checks tokens',
  },
  {
    state: 'warning',
    applies: ({ limits }) => limits.breakerMinVerified === 0,
    line: 'BREAKER_MIN_VERIFIED is 0: the breaker never closes a country',
    hint: 'leave it at 0.1, or set it to half of your usual conversion',
  },
  {
    state: 'warning',
    applies: ({ otp, eventKey }) => otp.peppers.length > 1 && !eventKey.isOwn,
    line: 'EVENT_KEY is not set while OTP_PEPPER is being replaced: exports miss events of before, and addresses get new limits',
    hint: 'set EVENT_KEY to the OTP_PEPPER of before, and never change it (deploy/README.md)',
  },
  {
    state: 'warning',
    applies: ({ otp }) => otp.echo,
    line: 'OTP_ECHO is on: whoever asks for a code is told it',
    hint: 'leave it unset wherever people sign in',
  },
  {
    state: 'warning',
    applies: ({ limits }) => !limits.isOn,
    line: 'RATE_LIMITS is off: addresses, messages and floods are not limited',
    hint: 'leave it unset wherever people sign in',
  },
  {
    state: 'note',
    applies: ({ limits }) => limits.disclosure === 'contract',
    line: 'ACCOUNT_DISCLOSURE is contract: login mode tells whether a number has an account',
    hint: 'set it to strict unless your clients need needs_signup',
  },
  {
    state: 'note',
    applies: ({ trustProxy }) => trustProxy.length === 0,
    line: 'TRUST_PROXY is not set: behind a proxy all people would share the limits of one address',
    hint: 'name the addresses of your proxies, if there are any',
  },
  {
    state: 'note',
    applies: ({ limits }) => limits.redisUrl === undefined,
    line: 'REDIS_URL is not set: each replica counts floods by itself',
    hint: 'nothing that security depends on is counted there; set it where there are many replicas',
  },
]

export async function* settingsFindings(config: Config) {
  yield found('ok', 'the settings can be read, and none is refused') satisfies Finding
  for (const { applies, state, line, hint } of rules) if (applies(config)) yield found(state, line, hint)
  for (const [name, isOutOfReach] of Object.entries(limitsNobodyReaches)) {
    if (config.limits.isOn && isOutOfReach(config)) {
      yield found('warning', `${name} is so high that it holds back nobody`, 'see .env.example for what is usual')
    }
  }
}
