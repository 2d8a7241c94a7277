// Users as `latchkey users export` writes them (src/cli/users-export.ts).
import type { PeerMap } from '../draft.js'
import { pastOf, textOf } from '../values.js'

/** As the column is checked (CHECK users_locale_check). */
const localePattern = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/

export const latchkey: PeerMap = {
  name: 'latchkey',
  isOwn: true,
  isUser: (record) => textOf(record['id']) !== undefined && 'phoneVerifiedAt' in record && 'emailVerifiedAt' in record,
  read(values) {
    const identifier = (name: 'phone' | 'email') => {
      const [text, verifiedAt] = [values.text(name), values.time(`${name}VerifiedAt`)]
      if (text === undefined) return undefined
      return { text, isVerified: verifiedAt !== undefined, verifiedAt, usedAt: values.time(`${name}UsedAt`) }
    }
    const [disabledAt, locale] = [values.moment('disabledAt'), values.text('locale')]
    return {
      id: String(values.text('id')),
      phone: identifier('phone'),
      email: identifier('email'),
      name: values.text('userName'),
      // Also where the time is none that can be: another machine's clock lets nobody in.
      isDisabled: disabledAt !== undefined,
      disabledAt: disabledAt === undefined ? undefined : pastOf(disabledAt),
      createdAt: values.time('createdAt'),
      updatedAt: values.time('updatedAt'),
      locale: locale === undefined || localePattern.test(locale) ? locale : values.refuse('locale'),
      publicMetadata: values.raw('publicMetadata'),
      isAdmin: values.word('role', ['USER', 'ADMIN']) === 'ADMIN',
    }
  },
}
