// Users of Clerk: the CSV that its dashboard exports, and users as its Backend API shows them, as lines or a list of JSON:
// https://clerk.com/docs/guides/development/migrating/export-from-clerk
import type { Draft, PeerMap } from '../draft.js'
import { type Fields, fieldsOf, isSet, joined, textOf, timeOf } from '../values.js'

export const clerk: PeerMap = {
  name: 'clerk',
  isOne: (record) =>
    textOf(record['id']) !== undefined && ('primary_email_address' in record || 'email_addresses' in record),
  read(record): Draft {
    return {
      id: String(textOf(record['id'])),
      ...('email_addresses' in record ? fromApi(record) : fromCsv(record)),
      name: joined(record['first_name'], record['last_name']),
      isDisabled: isSet(record['banned']),
      createdAt: timeOf(record['created_at']),
    }
  },
}

type Identifiers = Pick<Draft, 'phone' | 'email'>

/** Of several identifiers the primary one is kept; the columns beside say which are verified. */
function fromCsv(record: Fields): Identifiers {
  const identifier = (primary: unknown, verified: unknown) => {
    const text = textOf(primary)
    if (text === undefined) return undefined
    return {
      text,
      isVerified: String(textOf(verified))
        .split(/[\s,;|]+/)
        .includes(text),
    }
  }
  return {
    phone: identifier(record['primary_phone_number'], record['verified_phone_numbers']),
    email: identifier(record['primary_email_address'], record['verified_email_addresses']),
  }
}

function fromApi(record: Fields): Identifiers {
  const usedAt = timeOf(record['last_sign_in_at'])
  const identifier = (list: unknown, primary: unknown, name: string) => {
    const found = (Array.isArray(list) ? list.map(fieldsOf) : []).find(({ id }) => id === primary)
    const text = textOf(found?.[name])
    if (text === undefined) return undefined
    return { text, isVerified: fieldsOf(found?.['verification'])['status'] === 'verified', usedAt }
  }
  return {
    phone: identifier(record['phone_numbers'], record['primary_phone_number_id'], 'phone_number'),
    email: identifier(record['email_addresses'], record['primary_email_address_id'], 'email_address'),
  }
}
