// Rows of better-auth's table `user`, with the columns of its plugins phone number, admin and anonymous:
// https://www.better-auth.com/docs/concepts/database#core-schema. Adapters may name columns with underscores.
import type { PeerMap } from '../draft.js'
import { textOf, type Values } from '../values.js'

const underscored = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The name that a column has here. */
const columnOf = (values: Values, name: string) => (values.has(name) ? name : underscored(name))

export const betterAuth: PeerMap = {
  name: 'better-auth',
  // A column that is empty is there.
  isUser: (record) => textOf(record['id']) !== undefined && ('emailVerified' in record || 'email_verified' in record),
  read(values) {
    const column = (name: string) => columnOf(values, name)
    if (values.flag(column('isAnonymous'))) return 'anonymous'
    const [email, phone, name] = [values.text('email'), values.text(column('phoneNumber')), values.text('name')]
    return {
      id: String(values.text('id')),
      phone: phone === undefined ? undefined : { text: phone, isVerified: values.flag(column('phoneNumberVerified')) },
      email: email === undefined ? undefined : { text: email, isVerified: values.flag(column('emailVerified')) },
      // Who signed up by phone may be called by it.
      name: [email, phone].includes(name) ? undefined : name,
      isDisabled: values.flag('banned') && (values.moment(column('banExpires')) ?? Infinity) > Date.now(),
      createdAt: values.time(column('createdAt')),
    }
  },
}
