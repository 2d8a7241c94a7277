// Users of Auth0, as its export job writes them (NDJSON, or CSV with the fields that were asked for):
// https://auth0.com/docs/manage-users/user-migration/bulk-user-exports
import type { PeerMap } from '../draft.js'
import { joined, textOf } from '../values.js'

/** CSV has a quote before each text, against spreadsheets that run what they read. */
const plain = (text: string) => text.replace(/^'/, '')

export const auth0: PeerMap = {
  name: 'auth0',
  isUser: (record) => textOf(plain(String(textOf(record['user_id']) ?? ''))) !== undefined,
  plain,
  read(values) {
    const [email, phone] = [values.text('email'), values.text('phone_number')]
    const usedAt = values.time('last_login')
    const name = values.text('name') ?? joined(values.text('given_name'), values.text('family_name'))
    return {
      id: String(values.text('user_id')),
      phone: phone === undefined ? undefined : { text: phone, isVerified: values.flag('phone_verified'), usedAt },
      email: email === undefined ? undefined : { text: email, isVerified: values.flag('email_verified'), usedAt },
      // Who gave no name is called by what they signed up with.
      name: name === email || name === phone ? undefined : name,
      isDisabled: values.flag('blocked'),
      createdAt: values.time('created_at'),
    }
  },
}
