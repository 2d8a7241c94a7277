// Rows of better-auth's table `user`, with the columns of its plugins phone number, admin and anonymous:
// https://www.better-auth.com/docs/concepts/database#core-schema. Adapters may name columns with underscores.
import type { PeerMap } from '../draft.js'
import { type Fields, isAhead, isSet, textOf, timeOf } from '../values.js'

/** A column under either of its names. */
function column(record: Fields, name: string): unknown {
  return record[name] ?? record[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
}

export const betterAuth: PeerMap = {
  name: 'better-auth',
  isOne: (record) => textOf(record['id']) !== undefined && ('emailVerified' in record || 'email_verified' in record),
  read(record) {
    if (isSet(column(record, 'isAnonymous'))) return 'anonymous'
    const [email, phone] = [textOf(record['email']), textOf(column(record, 'phoneNumber'))]
    const ends = column(record, 'banExpires')
    return {
      id: String(textOf(record['id'])),
      phone:
        phone === undefined ? undefined : { text: phone, isVerified: isSet(column(record, 'phoneNumberVerified')) },
      email: email === undefined ? undefined : { text: email, isVerified: isSet(column(record, 'emailVerified')) },
      // Who signed up by phone may be called by it.
      name: [email, phone].includes(textOf(record['name'])) ? undefined : textOf(record['name']),
      isDisabled: isSet(record['banned']) && (textOf(ends) === undefined || isAhead(ends)),
      createdAt: timeOf(column(record, 'createdAt')),
    }
  },
}
