// Users of Firebase Authentication as `firebase auth:export` writes them: JSON, or CSV without a header, whose columns are told by
// https://firebase.google.com/docs/cli/auth#file_format
import type { PeerMap } from '../draft.js'
import { type Fields, isSet, textOf, timeOf } from '../values.js'

const providers = ['google', 'facebook', 'twitter', 'github']
const ofProvider = (name: string) => ['Id', 'Email', 'Name', 'Photo'].map((part) => `${name}${part}`)

export const firebase: PeerMap = {
  name: 'firebase',
  columns: [
    ...['localId', 'email', 'emailVerified', 'passwordHash', 'salt', 'displayName', 'photoUrl'],
    ...providers.flatMap(ofProvider),
    ...['createdAt', 'lastSignedInAt', 'phoneNumber', 'disabled', 'customAttributes'],
  ],
  isOne: (record) => textOf(record['localId']) !== undefined,
  read(record) {
    const [email, phone] = [textOf(record['email']), textOf(record['phoneNumber'])]
    const usedAt = timeOf(record['lastSignedInAt'])
    if (email === undefined && phone === undefined && !hasProvider(record)) return 'anonymous'
    return {
      id: String(textOf(record['localId'])),
      // Firebase has no number that was not proved by its code, but for those that an admin typed.
      phone: phone === undefined ? undefined : { text: phone, isVerified: true, usedAt },
      email: email === undefined ? undefined : { text: email, isVerified: isSet(record['emailVerified']), usedAt },
      name: textOf(record['displayName']),
      isDisabled: isSet(record['disabled']),
      createdAt: timeOf(record['createdAt']),
    }
  },
}

/** Whether somebody signs in by another service: who does so without an email has nothing to sign in with here, and is no anonymous user. */
function hasProvider(record: Fields): boolean {
  const list = record['providerUserInfo']
  return (Array.isArray(list) && list.length > 0) || providers.some((name) => textOf(record[`${name}Id`]) !== undefined)
}
