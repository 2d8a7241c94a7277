// The SQL that issues codes. Each is one statement, so that no two requests can both pass a limit that one of them uses up.
import { Prisma } from '../generated/prisma/client.js'
import type { StoredCode } from './code.js'
import { codeIs, dayIsOver, failuresAreOver, hourIsOver, keyIs, type OtpKey, type OtpSlot } from './statements.js'

export type SendLimits = Readonly<{
  /** seconds */
  timeToLive: number
  maxAttempts: number
  /** seconds before the first resend */
  resendCooldown: number
  maxSendsPerHour: number
  maxSendsPerDay: number
  maxFailuresPerDay: number
}>

/** A code to be put into the row, and the name of its send. */
export type CodeDraft = StoredCode & Readonly<{ codeId: string }>

/** The same, of an identifier. A fixed code has an end of its own, and no seed. */
export type IssueValues = Readonly<{
  identifier: string
  codeId: string
  codeHash: Uint8Array<ArrayBuffer> | null
  codeSeed: Uint8Array<ArrayBuffer> | null
  /** the moment from which the code is good for nothing, by the database's clock */
  endsAt: Date | null
}>

/** The code that the row has now, which is the draft or the one from before. */
export type IssuedRow = StoredCode & {
  /** seconds */
  expiresIn: number
  /** seconds */
  resendAfter: number
  attemptsAllowed: number
}
export type RefusedRow = { retryAfter: number }

/** Where the statement is part of a larger one. */
export type IssueSurroundings = Readonly<{
  /** a condition without which no code is made, only its traces in the counters */
  hasCode: Prisma.Sql
  /** `FROM … WHERE …` with one row, or none where nothing is to be sent */
  source: Prisma.Sql
}>

/** Where it is not. */
export const alone: IssueSurroundings = { hasCode: Prisma.sql`true`, source: Prisma.empty }

/** Seconds that the growing cooldown stops growing at. */
const longestCooldown = 300
/** Seconds after its making that no resend brings a code past (NIST SP 800-63B-4 §3.1.3.2). */
const longestLife = 600

// After a success the next send starts a new sign-in: it is no resend and waits for no cooldown, but it counts.
const isNoResend = Prisma.sql`(o.consumed_at IS NOT NULL OR ${hourIsOver})`

export const seconds = (count: number) => Prisma.sql`make_interval(secs => ${count})`

/** How a send leaves the count of wrong guesses: as it is, until its window ends. */
export const keptFailures = Prisma.sql`
  failures_started_at = CASE WHEN ${failuresAreOver} THEN NULL ELSE o.failures_started_at END,
  failures = CASE WHEN ${failuresAreOver} THEN 0 ELSE o.failures END`

/** What every kind of send tells, of the row as it is after it. */
export const codeColumns = ({ maxAttempts, maxFailuresPerDay }: SendLimits) => Prisma.sql`
  o.code_seed AS "codeSeed", o.code_hash AS "codeHash",
  floor(extract(epoch FROM o.expires_at - now()))::int AS "expiresIn",
  least(${maxAttempts} - o.attempts, ${maxFailuresPerDay} - o.failures) AS "attemptsAllowed"`

/**
 * Sends again the code that is there, or puts a new one in its place, if cooldown and budgets allow: one row
 * ({@link IssuedRow}), or none. A code that goes on keeps the guesses made at it; the count of wrong guesses stays in any case
 * (NIST SP 800-63B-4 §3.1.3.2: a new secret does not reset it). A row without a code goes on like one with a code, so that
 * nothing in the answer tells them apart.
 */
export function issueStatement(
  { identifier, codeId, codeHash, codeSeed }: IssueValues,
  { purpose, lane }: OtpSlot,
  limits: SendLimits,
  { hasCode, source }: IssueSurroundings = alone,
): Prisma.Sql {
  const { timeToLive, maxAttempts, resendCooldown, maxSendsPerHour, maxSendsPerDay, maxFailuresPerDay } = limits
  const mostCooldown = Math.max(longestCooldown, resendCooldown)
  const lastEnd = Prisma.sql`o.code_made_at + ${seconds(Math.min(longestLife, 2 * timeToLive))}`
  // Where less than half of its time would be left, whoever asks is served better by a new one.
  const goesOn = Prisma.sql`coalesce(o.consumed_at IS NULL AND o.expires_at > now() AND o.attempts < ${maxAttempts}
    AND ${lastEnd} >= now() + ${seconds(timeToLive / 2)}, false)`
  const isKept = Prisma.sql`(${goesOn} AND o.code_hash IS NOT NULL)`
  return Prisma.sql`
    INSERT INTO otps AS o (
      identifier, purpose, lane, code_id, code_hash, code_seed, code_made_at, expires_at, resend_at, hour_started_at, day_started_at
    )
    SELECT
      ${identifier}, ${purpose}::otp_purpose, ${lane}, ${codeId}::uuid,
      CASE WHEN ${hasCode} THEN ${codeHash}::bytea END, ${codeSeed}::bytea, now(),
      now() + ${seconds(timeToLive)}, now() + ${seconds(resendCooldown)}, now(), now()
    ${source}
    ON CONFLICT (identifier, purpose, lane) DO UPDATE SET
      code_id = excluded.code_id,
      code_hash = CASE WHEN ${isKept} THEN o.code_hash ELSE excluded.code_hash END,
      code_seed = CASE WHEN ${isKept} THEN o.code_seed ELSE excluded.code_seed END,
      code_made_at = CASE WHEN ${goesOn} THEN o.code_made_at ELSE now() END,
      code_sends = CASE WHEN ${goesOn} THEN o.code_sends + 1 ELSE 1 END,
      is_test = false,
      expires_at = CASE WHEN ${goesOn} THEN least(excluded.expires_at, ${lastEnd}) ELSE excluded.expires_at END,
      consumed_at = NULL,
      attempts = CASE WHEN ${goesOn} THEN o.attempts ELSE 0 END,
      resend_at = now() + make_interval(secs => least(
        ${mostCooldown}, ${resendCooldown} * CASE WHEN ${isNoResend} THEN 1 ELSE power(2, least(o.send_streak, 10)) END)),
      send_streak = CASE WHEN ${isNoResend} THEN 1 ELSE least(o.send_streak + 1, 10) END,
      hour_started_at = CASE WHEN ${hourIsOver} THEN now() ELSE o.hour_started_at END,
      hour_sends = CASE WHEN ${hourIsOver} THEN 1 ELSE o.hour_sends + 1 END,
      day_started_at = CASE WHEN ${dayIsOver} THEN now() ELSE o.day_started_at END,
      day_sends = CASE WHEN ${dayIsOver} THEN 1 ELSE o.day_sends + 1 END,
      ${keptFailures}
    WHERE (o.consumed_at IS NOT NULL OR o.resend_at <= now())
      AND (${hourIsOver} OR o.hour_sends < ${maxSendsPerHour})
      AND (${dayIsOver} OR o.day_sends < ${maxSendsPerDay})
      AND (${failuresAreOver} OR o.failures < ${maxFailuresPerDay})
    RETURNING ${codeColumns(limits)}, ceil(extract(epoch FROM greatest(
      o.resend_at,
      CASE WHEN o.hour_sends >= ${maxSendsPerHour} THEN o.hour_started_at + interval '1 hour' END,
      CASE WHEN o.day_sends >= ${maxSendsPerDay} THEN o.day_started_at + interval '24 hours' END
    ) - now()))::int AS "resendAfter"`
}

/** Puts the draft in place of the code that the send went on with, where no pepper of ours makes that one. */
export function exchangeCodeStatement(key: OtpKey, { codeId, codeHash, codeSeed }: CodeDraft): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps AS o SET code_hash = ${codeHash}, code_seed = ${codeSeed}
    WHERE ${codeIs(codeId, key)} AND o.consumed_at IS NULL`
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
