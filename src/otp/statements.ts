// The SQL that decides about codes. Each is one statement, so that no two requests can both pass a check that one of them
// uses up: READ COMMITTED re-checks a WHERE after the wait for a row's lock. The database's clock decides.
import { Prisma } from '../generated/prisma/client.js'
import type { OtpPurpose } from './code.js'

/** Names a row: one per identifier, purpose and lane. The lane may be SQL, where the statement itself finds it. */
export type OtpKey = Readonly<{ identifier: string; purpose: OtpPurpose; lane: string | Prisma.Sql }>

export type SendLimits = Readonly<{
  /** seconds */
  timeToLive: number
  /** seconds before the first resend */
  resendCooldown: number
  maxSendsPerHour: number
  maxSendsPerDay: number
  maxFailuresPerDay: number
}>

export type GuessLimits = Readonly<{ maxAttempts: number; maxFailuresPerDay: number }>

export type IssuedRow = { resendAfter: number }
export type RefusedRow = { retryAfter: number }

/** Seconds that the growing cooldown stops growing at. */
const longestCooldown = 300

const hourIsOver = Prisma.sql`o.hour_started_at <= now() - interval '1 hour'`
const dayIsOver = Prisma.sql`o.day_started_at <= now() - interval '24 hours'`
const failuresAreOver = Prisma.sql`(o.failures_started_at IS NULL OR o.failures_started_at <= now() - interval '24 hours')`
// After a success the next send starts a new sign-in: it is no resend and waits for no cooldown, but it counts.
const isNoResend = Prisma.sql`(o.consumed_at IS NOT NULL OR ${hourIsOver})`

function keyIs({ identifier, purpose, lane }: OtpKey): Prisma.Sql {
  return Prisma.sql`o.identifier = ${identifier} AND o.purpose = ${purpose}::otp_purpose AND o.lane = ${lane}`
}

/** The row of a code, whatever its lane: a code's id names no other. */
function codeIs(codeId: string, { identifier, purpose }: OtpKey): Prisma.Sql {
  return Prisma.sql`o.identifier = ${identifier} AND o.purpose = ${purpose}::otp_purpose AND o.code_id = ${codeId}::uuid`
}

/**
 * Puts a new code in place of the old one if cooldown and budgets allow: one row ({@link IssuedRow}), or none. The count of
 * wrong guesses stays (NIST SP 800-63B-4 §3.1.3.2: a new secret does not reset it).
 * @param codeHash null (also as SQL) makes no code, only its traces in the counters
 * @param source where the statement is part of a larger one: `FROM … WHERE …` with one row, or none where nothing is to be sent
 */
export function issueStatement(
  key: OtpKey,
  codeId: string,
  codeHash: Uint8Array<ArrayBuffer> | Prisma.Sql,
  limits: SendLimits,
  source: Prisma.Sql = Prisma.empty,
): Prisma.Sql {
  const { timeToLive, resendCooldown, maxSendsPerHour, maxSendsPerDay, maxFailuresPerDay } = limits
  const most = Math.max(longestCooldown, resendCooldown)
  return Prisma.sql`
    INSERT INTO otps AS o (
      identifier, purpose, lane, code_id, code_hash, expires_at, resend_at, hour_started_at, day_started_at
    )
    SELECT
      ${key.identifier}, ${key.purpose}::otp_purpose, ${key.lane}, ${codeId}::uuid, ${codeHash}::bytea,
      now() + make_interval(secs => ${timeToLive}), now() + make_interval(secs => ${resendCooldown}), now(), now()
    ${source}
    ON CONFLICT (identifier, purpose, lane) DO UPDATE SET
      code_id = excluded.code_id,
      code_hash = excluded.code_hash,
      expires_at = excluded.expires_at,
      consumed_at = NULL,
      attempts = 0,
      resend_at = now() + make_interval(secs => least(
        ${most}, ${resendCooldown} * CASE WHEN ${isNoResend} THEN 1 ELSE power(2, least(o.send_streak, 10)) END)),
      send_streak = CASE WHEN ${isNoResend} THEN 1 ELSE least(o.send_streak + 1, 10) END,
      hour_started_at = CASE WHEN ${hourIsOver} THEN now() ELSE o.hour_started_at END,
      hour_sends = CASE WHEN ${hourIsOver} THEN 1 ELSE o.hour_sends + 1 END,
      day_started_at = CASE WHEN ${dayIsOver} THEN now() ELSE o.day_started_at END,
      day_sends = CASE WHEN ${dayIsOver} THEN 1 ELSE o.day_sends + 1 END,
      failures_started_at = CASE WHEN ${failuresAreOver} THEN NULL ELSE o.failures_started_at END,
      failures = CASE WHEN ${failuresAreOver} THEN 0 ELSE o.failures END
    WHERE (o.consumed_at IS NOT NULL OR o.resend_at <= now())
      AND (${hourIsOver} OR o.hour_sends < ${maxSendsPerHour})
      AND (${dayIsOver} OR o.day_sends < ${maxSendsPerDay})
      AND (${failuresAreOver} OR o.failures < ${maxFailuresPerDay})
    RETURNING ceil(extract(epoch FROM greatest(
      o.resend_at,
      CASE WHEN o.hour_sends >= ${maxSendsPerHour} THEN o.hour_started_at + interval '1 hour' END,
      CASE WHEN o.day_sends >= ${maxSendsPerDay} THEN o.day_started_at + interval '24 hours' END
    ) - now()))::int AS "resendAfter"`
}

/** How many seconds a refused send has to wait: one {@link RefusedRow}; 1 where nothing holds it back any more. */
export function refusalStatement(key: OtpKey, limits: SendLimits): Prisma.Sql {
  return Prisma.sql`
    SELECT greatest(1, max(ceil(extract(epoch FROM greatest(
      CASE WHEN o.consumed_at IS NULL THEN o.resend_at END,
      CASE WHEN o.hour_sends >= ${limits.maxSendsPerHour} THEN o.hour_started_at + interval '1 hour' END,
      CASE WHEN o.day_sends >= ${limits.maxSendsPerDay} THEN o.day_started_at + interval '24 hours' END,
      CASE WHEN o.failures >= ${limits.maxFailuresPerDay} THEN o.failures_started_at + interval '24 hours' END
    ) - now()))))::int AS "retryAfter"
    FROM otps o WHERE ${keyIs(key)}`
}

/**
 * Evaluates one guess: counts it, and takes the code if it is right. One row with `accepted`, or none where there was nothing
 * to guess (never sent, used, expired, out of attempts, locked) — then nothing is counted, so that guesses at a dead code cost
 * its owner nothing. To be run alone or as the first part of a larger statement, never inside a transaction that may roll back:
 * a wrong guess must stay counted (CVE-2026-35597).
 * @param codeHashes digests that the stored one may equal; comparing keyed digests in SQL tells nothing by its time
 * @param isAllowed a condition of the statement around it
 */
export function guessStatement(
  key: OtpKey,
  codeHashes: readonly Uint8Array<ArrayBuffer>[],
  { maxAttempts, maxFailuresPerDay }: GuessLimits,
  isAllowed: Prisma.Sql = Prisma.sql`true`,
): Prisma.Sql {
  // A row without a code takes guesses like any other, and none is right.
  const isRight = Prisma.sql`coalesce(o.code_hash IN (${Prisma.join([...codeHashes])}), false)`
  return Prisma.sql`
    UPDATE otps AS o SET
      attempts = o.attempts + 1,
      consumed_at = CASE WHEN ${isRight} THEN now() END,
      code_hash = CASE WHEN ${isRight} THEN NULL ELSE o.code_hash END,
      failures_started_at = CASE WHEN NOT ${isRight} AND ${failuresAreOver} THEN now() ELSE o.failures_started_at END,
      failures = CASE WHEN ${isRight} THEN o.failures WHEN ${failuresAreOver} THEN 1 ELSE o.failures + 1 END
    WHERE ${isAllowed} AND ${keyIs(key)}
      AND o.consumed_at IS NULL
      AND o.expires_at > now()
      AND o.attempts < ${maxAttempts}
      AND (${failuresAreOver} OR o.failures < ${maxFailuresPerDay})
    RETURNING o.identifier, o.code_id, o.consumed_at IS NOT NULL AS accepted, o.failures >= ${maxFailuresPerDay} AS locked`
}

/** Gives a used code back, where what it was used for could not be done. */
export function returnCodeStatement(codeId: string, codeHash: Uint8Array<ArrayBuffer>, key: OtpKey): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET consumed_at = NULL, code_hash = ${codeHash}, attempts = greatest(o.attempts - 1, 0)
    WHERE ${codeIs(codeId, key)} AND o.consumed_at IS NOT NULL`
}

/** Takes back a send whose message was definitely refused: cooldown and counts as before it, and no code. */
export function returnSendStatement(codeId: string, key: OtpKey): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET
      code_hash = NULL,
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

/** Deletes up to `most` rows that hold neither a live code nor an open window; rows that another replica works on are skipped. */
export function deleteExpiredStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM otps WHERE ctid = ANY(ARRAY(
      SELECT o.ctid FROM otps o
      WHERE ${dayIsOver} AND ${hourIsOver} AND ${failuresAreOver} AND o.expires_at <= now() AND o.resend_at <= now()
      LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
