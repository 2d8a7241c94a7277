// The locks behind which users and admins act: rows of users in the order of their ids, then the session that asks.
import { longestSession } from '../config/session-settings.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Asker } from '../sessions/asker.js'

/** A user as it stays until the transaction ends. */
export type LockedUser = {
  id: string
  /** E.164 */
  phone: string | null
  email: string | null
  role: 'USER' | 'ADMIN'
  disabledAt: Date | null
}

/**
 * Locks users ({@link LockedUser}) and shows them as they are after the wait; who is gone is left out. Whoever signs in as one of
 * them waits for it.
 * @param withAdmins also everybody who can act as an admin: two of whom one is to go cannot both count on the other one
 */
export function lockUsersStatement(ids: readonly string[], withAdmins: boolean): Prisma.Sql {
  const admins = withAdmins ? Prisma.sql`OR (u.role = 'ADMIN' AND u.disabled_at IS NULL)` : Prisma.empty
  return Prisma.sql`
    SELECT u.id, u.phone, u.email, u.role::text AS role, u.disabled_at AS "disabledAt"
    FROM users u WHERE u.id = ANY(${ids}::uuid[]) ${admins} ORDER BY u.id FOR NO KEY UPDATE`
}

/** The time of the transaction, and the session that acts: its id is null where it is over. */
export type LockedSession = { now: Date; sessionId: string | null; deviceId: string | null }

/** Keeps the session that asks from ending before the transaction does ({@link LockedSession}). That it is in use can be noted. */
export function lockSessionStatement(asker: Asker | null): Prisma.Sql {
  return Prisma.sql`
    SELECT now() AS now, own.id AS "sessionId", own.device_id AS "deviceId"
    FROM (SELECT) AS always LEFT JOIN (
      SELECT s.id, s.device_id FROM sessions s
      WHERE s.id = ${asker?.sessionId ?? null}::uuid AND s.user_id = ${asker?.userId ?? null}::uuid
        AND s.expires_at > clock_timestamp() AND s.created_at > clock_timestamp() - make_interval(secs => ${longestSession})
      FOR KEY SHARE
    ) AS own ON true`
}
