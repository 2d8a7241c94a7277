// Deletes codes that are over. A row whose window is open stays: deleting it would reset a guess budget.
import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'

/** Deletes up to `most` rows that hold neither a live code nor an open window; rows that another replica works on are skipped. */
export function deleteExpiredStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM otps WHERE ctid = ANY(ARRAY(
      SELECT o.ctid FROM otps o
      WHERE o.day_started_at <= now() - interval '24 hours' AND o.hour_started_at <= now() - interval '1 hour'
        AND (o.failures_started_at IS NULL OR o.failures_started_at <= now() - interval '24 hours') AND o.expires_at <= now() AND o.resend_at <= now()
      ORDER BY o.day_started_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}

/** Deletes up to `most` rows and returns how many it deleted. Safe to run on many replicas at once. */
export function deleteExpiredCodes(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredStatement(most))
}
