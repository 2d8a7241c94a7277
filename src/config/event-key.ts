// The key under which the database recognises people in events and addresses in counters, longer than a pepper of codes lives.
import type { SettingReader } from './reader.js'
import { refuseWeakSecret } from './secrets.js'

/** @param peppers of codes, the current one first: it has this task too where no key is set */
export function readEventKey(read: SettingReader, [pepper = '']: readonly string[]) {
  const own = read.text('EVENT_KEY')
  if (own !== undefined) refuseWeakSecret(read, 'EVENT_KEY', own)
  return {
    value: own ?? pepper,
    /** false where it changes with the pepper */
    isOwn: own !== undefined,
  }
}
