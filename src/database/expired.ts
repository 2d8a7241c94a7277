// Deletes rows that have ended by themselves: for the cleanup, of every table whose rows have an end.
import { Prisma } from '../generated/prisma/client.js'
import type { Database } from './client.js'

/** Tables with a column `expires_at` that is an end for good, each with its key. */
const keys = {
  signup_tickets: 'token_hash',
  recycle_tickets: 'token_hash',
  spent_challenges: 'name',
  sessions: 'id',
  devices: 'id',
} as const

/** Deletes up to `most` rows and returns how many. Replicas share the work: rows that another one works on are skipped. */
export function deleteExpired(database: Database, table: keyof typeof keys, most: number): Promise<number> {
  const [name, key] = [Prisma.raw(table), Prisma.raw(keys[table])]
  return database.$executeRaw`
    DELETE FROM ${name} WHERE ${key} = ANY(ARRAY(
      SELECT ${key} FROM ${name} WHERE expires_at <= now() ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
