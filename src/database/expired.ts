// Deletes rows that have ended by themselves: for the cleanup, of every table whose rows have an end.
import { Prisma } from '../generated/prisma/client.js'
import type { Database } from './client.js'

/** Tables with a column `expires_at` that is an end for good, each with its key. */
const tables = {
  signup_tickets: { name: Prisma.sql`signup_tickets`, key: Prisma.sql`token_hash` },
  recycle_tickets: { name: Prisma.sql`recycle_tickets`, key: Prisma.sql`token_hash` },
  exchange_codes: { name: Prisma.sql`exchange_codes`, key: Prisma.sql`token_hash` },
  spent_challenges: { name: Prisma.sql`spent_challenges`, key: Prisma.sql`name` },
  passkey_challenges: { name: Prisma.sql`passkey_challenges`, key: Prisma.sql`challenge_hash` },
  sessions: { name: Prisma.sql`sessions`, key: Prisma.sql`id` },
  devices: { name: Prisma.sql`devices`, key: Prisma.sql`id` },
  api_keys: { name: Prisma.sql`api_keys`, key: Prisma.sql`id` },
}

/** Deletes up to `most` rows and returns how many. Replicas share the work: rows that another one works on are skipped. */
export function deleteExpired(database: Database, table: keyof typeof tables, most: number): Promise<number> {
  const { name, key } = tables[table]
  return database.$executeRaw`
    DELETE FROM ${name} WHERE ${key} = ANY(ARRAY(
      SELECT ${key} FROM ${name} WHERE expires_at <= now() ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
