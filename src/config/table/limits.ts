// The rows of limits beyond the identifier's own, which all replicas share, and of what is kept.
import { day, type Setting } from './setting.js'

/** As many as anybody could mean. */
const most = 999_999_999

export const limitRows = {
  RATE_LIMITS: {
    type: 'flag',
    default: true,
    about:
      "Off is for tests and development alone; an identifier's own limits (cooldown, sends, guesses) stay all the same.",
  },
  IP_SEND_PER_HOUR: {
    type: 'integer',
    default: 60,
    minimum: 1,
    maximum: most,
    about:
      'Sends of one address (IPv6: /64) in an hour. Mobile networks put thousands behind one. The neighbours of an address (its /24, IPv6: /48) may send eight times as much together.',
  },
  IP_VERIFY_PER_10_MIN: {
    type: 'integer',
    default: 120,
    minimum: 1,
    maximum: most,
    about: 'Verifications of one address in 10 minutes.',
  },
  IP_UNKNOWN_PER_HOUR: {
    type: 'integer',
    default: 30,
    minimum: 1,
    maximum: most,
    about: 'Unknown numbers that one address may be told of in an hour; then it is answered as in strict mode.',
  },
  FLOOD_PER_MINUTE: {
    type: 'integer',
    default: 300,
    minimum: 1,
    maximum: most,
    about:
      'Requests of one address in a minute, on all routes; shared by replicas through Redis where REDIS_URL is set.',
  },
  LOAD_SHEDDING: {
    type: 'flag',
    default: true,
    about:
      'Whether requests that could not be answered in time are refused with 503 and Retry-After before they are read, sends before all others (docs/overload.md).',
  },
  REDIS_URL: {
    type: 'text',
    secret: 'within',
    pattern: /^rediss?:\/\/\S+$/,
    rule: 'must be a redis:// or rediss:// URL',
    example: 'redis://127.0.0.1:6379',
    about: 'Where replicas share the count of requests of an address. Each counts alone without it.',
  },
  SMS_BUDGET_PER_HOUR: {
    type: 'integer',
    default: 1_000,
    minimum: 1,
    maximum: most,
    about:
      'SMS in an hour to numbers never verified before; as many to verified numbers, each counted once in 60 minutes; as many again that their owners ask for on trusted devices.',
  },
  SMS_BUDGET_PER_DAY: { type: 'integer', default: 10_000, minimum: 1, maximum: most, about: 'The same in a day.' },
  BREAKER_MIN_SENDS: {
    type: 'integer',
    default: 200,
    minimum: 1,
    maximum: most,
    about:
      'A country with so many new numbers in an hour, of which a smaller share than BREAKER_MIN_VERIFIED was verified, is closed to nine of ten new ones for 15 minutes.',
  },
  BREAKER_MIN_VERIFIED: {
    type: 'share',
    default: 0.1,
    about: 'The share of messages to new numbers of a country that has to be verified.',
  },
  ACCOUNT_DISCLOSURE: {
    type: 'choice',
    options: ['contract', 'strict'],
    default: 'contract',
    about: 'strict: no answer to a send tells an unknown number or address from a known one.',
  },
  RECYCLE_AFTER: {
    type: 'duration',
    default: null,
    minimum: 30 * day,
    maximum: 3_650 * day,
    example: '180d',
    about:
      "Unused for so long, a phone or email may be somebody else's by now, and signing in with it asks for the account's other one too.",
    see: 'docs/what-people-type.md',
  },
  CHALLENGE: {
    type: 'choice',
    options: ['altcha', 'turnstile', 'hcaptcha', 'off'],
    default: 'altcha',
    about:
      'What opens a door that a shared limit has closed: altcha is our own, with nothing to sign up for; off leaves it closed.',
    see: 'docs/challenges.md',
  },
  CHALLENGE_WHEN: {
    type: 'choice',
    options: ['pressure', 'always'],
    default: 'pressure',
    about: 'pressure asks where a limit is used up, always asks everybody who has no trusted device.',
  },
  CHALLENGE_SITE_KEY: {
    type: 'text',
    required: 'for CHALLENGE=turnstile and hcaptcha',
    about: 'The public key of your site.',
  },
  CHALLENGE_SECRET: {
    type: 'text',
    secret: 'key',
    required: 'for CHALLENGE=turnstile and hcaptcha',
    about: 'The secret key of your site.',
  },
  CHALLENGE_VERIFY_URL: {
    type: 'text',
    defaultOf: 'where the provider says',
    rule: 'must be an https URL (http to loopback alone)',
    about: 'Where solutions of turnstile and hcaptcha are verified.',
  },
  AUDIT_RETENTION: {
    type: 'duration',
    default: 90 * day,
    minimum: 2 * day,
    maximum: 3_650 * day,
    about: 'How long audit events are kept.',
  },
} as const satisfies Record<string, Setting>
