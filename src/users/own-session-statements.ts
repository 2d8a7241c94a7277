// The SQL of ending one's own sessions. A device goes with the session that was opened on it: whoever signs a lost phone out does
// not want it to keep its lane. Never the device of the session that asks.
import type { WriteEvent } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Asker } from '../sessions/asker.js'
import { forgetDevicesStatement } from '../sessions/devices.js'
import { deviceOfSession, endSessionsStatement } from '../sessions/statements.js'

/** Whether the device `d` is another one than that of the session that asks, which may have none any more. */
const isElsewhere = ({ sessionId }: Asker) => Prisma.sql`d.id IS DISTINCT FROM ${deviceOfSession(sessionId)}`

/** Ends one session; no row comes back where the user has none of this id. */
export function endOneStatement(id: string, asker: Asker, writeEvent: WriteEvent): Prisma.Sql {
  const user = Prisma.sql`${asker.userId}::uuid`
  const wasUsed = Prisma.sql`d.id IN (SELECT device_id FROM ended) AND ${isElsewhere(asker)}`
  return Prisma.sql`
    WITH ended AS (${endSessionsStatement(user, Prisma.sql`s.id = ${id}::uuid`)}),
    forgotten AS (${forgetDevicesStatement(user, wasUsed)}),
    event AS (${writeEvent(
      {
        event: Prisma.sql`'session_logout'`,
        userId: user,
        detail: Prisma.sql`'one of the list'`,
      },
      Prisma.sql`ended`,
    )})
    SELECT id FROM ended`
}

/** Ends every session but the one that asks, and every device but its own; one row tells how many sessions there were. */
export function endOthersStatement(asker: Asker, writeEvent: WriteEvent): Prisma.Sql {
  const user = Prisma.sql`${asker.userId}::uuid`
  return Prisma.sql`
    WITH ended AS (${endSessionsStatement(user, Prisma.sql`s.id <> ${asker.sessionId}::uuid`)}),
    forgotten AS (${forgetDevicesStatement(user, isElsewhere(asker))}),
    event AS (${writeEvent(
      {
        event: Prisma.sql`'session_logout'`,
        userId: user,
        detail: Prisma.sql`'others: ' || (SELECT count(*) FROM ended)`,
      },
      Prisma.sql`(SELECT) AS always`,
    )})
    SELECT count(*)::int AS ended FROM ended`
}
