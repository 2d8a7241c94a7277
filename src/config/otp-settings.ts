// The settings of codes: how they look, how long they live, how often they are sent and guessed.
import type { Mode, SettingReader } from './reader.js'
import { readSecret, refuseWeakSecret } from './secrets.js'
import { readTestCodes } from './test-code-settings.js'

export function readOtpSettings(read: SettingReader, mode: Mode) {
  const echo = read.flag('OTP_ECHO', mode === 'development')
  if (echo && mode === 'production') read.report('OTP_ECHO', 'must not be on outside development and test')
  const peppers = [readSecret(read, 'OTP_PEPPER'), read.text('OTP_PEPPER_PREVIOUS')]
  if (peppers[1] !== undefined) refuseWeakSecret(read, 'OTP_PEPPER_PREVIOUS', peppers[1])
  const codes = readCodeSettings(read)
  return {
    echo,
    /** the current one first; of the other, the one before or the next, codes are accepted and none is made */
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

/** What a code is like, which is all that some commands ask. */
export function readCodeSettings(read: SettingReader) {
  return {
    length: read.integer('OTP_LENGTH', 6, { minimum: 6, maximum: 10 }),
    /** seconds */
    timeToLive: read.duration('OTP_TTL', 300, { minimum: 30, maximum: 600 }),
  }
}
