// Users of Firebase Authentication as `firebase auth:export` writes them: JSON, or CSV without a header, whose columns are told by
// https://firebase.google.com/docs/cli/auth#file_format
import type { PeerMap } from '../draft.js'
import { textOf, type Values } from '../values.js'

const providers = ['google', 'facebook', 'twitter', 'github']
const ofProvider = (name: string) => ['Id', 'Email', 'Name', 'Photo'].map((part) => `${name}${part}`)

export const firebase: PeerMap = {
  name: 'firebase',
  columns: [
    ...['localId', 'email', 'emailVerified', 'passwordHash', 'salt', 'displayName', 'photoUrl'],
    ...providers.flatMap(ofProvider),
    ...['createdAt', 'lastSignedInAt', 'phoneNumber', 'disabled', 'customAttributes'],
  ],
  isUser: (record) => textOf(record['localId']) !== undefined,
  read(values) {
    const [email, phone] = [values.text('email'), values.text('phoneNumber')]
    if (email === undefined && phone === undefined && !hasProvider(values)) return 'anonymous'
    const usedAt = values.time('lastSignedInAt')
    return {
      id: String(values.text('localId')),
      // Firebase has no number that was not proved by its code, but for those that an admin typed.
      phone: phone === undefined ? undefined : { text: phone, isVerified: true, usedAt },
      email: email === undefined ? undefined : { text: email, isVerified: values.flag('emailVerified'), usedAt },
      name: values.text('displayName'),
      isDisabled: values.flag('disabled'),
      createdAt: values.time('createdAt'),
    }
  },
}

/** Whether somebody signs in by another service: who does so without an email has nothing to sign in with here, and is no anonymous user. */
function hasProvider(values: Values): boolean {
  return values.list('providerUserInfo').length > 0 || providers.some((name) => values.has(`${name}Id`))
}
