// The setting of identifiers that may have gone to somebody else.
import type { SettingReader } from './reader.js'

/**
 * Seconds without use after which a phone or email asks for the account's other one too; null where none does. Operators leave a number
 * idle for 45 to 90 days before they give it to somebody else (47 CFR 52.15(f)(1)(ii)), so that less than 30 days would only be a nuisance.
 */
export function parseRecycleAfter(read: SettingReader): number | null {
  return read.duration('RECYCLE_AFTER')
}
