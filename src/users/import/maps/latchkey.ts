// Users as `latchkey users export` writes them (src/cli/users-export.ts).
import type { PeerMap } from '../draft.js'
import { textOf, timeOf } from '../values.js'

export const latchkey: PeerMap = {
  name: 'latchkey',
  isOwn: true,
  isOne: (record) => textOf(record['id']) !== undefined && 'phoneVerifiedAt' in record && 'emailVerifiedAt' in record,
  read(record) {
    const identifier = (name: 'phone' | 'email') => {
      const text = textOf(record[name])
      const verifiedAt = timeOf(record[`${name}VerifiedAt`])
      if (text === undefined) return undefined
      return { text, isVerified: verifiedAt !== undefined, verifiedAt, usedAt: timeOf(record[`${name}UsedAt`]) }
    }
    const disabledAt = textOf(record['disabledAt'])
    return {
      id: String(textOf(record['id'])),
      phone: identifier('phone'),
      email: identifier('email'),
      name: textOf(record['userName']),
      // Also where the time is none that can be: another machine's clock lets nobody in.
      isDisabled: disabledAt !== undefined,
      disabledAt: timeOf(disabledAt),
      createdAt: timeOf(record['createdAt']),
      updatedAt: timeOf(record['updatedAt']),
      locale: textOf(record['locale']),
      publicMetadata: record['publicMetadata'],
      isAdmin: record['role'] === 'ADMIN',
    }
  },
}
