// The SQL of changing one's own identifiers. Who owns one: docs/decisions/0011-who-owns-an-identifier.md
import type { WriteEvent } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Identifier } from '../identifiers/parser.js'
import { voidCodesStatement } from '../otp/statements.js'
import type { Asker } from '../sessions/asker.js'
import { forgetDevicesStatement } from '../sessions/devices.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { columns, hasNoOwner, holds, isLedInBy, isProven } from './statements.js'

type Method = Identifier['method']

/** The user as they are now, null where nothing was changed, and to whom it is to be told. */
export type ChangedRow = MaybeUserRow & {
  /** proven, canonical; null where nobody is to be told */
  toldTo: string | null
  /** BCP 47 */
  locale: string | null
}

export type RemovedRow = ChangedRow & {
  /** there is such a user */
  exists: boolean
  /** who has such an identifier */
  isThere: boolean
}

const other: Readonly<Record<Method, Method>> = { phone: 'email', email: 'phone' }

/**
 * What ends with a proven identifier, for the rows of `lost` (`id`, `lost`): the devices, the sessions elsewhere, which rest on it,
 * and the codes that only its owner could have asked for.
 */
function losses({ sessionId }: Asker): Prisma.Sql {
  return Prisma.sql`
    ended_sessions AS (${endSessionsStatement(Prisma.sql`(SELECT id FROM lost)`, Prisma.sql`s.id <> ${sessionId}::uuid`)}),
    ended_devices AS (${forgetDevicesStatement(Prisma.sql`(SELECT id FROM lost)`)}),
    voided AS (${voidCodesStatement(Prisma.sql`SELECT lost FROM lost`)})`
}

/**
 * Parts of a statement that give the user an identifier which was just proved: `before` (the user, locked), `owner` (somebody else
 * whom it leads in, so that nothing changes), `changed`. Claims of others to it end. To be run beside an event.
 * @param source `FROM … WHERE …` with one row where the identifier was proved, or none
 */
export function changeIdentifierParts(identifier: Identifier, asker: Asker, source: Prisma.Sql): Prisma.Sql {
  const { name, verifiedAt } = columns[identifier.method]
  const isChange = Prisma.sql`changed.old_${name} IS DISTINCT FROM changed.${name}`
  return Prisma.sql`
    before AS (SELECT me.* FROM users me ${source} AND me.id = ${asker.userId}::uuid FOR UPDATE OF me),
    owner AS (SELECT u.id FROM users u, before WHERE ${isLedInBy(identifier)} AND u.id <> before.id),
    released AS (
      UPDATE users AS u SET ${name} = NULL, updated_at = now() FROM before
      WHERE ${holds(identifier)} AND NOT ${isProven(identifier.method)} AND NOT ${hasNoOwner} AND u.id <> before.id
      RETURNING u.id
    ),
    changed AS (
      UPDATE users AS u SET ${name} = ${identifier.identifier}, updated_at = now(),
        ${verifiedAt} = CASE WHEN ${holds(identifier)} THEN coalesce(u.${verifiedAt}, now()) ELSE now() END
      FROM before, (SELECT count(*) FROM released) AS first_of_all
      WHERE u.id = before.id AND NOT EXISTS (SELECT FROM owner)
      RETURNING u.*, before.${name} AS old_${name}, before.${verifiedAt} AS old_${verifiedAt}
    ),
    lost AS (SELECT id, old_${name} AS lost FROM changed WHERE old_${verifiedAt} IS NOT NULL AND ${isChange}),
    ${losses(asker)}`
}

/** What was done, in a word or two, beside `changed`. */
export function changeInWords(method: Method): Prisma.Sql {
  const { name, verifiedAt } = columns[method]
  return Prisma.sql`${`${method} `} || CASE WHEN changed.old_${name} IS NULL THEN 'added'
    WHEN changed.old_${name} <> changed.${name} THEN 'changed'
    WHEN changed.old_${verifiedAt} IS NULL THEN 'proved' ELSE 'proved again' END`
}

/** The columns of a {@link ChangedRow}, beside `changed`: told is the old identifier, or of a first one the other method's. */
export function changedColumns(method: Method): Prisma.Sql {
  const { name, verifiedAt } = columns[method]
  const { name: otherName, verifiedAt: otherVerifiedAt } = columns[other[method]]
  return Prisma.sql`${userColumns}, u.locale, CASE
    WHEN u.old_${name} = u.${name} THEN NULL
    WHEN u.old_${verifiedAt} IS NOT NULL THEN u.old_${name}
    WHEN u.${otherVerifiedAt} IS NOT NULL THEN u.${otherName} END AS "toldTo"`
}

/**
 * Takes an identifier off its user: one {@link RemovedRow}, without a user where it has to stay, because nothing else is proven.
 */
export function removeIdentifierStatement(method: Method, asker: Asker, writeEvent: WriteEvent): Prisma.Sql {
  const { name, verifiedAt } = columns[method]
  const { verifiedAt: otherVerifiedAt } = columns[other[method]]
  return Prisma.sql`
    WITH before AS (SELECT me.* FROM users me WHERE me.id = ${asker.userId}::uuid FOR UPDATE),
    changed AS (
      UPDATE users AS u SET ${name} = NULL, ${verifiedAt} = NULL, updated_at = now() FROM before
      WHERE u.id = before.id AND before.${name} IS NOT NULL AND before.${otherVerifiedAt} IS NOT NULL
      RETURNING u.*, CASE WHEN before.${verifiedAt} IS NOT NULL THEN before.${name} END AS lost
    ),
    lost AS (SELECT id, lost FROM changed WHERE lost IS NOT NULL),
    ${losses(asker)},
    event AS (${writeEvent(
      {
        event: Prisma.sql`'user_updated'`,
        userId: Prisma.sql`changed.id`,
        detail: Prisma.sql`${`${method} removed`}`,
      },
      Prisma.sql`changed`,
    )})
    SELECT EXISTS (SELECT FROM before) AS exists,
      EXISTS (SELECT FROM before WHERE before.${name} IS NOT NULL) AS "isThere", ${userColumns}, u.locale, u.lost AS "toldTo"
    FROM (SELECT) AS always LEFT JOIN changed u ON true`
}
