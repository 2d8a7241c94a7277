// The SQL that decides about codes that are there. Each is one statement, so that no two requests can both pass a check that one
// of them uses up: READ COMMITTED re-checks a WHERE after the wait for a row's lock. The database's clock decides.
import { Prisma } from '../generated/prisma/client.js'
import type { OtpPurpose } from './code.js'

/** Which of the rows of an identifier: one per purpose and lane. The lane may be SQL, where the statement itself finds it. */
export type OtpSlot = Readonly<{ purpose: OtpPurpose; lane: string | Prisma.Sql }>

/** Names a row. */
export type OtpKey = OtpSlot & Readonly<{ identifier: string }>

export type GuessLimits = Readonly<{ maxAttempts: number; maxFailuresPerDay: number }>

/** Conditions of the statement around a guess. */
export type GuessConditions = Readonly<{
  /** whether guesses are evaluated at all */
  isAllowed: Prisma.Sql
  /** whether a fixed code is right where it fits */
  takesTestCode: Prisma.Sql
}>

const unconditional: GuessConditions = { isAllowed: Prisma.sql`true`, takesTestCode: Prisma.sql`false` }

export const hourIsOver = Prisma.sql`o.hour_started_at <= now() - interval '1 hour'`
export const dayIsOver = Prisma.sql`o.day_started_at <= now() - interval '24 hours'`
export const failuresAreOver = Prisma.sql`(o.failures_started_at IS NULL OR o.failures_started_at <= now() - interval '24 hours')`

export function keyIs({ identifier, purpose, lane }: OtpKey): Prisma.Sql {
  return Prisma.sql`o.identifier = ${identifier} AND o.purpose = ${purpose}::otp_purpose AND o.lane = ${lane}`
}

/** The row of a send, whatever its lane: its id names no other. */
export function codeIs(codeId: string, { identifier, purpose }: OtpKey): Prisma.Sql {
  return Prisma.sql`o.identifier = ${identifier} AND o.purpose = ${purpose}::otp_purpose AND o.code_id = ${codeId}::uuid`
}

/** A guess, as digests that the stored one may equal: under the pepper, and under the previous one while it is being replaced. */
export type GuessValues = Readonly<{
  identifier: string
  codeHash: Uint8Array<ArrayBuffer>
  previousCodeHash: Uint8Array<ArrayBuffer> | null
}>

/**
 * Evaluates one guess: counts it, and takes the code if it is right. One row with `accepted`, or none where there was nothing
 * to guess (never sent, used, expired, out of attempts, locked) — then nothing is counted, so that guesses at a dead code cost
 * its owner nothing. To be run alone or as the first part of a larger statement, never inside a transaction that may roll back:
 * a wrong guess must stay counted (CVE-2026-35597).
 * Comparing keyed digests in SQL tells nothing by its time.
 */
export function guessStatement(
  { identifier, codeHash, previousCodeHash }: GuessValues,
  { purpose, lane }: OtpSlot,
  { maxAttempts, maxFailuresPerDay }: GuessLimits,
  { isAllowed, takesTestCode }: GuessConditions = unconditional,
): Prisma.Sql {
  // A row without a code takes guesses like any other, and none is right.
  const fits = Prisma.sql`coalesce(o.code_hash IN (${codeHash}, ${previousCodeHash}), false)`
  const isRight = Prisma.sql`(${fits} AND (NOT o.is_test OR ${takesTestCode}))`
  return Prisma.sql`
    UPDATE otps AS o SET
      attempts = o.attempts + 1,
      consumed_at = CASE WHEN ${isRight} THEN now() END,
      code_hash = CASE WHEN ${isRight} THEN NULL ELSE o.code_hash END,
      code_seed = CASE WHEN ${isRight} THEN NULL ELSE o.code_seed END,
      code_made_at = CASE WHEN ${isRight} THEN NULL ELSE o.code_made_at END,
      failures_started_at = CASE WHEN NOT ${isRight} AND ${failuresAreOver} THEN now() ELSE o.failures_started_at END,
      failures = CASE WHEN ${isRight} THEN o.failures WHEN ${failuresAreOver} THEN 1 ELSE o.failures + 1 END
    WHERE ${isAllowed} AND ${keyIs({ identifier, purpose, lane })}
      AND o.consumed_at IS NULL
      AND o.expires_at > now()
      AND o.attempts < ${maxAttempts}
      AND (${failuresAreOver} OR o.failures < ${maxFailuresPerDay})
    RETURNING o.identifier, o.code_id, o.consumed_at IS NOT NULL AS accepted, o.failures >= ${maxFailuresPerDay} AS locked,
      o.is_test, ${fits} AS test_refused`
}

/** Gives a used code back, where what it was used for could not be done. It is not sent again: what made it is erased. */
export function returnCodeStatement(codeId: string, codeHash: Uint8Array<ArrayBuffer>, key: OtpKey): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET consumed_at = NULL, code_hash = ${codeHash}, attempts = greatest(o.attempts - 1, 0)
    WHERE ${codeIs(codeId, key)} AND o.consumed_at IS NOT NULL`
}

/**
 * Takes back a send whose message was definitely refused: cooldown and counts as before it, and no code unless an earlier
 * message carries the same one. The send is forgotten, so that a second report on it changes nothing.
 */
export function returnSendStatement(codeId: string, key: OtpKey): Prisma.Sql {
  const isCarried = Prisma.sql`o.code_sends > 1`
  return Prisma.sql`
    UPDATE otps AS o SET
      code_id = gen_random_uuid(),
      code_hash = CASE WHEN ${isCarried} THEN o.code_hash END,
      code_seed = CASE WHEN ${isCarried} THEN o.code_seed END,
      code_made_at = CASE WHEN ${isCarried} THEN o.code_made_at END,
      code_sends = greatest(o.code_sends - 1, 0),
      resend_at = now(),
      send_streak = greatest(o.send_streak - 1, 0),
      hour_sends = greatest(o.hour_sends - 1, 0),
      day_sends = greatest(o.day_sends - 1, 0)
    WHERE ${codeIs(codeId, key)} AND o.consumed_at IS NULL`
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

/**
 * The identifier that the last live code of a purpose went to, in a lane: one row of `identifier`, or none.
 * @param isCandidate a condition on the row `o`
 */
export function lastSentStatement(purpose: OtpPurpose, lane: Prisma.Sql, isCandidate: Prisma.Sql): Prisma.Sql {
  // Ids of sends are UUIDv7, which sort by time.
  return Prisma.sql`
    SELECT o.identifier FROM otps o
    WHERE o.purpose = ${purpose}::otp_purpose AND o.lane = ${lane} AND (${isCandidate})
      AND o.code_hash IS NOT NULL AND o.expires_at > now()
    ORDER BY o.code_id DESC LIMIT 1`
}

/** Deletes up to `most` rows that hold neither a live code nor an open window; rows that another replica works on are skipped. */
export function deleteExpiredStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM otps WHERE ctid = ANY(ARRAY(
      SELECT o.ctid FROM otps o
      WHERE ${dayIsOver} AND ${hourIsOver} AND ${failuresAreOver} AND o.expires_at <= now() AND o.resend_at <= now()
      ORDER BY o.day_started_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
