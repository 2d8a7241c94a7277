// The SQL that issues the fixed code of a test identity: no cooldown and no count of sends, but the same budgets of guesses.
import { Prisma } from '../generated/prisma/client.js'
import {
  alone,
  codeColumns,
  type IssueSurroundings,
  type IssueValues,
  keptFailures,
  type RefusedRow,
  type SendLimits,
  seconds,
} from './issue-statements.js'
import { failuresAreOver, keyIs, type OtpKey, type OtpSlot } from './statements.js'

/** Puts the fixed code into the row, unless that is locked: one `IssuedRow` without a seed, or none. */
export function testIssueStatement(
  { identifier, codeId, codeHash, endsAt }: IssueValues,
  { purpose, lane }: OtpSlot,
  limits: SendLimits,
  { hasCode, source }: IssueSurroundings = alone,
): Prisma.Sql {
  const { timeToLive, maxAttempts, maxFailuresPerDay } = limits
  const goesOn = Prisma.sql`
    o.is_test AND o.consumed_at IS NULL AND o.expires_at > now() AND o.attempts < ${maxAttempts}`
  return Prisma.sql`
    INSERT INTO otps AS o (
      identifier, purpose, lane, code_id, code_hash, is_test, expires_at, resend_at,
      hour_started_at, hour_sends, day_started_at, day_sends
    )
    SELECT
      ${identifier}, ${purpose}::otp_purpose, ${lane}, ${codeId}::uuid,
      CASE WHEN ${hasCode} THEN ${codeHash}::bytea END, true,
      least(now() + ${seconds(timeToLive)}, ${endsAt}::timestamptz), now(), now(), 0, now(), 0
    ${source}
    ON CONFLICT (identifier, purpose, lane) DO UPDATE SET
      code_id = excluded.code_id,
      code_hash = excluded.code_hash,
      code_seed = NULL,
      code_made_at = NULL,
      code_sends = 1,
      is_test = true,
      expires_at = excluded.expires_at,
      consumed_at = NULL,
      attempts = CASE WHEN ${goesOn} THEN o.attempts ELSE 0 END,
      ${keptFailures}
    WHERE ${failuresAreOver} OR o.failures < ${maxFailuresPerDay}
    RETURNING ${codeColumns(limits)}, 0 AS "resendAfter"`
}

/** How many seconds a locked test identity has to wait: one {@link RefusedRow}. */
export function testRefusalStatement(key: OtpKey): Prisma.Sql {
  return Prisma.sql`
    SELECT greatest(1, max(ceil(extract(epoch FROM o.failures_started_at + interval '24 hours' - now()))))::int
      AS "retryAfter"
    FROM otps o WHERE ${keyIs(key)}`
}
