// The SQL of changing one's own identifiers. Who owns one: docs/decisions/0011-who-owns-an-identifier.md
import type { WriteEvent } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Identifier } from '../identifiers/parser.js'
import { voidCodesStatement } from '../otp/statements.js'
import type { Asker } from '../sessions/asker.js'
import { forgetDevicesStatement } from '../sessions/devices.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { countChangeStatement, secondsToNextChange } from './change-limit.js'
import { columns, hasNoOwner, holds, isLedInBy, isProven } from './statements.js'

type Method = Identifier['method']

/** The user as they are now, null where nothing was changed, and to whom it is to be told. */
export type ChangedRow = MaybeUserRow & {
  /** proven, canonical; null where nobody is to be told */
  toldTo: string | null
  /** BCP 47 */
  locale: string | null
  /** seconds, where nothing was changed because the account has had its changes of the day */
  changeableAfter: number | null
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
 * whom it leads in, so that nothing changes), `counted` (the change, where there is one left), `changed`. Claims of others to it
 * end. To be run beside an event.
 * @param source `FROM … WHERE …` with one row where the identifier was proved, or none
 */
export function changeIdentifierParts(identifier: Identifier, asker: Asker, source: Prisma.Sql): Prisma.Sql {
  const { name, verifiedAt } = columns[identifier.method]
  const isChange = Prisma.sql`changed.old_${name} IS DISTINCT FROM changed.${name}`
  return Prisma.sql`
    before AS (SELECT me.* FROM users me ${source} AND me.id = ${asker.userId}::uuid FOR UPDATE OF me),
    owner AS (SELECT u.id FROM users u, before WHERE ${isLedInBy(identifier)} AND u.id <> before.id),
    counted AS (${countChangeStatement(
      asker,
      Prisma.sql`FROM before WHERE ${isAnother(identifier)} AND NOT EXISTS (SELECT FROM owner)`,
    )}),
    allowed AS (
      SELECT before.* FROM before
      WHERE NOT EXISTS (SELECT FROM owner) AND (EXISTS (SELECT FROM counted) OR NOT ${isAnother(identifier)})
    ),
    released AS (
      UPDATE users AS u SET ${name} = NULL, updated_at = now() FROM allowed
      WHERE ${holds(identifier)} AND NOT ${isProven(identifier.method)} AND NOT ${hasNoOwner} AND u.id <> allowed.id
      RETURNING u.id
    ),
    changed AS (
      UPDATE users AS u SET ${name} = ${identifier.identifier}, updated_at = now(),
        ${verifiedAt} = CASE WHEN ${holds(identifier)} THEN coalesce(u.${verifiedAt}, now()) ELSE now() END
      FROM allowed, (SELECT count(*) FROM released) AS first_of_all
      WHERE u.id = allowed.id
      RETURNING u.*, allowed.${name} AS old_${name}, allowed.${verifiedAt} AS old_${verifiedAt}
    ),
    lost AS (SELECT id, old_${name} AS lost FROM changed WHERE old_${verifiedAt} IS NOT NULL AND ${isChange}),
    ${losses(asker)}`
}

/** Whether the user `before` has another identifier of the method, or none: proving again what one has is no change. */
function isAnother({ method, identifier }: Identifier): Prisma.Sql {
  return Prisma.sql`before.${columns[method].name} IS DISTINCT FROM ${identifier}`
}

/** Whether the change was refused for its number, beside the parts of {@link changeIdentifierParts}. */
export const changeIsOver = Prisma.sql`(EXISTS (SELECT FROM before)
  AND NOT EXISTS (SELECT FROM owner) AND NOT EXISTS (SELECT FROM allowed))`

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
 * Takes an identifier off its user: one {@link RemovedRow}, without a user where it has to stay, because nothing else is proven or
 * the account has had its changes of the day.
 */
export function removeIdentifierStatement(method: Method, asker: Asker, writeEvent: WriteEvent): Prisma.Sql {
  const { name, verifiedAt } = columns[method]
  const { verifiedAt: otherVerifiedAt } = columns[other[method]]
  const isOver = Prisma.sql`(EXISTS (SELECT FROM removable) AND NOT EXISTS (SELECT FROM counted))`
  return Prisma.sql`
    WITH before AS (SELECT me.* FROM users me WHERE me.id = ${asker.userId}::uuid FOR UPDATE),
    removable AS (SELECT before.* FROM before WHERE before.${name} IS NOT NULL AND before.${otherVerifiedAt} IS NOT NULL),
    counted AS (${countChangeStatement(asker, Prisma.sql`FROM removable`)}),
    changed AS (
      UPDATE users AS u SET ${name} = NULL, ${verifiedAt} = NULL, updated_at = now() FROM removable, counted
      WHERE u.id = removable.id
      RETURNING u.*, CASE WHEN removable.${verifiedAt} IS NOT NULL THEN removable.${name} END AS lost
    ),
    lost AS (SELECT id, lost FROM changed WHERE lost IS NOT NULL),
    ${losses(asker)},
    event AS (${writeEvent(
      {
        event: Prisma.sql`CASE WHEN ${isOver} THEN 'excess_rate_limit_exceeded' ELSE 'user_updated' END`,
        userId: Prisma.sql`removable.id`,
        detail: Prisma.sql`CASE WHEN ${isOver} THEN ${`remove: changes, ${method}`} ELSE ${`${method} removed`} END`,
      },
      Prisma.sql`removable`,
    )})
    SELECT EXISTS (SELECT FROM before) AS exists,
      EXISTS (SELECT FROM before WHERE before.${name} IS NOT NULL) AS "isThere", ${userColumns}, u.locale, u.lost AS "toldTo",
      CASE WHEN ${isOver} THEN ${secondsToNextChange} END AS "changeableAfter"
    FROM (SELECT) AS always LEFT JOIN changed u ON true`
}
