// The list of users for admins: pages in an order, and a search by the beginning of a name, a phone or an email.
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import { readCursor, type Sort, writeCursor } from './list-cursor.js'
import { breadthStatement, type Page, type Prefixes, pageStatement, searchStatement } from './list-statements.js'
import { nameKey } from './name.js'

export type ListQuery = Readonly<{ limit: number; sort: Sort; cursor: string | undefined; search: string | undefined }>
/** `nextCursor` is null at the end */
export type UserPage = Readonly<{ users: UserRow[]; nextCursor: string | null }>

export type UserList = ReturnType<typeof createUserList>

type ListedRow = UserRow & { nameKey: string }
/** @param defaultPrefix calling prefix of the country whose national numbers are searched for too */
export function createUserList({ database, defaultPrefix }: { database: Database; defaultPrefix: string }) {
  async function search(page: Page, prefixes: Prefixes): Promise<ListedRow[]> {
    const breadth = await database.$queryRaw<{ isBroad: boolean }[]>(breadthStatement(prefixes))
    const isBroad = breadth.map((row) => row.isBroad)
    return database.$queryRaw<ListedRow[]>(searchStatement(page, prefixes, isBroad))
  }

  /** @throws Problem `validation_failed` for a cursor that is none of ours, or of another order */
  return async function list({ limit, sort, cursor, search: text }: ListQuery): Promise<UserPage> {
    const after = cursor === undefined ? null : readCursor(sort, cursor)
    if (after === null && cursor !== undefined) {
      throw new Problem('validation_failed', { errors: ['cursor must be the next_cursor of a list in the same sort'] })
    }
    // One more than asked for tells whether there is more.
    const page = { sort, after, most: limit + 1 }
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

function cursorAfter(sort: Sort, { id, nameKey, createdAt }: ListedRow): string {
  return writeCursor(sort, { key: sort.endsWith('created_at') ? createdAt.toISOString() : nameKey, id })
}

/** What to look for: a number without its plus sign may be a national one, or begin with a prefix. */
export function prefixesOf(text: string, defaultPrefix: string): Prefixes {
  const trimmed = text.trim()
  const digits = trimmed.replace(/[ ().-]/g, '')
  const national = digits.replace(/^0+/, '')
  const phones = /^\+[0-9]*$/.test(digits)
    ? [digits]
    : /^[0-9]+$/.test(digits)
      ? [`+${digits}`, ...(national === '' ? [] : [`${defaultPrefix}${national}`])]
      : []
  return { names: [nameKey(trimmed)], phones, emails: [trimmed.toLowerCase()] }
}
