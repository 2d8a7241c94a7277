// The SQL of making, changing and deleting users. The rule that somebody stays admin is decided in the statement that would break
// it: admins are locked in the order of their ids, so that two of them cannot both count on the other one.
import type { WriteEvent } from '../audit/events.js'
import { userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import { voidCodesStatement } from '../otp/statements.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { nameKey } from './name.js'

export type Role = 'USER' | 'ADMIN'

export type UserDraft = Readonly<{
  id: string
  userName: string | null
  /** E.164 */
  phone: string | null
  /** canonical */
  email: string | null
  role: Role
}>

export type UserChange = Readonly<{ userName?: string; role?: Role; disabled?: boolean }>

export type EndedRow = { exists: boolean; ended: number }

export function readUserStatement(id: string): Prisma.Sql {
  return Prisma.sql`SELECT ${userColumns} FROM users u WHERE u.id = ${id}::uuid`
}

/** Makes a user whose identifiers are claims; no row comes back where somebody has one of them. */
export function createUserStatement(
  { id, userName, phone, email, role }: UserDraft,
  writeEvent: WriteEvent,
): Prisma.Sql {
  return Prisma.sql`
    WITH account AS (
      INSERT INTO users (id, user_name, name_key, phone, email, role)
      VALUES (${id}::uuid, ${userName}, ${nameKey(userName ?? '')}, ${phone}, ${email}, ${role}::role)
      ON CONFLICT DO NOTHING RETURNING *
    ),
    event AS (${writeEvent(
      { event: Prisma.sql`'user_created'`, userId: Prisma.sql`u.id`, detail: Prisma.sql`'role ' || u.role` },
      Prisma.sql`account u`,
    )})
    SELECT ${userColumns} FROM account u`
}

/** All admins, those who are disabled or never signed in too: few, and in an index of their own. */
export const adminsStatement = Prisma.sql`
  SELECT u.id, u.phone, u.email, u.disabled_at IS NOT NULL AS "isDisabled",
    u.phone_verified_at IS NOT NULL OR u.email_verified_at IS NOT NULL AS "isProven"
  FROM users u WHERE u.role = 'ADMIN' ORDER BY u.id`

export type AdminRow = {
  id: string
  phone: string | null
  email: string | null
  isDisabled: boolean
  isProven: boolean
}

/** Those who can act as admins, each locked against losing that before we are done. Sign-ins do not wait for it. */
const lockedAdmins = Prisma.sql`
  SELECT a.id FROM users a WHERE a.role = 'ADMIN' AND a.disabled_at IS NULL ORDER BY a.id FOR NO KEY UPDATE`

/** Whether the user `u` may stop being an admin. Asks for `admins` ({@link lockedAdmins}) only where `u` is one that can act. */
const isNotLastAdmin = Prisma.sql`(
  u.role <> 'ADMIN' OR u.disabled_at IS NOT NULL OR EXISTS (SELECT FROM admins other WHERE other.id <> u.id))`

/** Changes a user; no row comes back where there is none, or the last admin would go. Disabling ends every session, and so does enabling: nothing from before comes back. Who becomes an admin loses the sessions that a fixed code opened, which anybody may have typed. */
export function changeUserStatement(id: string, change: UserChange, writeEvent: WriteEvent): Prisma.Sql {
  const { userName, role, disabled } = change
  const updates = [
    ...(userName === undefined ? [] : ['user_name']),
    ...(disabled === undefined ? [] : [`disabled ${disabled}`]),
  ]
  const values = [
    Prisma.sql`updated_at = now()`,
    ...(userName === undefined ? [] : [Prisma.sql`user_name = ${userName}, name_key = ${nameKey(userName)}`]),
    ...(role === undefined ? [] : [Prisma.sql`role = ${role}::role`]),
    ...(disabled === undefined
      ? []
      : [Prisma.sql`disabled_at = CASE WHEN ${disabled} THEN coalesce(u.disabled_at, now()) END`]),
  ]
  const stopsAdmin = role === 'USER' || disabled === true
  return Prisma.sql`
    WITH before AS (SELECT u.id, u.role, u.disabled_at FROM users u WHERE u.id = ${id}::uuid),
    admins AS (${lockedAdmins}),
    changed AS (
      UPDATE users AS u SET ${Prisma.join(values)} FROM before
      WHERE u.id = before.id AND ${stopsAdmin ? isNotLastAdmin : Prisma.sql`true`}
      RETURNING u.*, before.role AS old_role, before.disabled_at AS old_disabled_at
    ),
    ended AS (${endSessionsStatement(Prisma.sql`(
      SELECT id FROM changed WHERE (disabled_at IS NULL) <> (old_disabled_at IS NULL))`)}),
    ended_of_test_codes AS (${endSessionsStatement(
      Prisma.sql`(SELECT id FROM changed WHERE role = 'ADMIN' AND old_role <> 'ADMIN')`,
      Prisma.sql`s.by_test_code`,
    )}),
    events AS (${writeEvent(
      { event: Prisma.sql`what.event`, userId: Prisma.sql`u.id`, detail: Prisma.sql`what.detail` },
      Prisma.sql`changed u, LATERAL (VALUES
        ('user_updated', ${updates.join(', ')}, ${updates.length > 0}),
        ('authz_change', u.old_role || ' to ' || u.role, u.old_role <> u.role)
      ) AS what (event, detail, has_happened) WHERE what.has_happened`,
    )})
    SELECT ${userColumns} FROM changed u`
}

/**
 * Deletes a user with all that is theirs; no row comes back where there is none, or the last admin would go. The counts of their
 * identifiers' guesses stay.
 */
export function removeUserStatement(id: string, writeEvent: WriteEvent): Prisma.Sql {
  return Prisma.sql`
    WITH admins AS (${lockedAdmins}),
    removed AS (DELETE FROM users AS u WHERE u.id = ${id}::uuid AND ${isNotLastAdmin} RETURNING u.id, u.phone, u.email),
    voided AS (${voidCodesStatement(Prisma.sql`
      SELECT unnest(ARRAY[removed.phone, removed.email]) FROM removed`)}),
    event AS (${writeEvent(
      { event: Prisma.sql`'user_deleted'`, userId: Prisma.sql`u.id`, detail: Prisma.sql`NULL` },
      Prisma.sql`removed u`,
    )})
    SELECT id FROM removed`
}

/** Ends every session of a user ({@link EndedRow}). */
export function endAllSessionsStatement(id: string, writeEvent: WriteEvent): Prisma.Sql {
  return Prisma.sql`
    WITH account AS (SELECT u.id FROM users u WHERE u.id = ${id}::uuid),
    ended AS (${endSessionsStatement(Prisma.sql`(SELECT id FROM account)`)}),
    event AS (${writeEvent(
      {
        event: Prisma.sql`'session_logout'`,
        userId: Prisma.sql`u.id`,
        detail: Prisma.sql`'all: ' || (SELECT count(*) FROM ended)`,
      },
      Prisma.sql`account u`,
    )})
    SELECT EXISTS (SELECT FROM account) AS exists, (SELECT count(*) FROM ended)::int AS ended`
}
