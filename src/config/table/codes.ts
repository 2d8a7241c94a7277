// The rows of codes: how they look, how long they live, how often they are sent and guessed.
import { inDevelopment, type Setting } from './setting.js'

export const codeRows = {
  OTP_PEPPER: {
    type: 'text',
    secret: 'key',
    required: 'in production',
    about: 'The key under which codes are stored: at least 32 bytes. latchkey keys new prints one.',
  },
  OTP_PEPPER_PREVIOUS: {
    type: 'text',
    secret: 'key',
    about:
      'The next pepper, then the one before: accepted while OTP_PEPPER is being replaced, never used for a new code. In three steps: deploy/README.md, "Replacing the pepper".',
    see: 'deploy/README.md',
  },
  EVENT_KEY: {
    type: 'text',
    secret: 'key',
    defaultOf: 'OTP_PEPPER',
    about:
      'By which events of people and counters of addresses are found again: at least 32 bytes. Never change it; before OTP_PEPPER is replaced for the first time, set it to what OTP_PEPPER is.',
    see: 'docs/decisions/0020-events-have-a-key-of-their-own.md',
  },
  OTP_LENGTH: { type: 'integer', default: 6, minimum: 6, maximum: 10, about: 'Digits of a code.' },
  OTP_TTL: { type: 'duration', default: 300, minimum: 30, maximum: 600, about: 'How long a code is valid.' },
  OTP_MAX_ATTEMPTS: { type: 'integer', default: 5, minimum: 1, maximum: 10, about: 'Guesses that a code takes.' },
  OTP_RESEND_COOLDOWN: {
    type: 'duration',
    default: 30,
    minimum: 1,
    maximum: 600,
    about: 'Wait before the first resend; it doubles with each further one, up to 5 minutes.',
  },
  OTP_MAX_SENDS_PER_HOUR: {
    type: 'integer',
    default: 5,
    minimum: 1,
    maximum: 1_000_000,
    about: 'Codes per phone or address in an hour.',
  },
  OTP_MAX_SENDS_PER_DAY: {
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 1_000_000,
    about: 'Codes per phone or address in 24 hours.',
  },
  OTP_MAX_FAILURES_PER_DAY: {
    type: 'integer',
    default: 20,
    minimum: 1,
    maximum: 100,
    about: 'Wrong guesses per phone or address in 24 hours; then it is locked until the window ends.',
  },
  TEST_OTPS: {
    type: 'list',
    of: 'at most 10 of IDENTIFIER:CODE@LAST-DAY, the day as 2027-01-31',
    default: [],
    example: '+919999900001:123456@2027-01-31,reviewer@example.com:654321@2027-01-31',
    about: 'Fixed codes for reviewers of app stores, each with its last day (UTC), 10 at most. No message goes out.',
    see: 'docs/test-identities.md',
  },
  OTP_ECHO: {
    type: 'flag',
    default: inDevelopment(true, false),
    about: 'Whether the answer of a send has the code: in development and test only.',
  },
} as const satisfies Record<string, Setting>
