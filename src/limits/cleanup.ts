// Deletes what was counted of identifiers, once all its windows are over.
import type { Database } from '../database/client.js'

/** Deletes up to `most` rows and returns how many it deleted; rows that another replica works on are skipped. */
export function deleteExpiredLimits(database: Database, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM identifier_limits WHERE ctid = ANY(ARRAY(
      SELECT l.ctid FROM identifier_limits l
      WHERE l.day_started_at <= now() - interval '24 hours' AND l.hour_started_at <= now() - interval '1 hour'
        AND (l.trusted_started_at IS NULL OR l.trusted_started_at <= now() - interval '24 hours')
        AND (l.refused_started_at IS NULL OR l.refused_started_at <= now() - interval '1 hour')
        AND (l.counted_at IS NULL OR l.counted_at <= now() - interval '1 hour')
      ORDER BY l.day_started_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
