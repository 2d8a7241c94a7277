// The settings of limits, of what answers tell, and of what is kept of them.
import type { Mode, SettingReader } from './reader.js'

const most = 1_000_000_000
const atLeastOne = { minimum: 1, maximum: 999_999_999 }

export function parseLimitSettings(read: SettingReader, mode: Mode) {
  const isOn = read.flag('RATE_LIMITS', true)
  if (!isOn && mode === 'production') read.report('RATE_LIMITS', 'must not be off in production')
  const limit = (name: string, fallback: number) => {
    const value = read.integer(name, fallback, atLeastOne)
    return isOn ? value : most
  }
  return {
    isOn,
    ipSendPerHour: limit('IP_SEND_PER_HOUR', 60),
    ipVerifyPerTenMinutes: limit('IP_VERIFY_PER_10_MIN', 120),
    ipUnknownPerHour: limit('IP_UNKNOWN_PER_HOUR', 30),
    floodPerMinute: limit('FLOOD_PER_MINUTE', 300),
    smsBudgetPerHour: limit('SMS_BUDGET_PER_HOUR', 1_000),
    smsBudgetPerDay: limit('SMS_BUDGET_PER_DAY', 10_000),
    breakerMinSends: limit('BREAKER_MIN_SENDS', 200),
    /** the share of messages to new numbers that has to be verified, 0 to 1 */
    breakerMinVerified: readShare(read, 'BREAKER_MIN_VERIFIED', 0.1),
    /** `strict`: an unknown number is answered as a known one */
    disclosure: read.choice('ACCOUNT_DISCLOSURE', 'contract', ['contract', 'strict']),
    redisUrl: readRedisUrl(read),
  }
}

export function parseAuditSettings(read: SettingReader) {
  const day = 86_400
  return {
    /** seconds that an event is kept */
    retention: read.duration('AUDIT_RETENTION', 90 * day, { minimum: 2 * day, maximum: 3_650 * day }),
  }
}

function readShare(read: SettingReader, name: string, fallback: number): number {
  const value = read.text(name)
  if (value === undefined) return fallback
  if (/^(0(\.\d{1,4})?|1)$/.test(value)) return Number(value)
  read.report(name, 'must be a share from 0 to 1, such as 0.1')
  return fallback
}

function readRedisUrl(read: SettingReader): string | undefined {
  const value = read.text('REDIS_URL')
  if (value !== undefined && !/^rediss?:\/\/\S+$/.test(value))
    read.report('REDIS_URL', 'must be a redis:// or rediss:// URL')
  return value
}
