// Deletes solutions that have ended by themselves, and need not be known as spent any more.
import type { Database } from '../../database/client.js'

/** Deletes up to `most` rows and returns how many it deleted. Safe to run on many replicas at once. */
export function deleteSpentChallenges(database: Database, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM spent_challenges WHERE name = ANY(ARRAY(
      SELECT name FROM spent_challenges WHERE expires_at <= now() ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
