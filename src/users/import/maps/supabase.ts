// Rows of Supabase's table auth.users (github.com/supabase/auth, migrations), as CSV or JSON of a query:
// https://supabase.com/docs/guides/auth/managing-user-data
import type { PeerMap } from '../draft.js'
import { fieldsOf, isAhead, isSet, joined, textOf, timeOf } from '../values.js'

const ownColumns = ['email_confirmed_at', 'phone_confirmed_at', 'raw_user_meta_data', 'instance_id', 'aud']

export const supabase: PeerMap = {
  name: 'supabase',
  isOne: (record) => textOf(record['id']) !== undefined && ownColumns.some((name) => name in record),
  read(record) {
    if (textOf(record['deleted_at']) !== undefined) return 'deleted'
    if (isSet(record['is_anonymous'])) return 'anonymous'
    const metadata = fieldsOf(record['raw_user_meta_data'])
    const lastSeen = timeOf(record['last_sign_in_at'])
    const identifier = (text: string | undefined, confirmed: unknown) =>
      text === undefined
        ? undefined
        : { text, isVerified: textOf(confirmed) !== undefined, verifiedAt: timeOf(confirmed), usedAt: lastSeen }
    // The table has numbers without their plus sign.
    const phone = textOf(record['phone'])?.replace(/^(?=\d)/, '+')
    return {
      id: String(textOf(record['id'])),
      phone: identifier(phone, record['phone_confirmed_at']),
      email: identifier(textOf(record['email']), record['email_confirmed_at']),
      name: joined(metadata['full_name']) ?? joined(metadata['name']),
      isDisabled: isAhead(record['banned_until']),
      createdAt: timeOf(record['created_at']),
    }
  },
}
