// Users of Auth0, as its export job writes them (NDJSON, or CSV with the fields that were asked for):
// https://auth0.com/docs/manage-users/user-migration/bulk-user-exports
import type { PeerMap } from '../draft.js'
import { isSet, joined, textOf, timeOf } from '../values.js'

/** CSV has a quote before each text, against spreadsheets that run what they read. */
const plain = (value: unknown) => textOf(textOf(value)?.replace(/^'/, ''))

export const auth0: PeerMap = {
  name: 'auth0',
  isOne: (record) => plain(record['user_id']) !== undefined,
  read(record) {
    const [email, phone] = [plain(record['email']), plain(record['phone_number'])]
    const usedAt = timeOf(plain(record['last_login']))
    const name = plain(record['name']) ?? joined(plain(record['given_name']), plain(record['family_name']))
    return {
      id: String(plain(record['user_id'])),
      phone: phone === undefined ? undefined : { text: phone, isVerified: isSet(record['phone_verified']), usedAt },
      email: email === undefined ? undefined : { text: email, isVerified: isSet(record['email_verified']), usedAt },
      // Who gave no name is called by what they signed up with.
      name: name === email || name === phone ? undefined : name,
      isDisabled: isSet(record['blocked']),
      createdAt: timeOf(plain(record['created_at'])),
    }
  },
}
