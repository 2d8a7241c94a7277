// Rows of Supabase's table auth.users (github.com/supabase/auth, migrations), as CSV or JSON of a query:
// https://supabase.com/docs/guides/auth/managing-user-data
import type { PeerMap } from '../draft.js'
import { textOf } from '../values.js'

const ownColumns = ['email_confirmed_at', 'phone_confirmed_at', 'raw_user_meta_data', 'instance_id', 'aud']

export const supabase: PeerMap = {
  name: 'supabase',
  isUser: (record) => textOf(record['id']) !== undefined && ownColumns.some((name) => name in record),
  read(values) {
    if (values.moment('deleted_at') !== undefined) return 'deleted'
    if (values.flag('is_anonymous')) return 'anonymous'
    // Users write it themselves: what is no text is no name.
    const metadata = values.members('raw_user_meta_data')
    const usedAt = values.time('last_sign_in_at')
    const identifier = (text: string | undefined, confirmed: string) => {
      const verifiedAt = values.time(confirmed)
      return text === undefined ? undefined : { text, isVerified: verifiedAt !== undefined, verifiedAt, usedAt }
    }
    // The table has numbers without their plus sign.
    const phone = values.text('phone')?.replace(/^(?=\d)/, '+')
    return {
      id: String(values.text('id')),
      phone: identifier(phone, 'phone_confirmed_at'),
      email: identifier(values.text('email'), 'email_confirmed_at'),
      name: textOf(metadata['full_name']) ?? textOf(metadata['name']),
      isDisabled: (values.moment('banned_until') ?? 0) > Date.now(),
      createdAt: values.time('created_at'),
    }
  },
}
