// Users of Clerk: the CSV that its dashboard exports, and users as its Backend API shows them, as lines or a list of JSON:
// https://clerk.com/docs/guides/development/migrating/export-from-clerk
import type { Draft, DraftIdentifier, PeerMap } from '../draft.js'
import { joined, textOf, Values } from '../values.js'

export const clerk: PeerMap = {
  name: 'clerk',
  isUser: (record) =>
    textOf(record['id']) !== undefined && ('primary_email_address' in record || 'email_addresses' in record),
  read(values): Draft {
    return {
      id: String(values.text('id')),
      ...(values.raw('email_addresses') === undefined ? fromCsv(values) : fromApi(values)),
      name: joined(values.text('first_name'), values.text('last_name')),
      isDisabled: values.flag('banned'),
      createdAt: values.time('created_at'),
    }
  },
}

type Identifiers = Pick<Draft, 'phone' | 'email'>

/** Of several identifiers the primary one is kept; the columns beside say which are verified. */
function fromCsv(values: Values): Identifiers {
  const identifier = (primary: string, verified: string) => {
    const [text, list = ''] = [values.text(primary), values.text(verified)]
    return text === undefined ? undefined : { text, isVerified: list.split(/[\s,;|]+/).includes(text) }
  }
  return {
    phone: identifier('primary_phone_number', 'verified_phone_numbers'),
    email: identifier('primary_email_address', 'verified_email_addresses'),
  }
}

/** https://clerk.com/docs/reference/backend/types/backend-verification */
const statuses = ['verified', 'unverified', 'transferable', 'failed', 'expired']

function fromApi(values: Values): Identifiers {
  const usedAt = values.time('last_sign_in_at')
  const identifier = (list: string, primary: string, name: string): DraftIdentifier | undefined => {
    const id = values.text(primary)
    const found = values.list(list).find((each) => each['id'] === id)
    if (id === undefined) return undefined
    if (found === undefined) return values.refuse(primary)
    const own = new Values(found)
    const verification = new Values(own.members('verification'))
    const [text, status] = [own.text(name), verification.word('status', statuses)]
    const unreadable = own.unreadable ?? (verification.unreadable && 'verification')
    if (unreadable !== undefined) return values.refuse(`${list}.${unreadable}`)
    return text === undefined ? undefined : { text, isVerified: status === 'verified', usedAt }
  }
  return {
    phone: identifier('phone_numbers', 'primary_phone_number_id', 'phone_number'),
    email: identifier('email_addresses', 'primary_email_address_id', 'email_address'),
  }
}
