// Checks what was read of a user by the rules of the API, and makes the row of it.
import { v5 } from 'uuid'
import type { Problem } from '../../errors.js'
import { anyCaseUuidPattern } from '../../http/uuid.js'
import { normalizeEmail } from '../../identifiers/email.js'
import { maskIdentifier } from '../../identifiers/masked.js'
import type { IdentifierParser } from '../../identifiers/parser.js'
import { isPhoneE164 } from '../../identifiers/phone.js'
import { isVisible } from '../../reading.js'
import { metadataFault } from '../metadata.js'
import { nameKey } from '../name.js'
import type { Draft, DraftIdentifier, LeftOut, PeerMap } from './draft.js'
import type { RawRecord } from './reader.js'
import { cellsOf, type Fault } from './splitters.js'
import { type Fields, Values } from './values.js'

/** Why a line is refused; the last ones are told by the database. */
export type Reason =
  | Fault
  | 'not_a_user'
  | 'value_not_valid'
  | 'no_identifier'
  | 'phone_not_valid'
  | 'country_not_supported'
  | 'number_type_not_supported'
  | 'email_not_valid'
  | 'metadata_not_valid'
  | 'phone_taken'
  | 'email_taken'
  | 'id_taken'

/** A time of ISO 8601, or `now`, by which PostgreSQL understands the beginning of the transaction. */
type Time = string

/** A row of `users`. */
export type NewUser = Readonly<{
  id: string
  userName: string | null
  nameKey: string
  phone: string | null
  phoneVerifiedAt: Time | null
  phoneUsedAt: Time
  email: string | null
  emailVerifiedAt: Time | null
  emailUsedAt: Time
  locale: string | null
  /** JSON */
  publicMetadata: string
  disabledAt: Time | null
  createdAt: Time
  updatedAt: Time
}>

/**
 * What is told of a line that is refused: identifiers are masked, and nothing is repeated of what could not be read. `column` is the first one
 * that was not understood.
 */
export type Refusal = Readonly<{ line: number; reason: Reason; column?: string }> & Shown
type Shown = Readonly<{ id?: string; phone?: string; email?: string }>

export type Checked =
  | Readonly<{ kind: 'user'; line: number; user: NewUser; oldId: string; isAdmin: boolean; shown: Shown }>
  | Readonly<{ kind: 'refused'; refusal: Refusal }>
  | Readonly<{ kind: 'left_out'; why: LeftOut }>

/**
 * The namespace of ids that are made of those of other systems (RFC 9562 §5.5): `uuidv5(idNamespace, 'auth0:auth0|5f7c…')`. Never to be
 * changed: the same line has the same id again, also in another run.
 */
export const idNamespace = '9f5b1c6e-7a0d-4e55-8d0e-3f1f6c2a9b74'

const uuid = new RegExp(anyCaseUuidPattern)
const maxName = 200

export type CheckOptions = Readonly<{
  parser: IdentifierParser
  map: PeerMap
  /** the columns of CSV; null for JSON */
  columns: readonly string[] | null
  /** whether what was verified elsewhere counts as proved */
  trustsVerified: boolean
}>

/** The members of a record; or why there are none. */
export function readFields(record: RawRecord, columns: readonly string[] | null): Fields | Fault {
  if ('fault' in record) return record.fault
  if (columns !== null) {
    const cells = cellsOf(record.text)
    // A comma may end each line.
    if (cells.length < columns.length || cells.slice(columns.length).some((cell) => cell !== '')) return 'columns'
    return Object.fromEntries(columns.map((name, index) => [name, cells[index]]))
  }
  try {
    const value: unknown = JSON.parse(record.text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : 'not_json'
  } catch {
    return 'not_json'
  }
}

/** What becomes of a record. What the database alone knows, such as who has an identifier already, is asked later. */
export function check(record: RawRecord, options: CheckOptions): Checked {
  const { line } = record
  const fields = readFields(record, options.columns)
  if (typeof fields === 'string') return { kind: 'refused', refusal: { line, reason: fields } }
  if (!options.map.isUser(fields)) return { kind: 'refused', refusal: { line, reason: 'not_a_user' } }
  const values = new Values(fields, options.map.plain)
  const draft = options.map.read(values)
  const shown = typeof draft === 'string' ? {} : shownOf(draft)
  const column = values.unreadable
  if (column !== undefined) return { kind: 'refused', refusal: { line, reason: 'value_not_valid', column, ...shown } }
  if (typeof draft === 'string') return { kind: 'left_out', why: draft }
  const user = userOf(draft, options)
  if (typeof user === 'string') return { kind: 'refused', refusal: { line, reason: user, ...shown } }
  return { kind: 'user', line, user, oldId: draft.id, isAdmin: draft.isAdmin === true, shown }
}

/** What stands of a user in the report. */
function shownOf({ id, phone, email }: Draft): Shown {
  return { id, ...(phone && { phone: maskText(phone.text) }), ...(email && { email: maskText(email.text) }) }
}

/** Of any text as much as is shown of an identifier. */
export function maskText(text: string): string {
  const start = text.slice(0, 60)
  return start.lastIndexOf('@') > 0 || start.length > 7 ? maskIdentifier(start) : '***'
}

/** The number in E.164, null where there is none; or why no code can go to it, by the rules of `POST /users`. */
function phoneOf(
  { phone }: Draft,
  { parser, map, trustsVerified }: CheckOptions,
): Readonly<{ phone: string | null } | { reason: Reason }> {
  if (phone === undefined) return { phone: null }
  // What was proved stays proved, whatever the metadata of today says of the number: also where the account goes to another database.
  if (map.isOwn === true && trustsVerified && phone.isVerified && isPhoneE164(phone.text)) {
    return parser.fromStored(phone.text) === null ? { reason: 'country_not_supported' } : { phone: phone.text }
  }
  try {
    return { phone: parser.fromInternationalNumber(phone.text).identifier }
  } catch (error) {
    const { code } = error as Problem
    return { reason: code === 'validation_failed' ? 'phone_not_valid' : (code as Reason) }
  }
}

/** A name as the API would take it: in one line, with something to see, as long as its column. */
function nameOf(name: string): string | null {
  const cleaned = name
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  return isVisible(cleaned) ? [...cleaned].slice(0, maxName).join('') : null
}

/** The id of a user: that of the other system where it is a UUID, else one that is made of it, always the same. */
export function idOf(map: string, id: string): string {
  // Halves of surrogate pairs, which JSON can write, have no UTF-8 to make one of.
  return uuid.test(id) ? id.toLowerCase() : v5(`${map}:${id}`.toWellFormed(), idNamespace)
}

/** Phone and email in their canonical forms, null where there is none of either; or why one of them is refused. */
function identifiersOf(
  draft: Draft,
  options: CheckOptions,
): Readonly<{ phone: string | null; email: string | null }> | Reason {
  if (draft.phone === undefined && draft.email === undefined) return 'no_identifier'
  const number = phoneOf(draft, options)
  if ('reason' in number) return number.reason
  if (draft.email === undefined) return { ...number, email: null }
  const email = normalizeEmail(draft.email.text)
  return email === null ? 'email_not_valid' : { ...number, email }
}

/** Since when an identifier counts as proved, null for never; and when it was last. */
function proofOf(identifier: DraftIdentifier | undefined, trustsVerified: boolean, created: Time) {
  const since = identifier?.verifiedAt?.toISOString() ?? created
  const isProved = trustsVerified && identifier?.isVerified === true
  return { verifiedAt: isProved ? since : null, usedAt: identifier?.usedAt?.toISOString() ?? since }
}

/** The row; or why there is none. */
function userOf(draft: Draft, options: CheckOptions): NewUser | Reason {
  const { map, trustsVerified } = options
  const identifiers = identifiersOf(draft, options)
  if (typeof identifiers === 'string') return identifiers
  const { publicMetadata = {} } = draft
  if (metadataFault(publicMetadata) !== undefined) return 'metadata_not_valid'
  const created = draft.createdAt?.toISOString() ?? 'now'
  const phone = proofOf(draft.phone, trustsVerified, created)
  const email = proofOf(draft.email, trustsVerified, created)
  const userName = draft.name === undefined ? null : nameOf(draft.name)
  return {
    id: idOf(map.name, draft.id),
    userName,
    nameKey: nameKey(userName ?? ''),
    ...identifiers,
    phoneVerifiedAt: phone.verifiedAt,
    phoneUsedAt: phone.usedAt,
    emailVerifiedAt: email.verifiedAt,
    emailUsedAt: email.usedAt,
    locale: draft.locale ?? null,
    publicMetadata: JSON.stringify(publicMetadata),
    disabledAt: draft.isDisabled ? (draft.disabledAt?.toISOString() ?? 'now') : null,
    createdAt: created,
    updatedAt: draft.updatedAt?.toISOString() ?? created,
  }
}
