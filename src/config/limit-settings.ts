// The settings of limits, of what answers tell, and of what is kept of them.
import type { SettingReader } from './reader.js'
import type { NameOf } from './table/table.js'

const most = 1_000_000_000

export function parseLimitSettings(read: SettingReader) {
  const isOn = read.flag('RATE_LIMITS')
  if (!isOn && read.mode === 'production') read.report('RATE_LIMITS', 'must not be off in production')
  const limit = (name: NameOf<'integer'>) => {
    const value = read.integer(name)
    return isOn ? value : most
  }
  return {
    isOn,
    /** whether requests are refused that could not be answered in time */
    shedsLoad: read.flag('LOAD_SHEDDING'),
    ipSendPerHour: limit('IP_SEND_PER_HOUR'),
    ipVerifyPerTenMinutes: limit('IP_VERIFY_PER_10_MIN'),
    ipUnknownPerHour: limit('IP_UNKNOWN_PER_HOUR'),
    floodPerMinute: limit('FLOOD_PER_MINUTE'),
    smsBudgetPerHour: limit('SMS_BUDGET_PER_HOUR'),
    smsBudgetPerDay: limit('SMS_BUDGET_PER_DAY'),
    breakerMinSends: limit('BREAKER_MIN_SENDS'),
    /** the share of messages to new numbers that has to be verified, 0 to 1 */
    breakerMinVerified: read.share('BREAKER_MIN_VERIFIED'),
    /** `strict`: an unknown number is answered as a known one */
    disclosure: read.choice('ACCOUNT_DISCLOSURE'),
    redisUrl: read.text('REDIS_URL'),
  }
}

export function parseAuditSettings(read: SettingReader) {
  return {
    /** seconds that an event is kept */
    retention: read.duration('AUDIT_RETENTION'),
  }
}
