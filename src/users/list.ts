// The list of users for admins: pages in an order, and a search by the beginning of a name, a phone or an email.

import { Type } from '@sinclair/typebox'
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import { isMoment, readCursor, writeCursor } from '../http/cursor.js'
import { uuidPattern } from '../http/uuid.js'
import { normalizeEmail } from '../identifiers/email.js'
import { readPhone } from '../reading.js'
import { breadthStatement, type Page, type Prefixes, pageStatement, searchStatement } from './list-statements.js'
import { nameKey } from './name.js'

export type ListQuery = Readonly<{
  limit: number
  sort: Sort
  cursor: string | undefined
  search: string | undefined
  /** a phone (E.164) or an email in canonical form, whose holder alone is asked for */
  identifier: { phone: string } | { email: string } | null
  hidesAdmins: boolean
}>
/** `nextCursor` is null at the end */
export type UserPage = Readonly<{ users: UserRow[]; nextCursor: string | null }>

export type UserList = (query: ListQuery) => Promise<UserPage>

type ListedRow = UserRow & { nameKey: string }
/** @param defaultPrefix calling prefix of the country whose national numbers are searched for too */
export function createUserList({ database, defaultPrefix }: { database: Database; defaultPrefix: string }): UserList {
  async function search(page: Page, prefixes: Prefixes): Promise<ListedRow[]> {
    const breadth = await database.$queryRaw<{ isBroad: boolean }[]>(breadthStatement(prefixes))
    const isBroad = breadth.map((row) => row.isBroad)
    return database.$queryRaw<ListedRow[]>(searchStatement(page, prefixes, isBroad))
  }

  /** @throws Problem `validation_failed` for a cursor that is none of ours, or of another order */
  return async function list(query: ListQuery): Promise<UserPage> {
    const { limit, sort, cursor, search: text, identifier, hidesAdmins } = query
    const one = (where: UniqueColumn) => findOne(database, where, hidesAdmins)
    if (identifier !== null) return { users: await one(identifier), nextCursor: null }
    const after = cursor === undefined ? null : readPlace(sort, cursor)
    if (after === null && cursor !== undefined) {
      throw new Problem('validation_failed', { errors: ['cursor must be the next_cursor of a list in the same sort'] })
    }
    // One more than asked for tells whether there is more.
    const page = { sort, after, most: limit + 1, hidesAdmins }
    const id = text?.trim().toLowerCase() ?? ''
    // Logs and support tickets name people by their ids.
    if (uuid.test(id)) return { users: await one({ id }), nextCursor: null }
    const rows =
      text === undefined
        ? await database.$queryRaw<ListedRow[]>(pageStatement(page))
        : await search(page, prefixesOf(text, defaultPrefix))
    const users = rows.slice(0, limit)
    const last = users.at(-1)
    const hasMore = rows.length > limit && last !== undefined
    return { users: users.map(({ nameKey, ...user }) => user), nextCursor: hasMore ? cursorAfter(sort, last) : null }
  }
}

const uuid = new RegExp(uuidPattern)

type UniqueColumn = { id: string } | { phone: string } | { email: string }

/** Whom a unique column names, as a list. */
async function findOne(database: Database, where: UniqueColumn, hidesAdmins: boolean): Promise<UserRow[]> {
  const user = await database.user.findFirst({ where: { ...where, ...(hidesAdmins && { role: 'USER' }) } })
  return user === null ? [] : [user]
}

function cursorAfter(sort: Sort, { id, nameKey, createdAt }: ListedRow): string {
  return writeCursor([sort, sort.endsWith('created_at') ? createdAt.toISOString() : nameKey, id])
}

/** What to look for: a number without its plus sign may be a national one, or begin with a prefix. */
export function prefixesOf(text: string, defaultPrefix: string): Prefixes {
  const trimmed = text.trim()
  const canonical = normalizeEmail(trimmed)
  return {
    names: [nameKey(trimmed)],
    phones: phonesOf(trimmed, defaultPrefix),
    emails: [...new Set([trimmed.toLowerCase(), ...(canonical === null ? [] : [canonical])])],
  }
}

function phonesOf(text: string, defaultPrefix: string): string[] {
  const digits = text === '+' ? text : readPhone(text)
  if (digits === null) return []
  if (digits.startsWith('+')) return [digits]
  const national = digits.replace(/^0+/, '')
  const international = digits.startsWith('00') ? national : digits
  return [...new Set([`+${international}`, ...(national === '' ? [] : [`${defaultPrefix}${national}`])])]
}

export const sorts = ['created_at', '-created_at', 'user_name', '-user_name'] as const
export type Sort = (typeof sorts)[number]

/** A row's place: the value that is sorted by (ISO 8601 or a name key), and the id that tells equals apart. */
export type Place = Readonly<{ key: string; id: string }>

const CursorSchema = Type.Tuple([Type.String(), Type.String({ maxLength: 200 }), Type.String({ pattern: uuidPattern })])

/** Null where it is no cursor of a list in this order. */
function readPlace(sort: Sort, cursor: string): Place | null {
  const [sortedBy, key = '', id = ''] = readCursor(CursorSchema, cursor) ?? []
  return sortedBy === sort && isKeyOf(sort, key) ? { key, id } : null
}

function isKeyOf(sort: Sort, key: string): boolean {
  return sort.endsWith('user_name') ? !key.includes('\0') && key.isWellFormed() : isMoment(key)
}
