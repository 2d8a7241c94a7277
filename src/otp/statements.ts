// What happens to a code outside the decisions of prisma/functions. The database's clock decides.

import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'
import type { CodeDraft } from './issue.js'

/** A send: its id names no other, whatever lane it is in. */
type Sent = Pick<CodeDraft, 'identifier' | 'purpose' | 'codeId'>

function codeIs({ identifier, purpose, codeId }: Sent): Prisma.Sql {
  return Prisma.sql`o.identifier = ${identifier} AND o.purpose = ${purpose}::otp_purpose AND o.code_id = ${codeId}::uuid`
}

/** Puts the draft in place of the code that the send went on with, where no pepper of ours makes that one. */
export function exchangeCodeStatement(draft: CodeDraft): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET code_hash = ${draft.codeHash}, code_seed = ${draft.codeSeed}
    WHERE ${codeIs(draft)} AND o.consumed_at IS NULL`
}

/**
 * Makes the codes useless that only a signed-in user could have asked for, of the identifiers in `source` (a query of one
 * column, whose collation may be another one than the index has). The rows stay, and with them the counts: an account that comes back finds no guess forgotten.
 */
export function voidCodesStatement(source: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET code_hash = NULL
    WHERE o.purpose <> 'sign_in' AND o.code_hash IS NOT NULL
      AND o.identifier = ANY(ARRAY(${source}) COLLATE "default")`
}

/** Deletes up to `most` rows that hold neither a live code nor an open window; rows that another replica works on are skipped. */
export function deleteExpiredStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM otps WHERE ctid = ANY(ARRAY(
      SELECT o.ctid FROM otps o
      WHERE o.day_started_at <= now() - interval '24 hours' AND o.hour_started_at <= now() - interval '1 hour'
        AND (o.failures_started_at IS NULL OR o.failures_started_at <= now() - interval '24 hours') AND o.expires_at <= now() AND o.resend_at <= now()
      ORDER BY o.day_started_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}

// Deletes codes that are over. A row whose window is open stays: deleting it would reset a guess budget.

/** Deletes up to `most` rows and returns how many it deleted. Safe to run on many replicas at once. */
export function deleteExpiredCodes(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredStatement(most))
}
