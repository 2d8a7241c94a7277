// The SQL of the list of users. Every part of it is answered by an index, however many users there are: pages go on from a place
// in the order (no OFFSET), and a search is ranges of the indexes on name key, phone and email.
import { userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Place, Sort } from './list-cursor.js'

/** What a search looks for: beginnings of each. */
export type Prefixes = Readonly<{ names: readonly string[]; phones: readonly string[]; emails: readonly string[] }>

export type Page = Readonly<{ sort: Sort; after: Place | null; most: number }>

/** Found users of one index, up to which a search sorts what it found. Past it, it looks through the list in its order instead. */
const mostSorted = 5_000

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

/** The column and the range of each prefix. Not LIKE: its wildcards would need escaping, and a prepared LIKE finds no index. */
function rangesOf(prefixes: Prefixes) {
  return (['names', 'phones', 'emails'] as const).flatMap((kind) =>
    prefixes[kind].map((prefix) => {
      const column = columns[kind]
      return { column, range: Prisma.sql`${column} >= ${prefix} AND ${column} < ${prefix + lastCharacter}` }
    }),
  )
}

function isAfterPlace({ sort, after }: Page): Prisma.Sql {
  if (after === null) return Prisma.sql`true`
  const { key, isAfter } = orders[sort]
  const value = sort.endsWith('created_at') ? Prisma.sql`${after.key}::timestamptz` : Prisma.sql`${after.key}`
  return Prisma.sql`(${key}, u.id) ${isAfter} (${value}, ${after.id}::uuid)`
}

function orderAndLimit({ sort, most }: Page): Prisma.Sql {
  const { key, direction } = orders[sort]
  return Prisma.sql`ORDER BY ${key} ${direction}, u.id ${direction} LIMIT ${most}`
}

/** A page of all users, or of those that a search finds, by walking the index of the order. */
export function walkStatement(page: Page, prefixes: Prefixes | null): Prisma.Sql {
  const found =
    prefixes === null
      ? Prisma.sql`true`
      : Prisma.join(
          rangesOf(prefixes).map(({ range }) => range),
          ' OR ',
        )
  return Prisma.sql`
    SELECT ${userColumns}, u.name_key AS "nameKey" FROM users u
    WHERE ${isAfterPlace(page)} AND (${found}) ${orderAndLimit(page)}`
}

/**
 * A page of what a search finds, by gathering and sorting it: rows with `isBroad`, the user null where none is left. Where that
 * is true too much was found to gather it, and the page is none.
 */
export function gatherStatement(page: Page, prefixes: Prefixes): Prisma.Sql {
  // Whole rows, in the order of their own index each: the planner is left no way but that index, and no second one.
  const parts = rangesOf(prefixes).map(
    ({ column, range }) => Prisma.sql`(
      SELECT u.id, u.user_name, u.name_key, u.phone, u.email, u.role, u.created_at, u.updated_at FROM users u
      WHERE ${range} ORDER BY ${column} LIMIT ${mostSorted})`,
  )
  return Prisma.sql`
    WITH found AS MATERIALIZED (${Prisma.join(parts, ' UNION ')}),
    page AS (SELECT u.* FROM found u WHERE ${isAfterPlace(page)} ${orderAndLimit(page)})
    SELECT (SELECT count(*) FROM found) >= ${mostSorted} AS "isBroad", ${userColumns}, u.name_key AS "nameKey"
    FROM (SELECT) AS always LEFT JOIN page u ON true ${orderAndLimit(page)}`
}
