// The SQL of the list of users. Every part of it is answered by an index, however many users there are: pages go on from a place
// in the order (no OFFSET), and a search is ranges of the indexes on name key, phone and email.
import { userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Place, Sort } from './list.js'

/** What a search looks for: beginnings of each. */
export type Prefixes = Readonly<{ names: readonly string[]; phones: readonly string[]; emails: readonly string[] }>

export type Page = Readonly<{
  sort: Sort
  after: Place | null
  most: number
  /** whether admins are left out: they are few, and met on the way */
  hidesAdmins: boolean
}>

/** Users found by one beginning from which on there is no gathering and sorting them all. */
const many = 5_000

/** Ends the range of a prefix: no character is greater. */
const lastCharacter = '\u{10ffff}'

const columns = {
  names: Prisma.sql`u.name_key`,
  phones: Prisma.sql`u.phone`,
  emails: Prisma.sql`u.email`,
}

const orders = {
  created_at: { key: Prisma.sql`u.created_at`, direction: Prisma.sql`ASC`, isAfter: Prisma.sql`>` },
  '-created_at': { key: Prisma.sql`u.created_at`, direction: Prisma.sql`DESC`, isAfter: Prisma.sql`<` },
  user_name: { key: Prisma.sql`u.name_key`, direction: Prisma.sql`ASC`, isAfter: Prisma.sql`>` },
  '-user_name': { key: Prisma.sql`u.name_key`, direction: Prisma.sql`DESC`, isAfter: Prisma.sql`<` },
}

/** One beginning to look for, as a range of its index. Not LIKE: its wildcards need escaping, and prepared it finds no index. */
type Range = Readonly<{ kind: keyof Prefixes; column: Prisma.Sql; condition: Prisma.Sql }>

function rangesOf(prefixes: Prefixes): Range[] {
  return (['names', 'phones', 'emails'] as const).flatMap((kind) =>
    prefixes[kind].map((prefix) => {
      const column = columns[kind]
      return { kind, column, condition: Prisma.sql`${column} >= ${prefix} AND ${column} < ${prefix + lastCharacter}` }
    }),
  )
}

/** Whether a user is on the page, or on a later one. */
function belongs({ sort, after, hidesAdmins }: Page): Prisma.Sql {
  const isListed = hidesAdmins ? Prisma.sql`u.role <> 'ADMIN'` : Prisma.sql`true`
  if (after === null) return isListed
  const { key, isAfter } = orders[sort]
  const value = sort.endsWith('created_at') ? Prisma.sql`${after.key}::timestamptz` : Prisma.sql`${after.key}`
  return Prisma.sql`(${key}, u.id) ${isAfter} (${value}, ${after.id}::uuid) AND ${isListed}`
}

function orderAndLimit({ sort, most }: Page): Prisma.Sql {
  const { key, direction } = orders[sort]
  return Prisma.sql`ORDER BY ${key} ${direction}, u.id ${direction} LIMIT ${most}`
}

/** What a page is made of, before it is shown; metadata is read of those alone that are. */
const listed = Prisma.sql`u.id, u.user_name, u.name_key, u.phone, u.email, u.role, u.created_at, u.updated_at`

/** A page of all users, by walking the index of the order. */
export function pageStatement(page: Page): Prisma.Sql {
  return Prisma.sql`
    SELECT ${userColumns}, u.public_metadata AS "publicMetadata", u.name_key AS "nameKey"
    FROM users u WHERE ${belongs(page)} ${orderAndLimit(page)}`
}

/** For each beginning, in their order, one row: whether it finds many. */
export function breadthStatement(prefixes: Prefixes): Prisma.Sql {
  // In the order of its index each, or the planner might read the whole table for the first few thousand.
  const rows = rangesOf(prefixes).map(
    ({ column, condition }, index) => Prisma.sql`
      SELECT ${index}::int AS index, count(*) >= ${many} AS "isBroad"
      FROM (SELECT FROM users u WHERE ${condition} ORDER BY ${column} LIMIT ${many}) AS found`,
  )
  return Prisma.sql`${Prisma.join(rows, ' UNION ALL ')} ORDER BY index`
}

/**
 * A page of what a search finds: the first ones by each beginning, put together.
 * @param breadth of each beginning ({@link breadthStatement})
 */
export function searchStatement(page: Page, prefixes: Prefixes, breadth: readonly boolean[]): Prisma.Sql {
  const parts = rangesOf(prefixes).map((range, index) =>
    walks(range, page, breadth[index] === true) ? walkedPart(range, page) : gatheredPart(range, page),
  )
  return Prisma.sql`
    WITH found AS (${Prisma.join(parts, ' UNION ')})
    SELECT ${userColumns}, u.name_key AS "nameKey",
      (SELECT x.public_metadata FROM users x WHERE x.id = u.id) AS "publicMetadata"
    FROM found u ${orderAndLimit(page)}`
}

/**
 * Whether to walk through the order until enough is found, instead of gathering all and sorting it. Names are found in their own
 * order. Many of anything are met soon on the way, but for emails among names: people are called alike in both, and all could be
 * at the far end.
 */
function walks({ kind }: Range, { sort }: Page, isBroad: boolean): boolean {
  const isByName = sort.endsWith('user_name')
  return isByName && kind === 'names' ? true : isBroad && !(isByName && kind === 'emails')
}

function walkedPart({ condition }: Range, page: Page): Prisma.Sql {
  return Prisma.sql`(SELECT ${listed} FROM users u WHERE ${condition} AND ${belongs(page)} ${orderAndLimit(page)})`
}

function gatheredPart({ condition }: Range, page: Page): Prisma.Sql {
  // OFFSET 0 keeps the two steps apart, or the planner would walk.
  return Prisma.sql`(
    SELECT * FROM (SELECT ${listed} FROM users u WHERE ${condition} OFFSET 0) AS u
    WHERE ${belongs(page)} ${orderAndLimit(page)})`
}
