// The SQL of sending: every limit asked, the code issued, the cost counted and the event written, in one statement, so that no
// two requests can both pass a limit that one of them uses up.
import type { AuditTrail } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import { anyShard, countOf, countStatement, secondsLeft } from '../limits/counters.js'
import { type Limits, windows } from '../limits/service.js'
import { closeCountryStatement, closedFor, smsGateStatement, spendSmsStatement } from '../limits/sms-gate.js'
import type { OtpPurpose } from '../otp/code.js'
import type { Issue } from '../otp/issue.js'
import type { IssuedRow } from '../otp/issue-statements.js'
import { knownDeviceStatement } from '../sessions/devices.js'
import { holds, isLedInBy, isProven } from '../users/statements.js'

/** The limits that lie around the identifier's own. */
export type RefusedBy = 'address' | 'budget' | 'country'

export type SendRow = {
  lane: string
  /** a code may go there, or the answer must not tell that none does */
  isWanted: boolean
  /** of whoever reads the message (BCP 47); null where none is known */
  locale: string | null
  /** the answer must not tell which */
  isHidden: boolean
  refusedBy: RefusedBy | null
  /** seconds, where refused by one of these */
  retryAfter: number | null
  /** this request closed the country */
  countryTripped: boolean
  /** a message may go out for it */
  isPaid: boolean
} & (IssuedRow | NothingIssued)

type NothingIssued = { [Column in keyof IssuedRow]: null }

/** Somebody signed in, and the session in which they ask. */
export type Asker = Readonly<{ userId: string; sessionId: string }>

/** What a code is for. */
export type CodeUse = Readonly<
  | {
      purpose: 'sign_in'
      /** whether an unknown identifier is to be told, or hidden, instead of getting a code */
      mode: 'any' | 'login'
    }
  | { purpose: 'step_up' | 'change_identifier'; asker: Asker }
>

export type SendParts = Readonly<{
  identifier: Identifier
  issue: Issue
  caller: Caller
  limits: Limits
  audit: AuditTrail
  use: CodeUse
}>

/** A condition on the user `u` whose devices have lanes of their own at an identifier: its owner; a new identifier has none yet. */
export function ownsLane(identifier: Identifier, purpose: OtpPurpose): Prisma.Sql {
  if (purpose === 'change_identifier') return Prisma.sql`false`
  // Proven ones alone: a claim is no right to anything, be it a device's lane.
  return Prisma.sql`${holds(identifier)} AND ${isProven(identifier.method)}`
}

/** No limit on what costs nothing. */
const freeOfCharge = Prisma.sql`
  SELECT false AS hour_is_over, false AS day_is_over, false AS country_is_closed, false AS country_trips, 0 AS closed_for`

/** Who gets the message, as far as is known: whoever asks, else the identifier's account. */
function readerOf(use: CodeUse): Prisma.Sql {
  return use.purpose === 'sign_in'
    ? Prisma.sql`SELECT id, locale FROM account`
    : Prisma.sql`SELECT id, locale FROM users WHERE id = ${use.asker.userId}::uuid`
}

/** One {@link SendRow}, whatever happens. */
export function sendStatement({ identifier, issue, caller, limits, audit, use }: SendParts): Prisma.Sql {
  const { settings } = limits
  const proven = isProven(identifier.method)
  const isLogin = use.purpose === 'sign_in' && use.mode === 'login'
  const forWhat = use.purpose === 'sign_in' ? '' : `, ${use.purpose}`
  // The code of a test identity is not sent, and costs nothing.
  const country = identifier.method === 'phone' && !issue.isTest ? identifier.country : null
  const sends = limits.sendsOf(caller.address)
  const unknown = limits.unknownOf(caller.address)
  const inLane = Prisma.sql`lane.name <> ''`
  return Prisma.sql`
    WITH known_device AS (${knownDeviceStatement(caller.deviceToken, ownsLane(identifier, use.purpose))}),
    lane AS (SELECT coalesce((SELECT id::text FROM known_device), '') AS name),
    account AS (SELECT u.id, u.locale, ${proven} AS is_proven FROM users u WHERE ${isLedInBy(identifier)}),
    reader AS (${readerOf(use)}),
    by_address AS (${countStatement(sends, Prisma.sql`FROM lane WHERE NOT ${inLane}`)}),
    unknown AS (${countStatement(
      unknown,
      Prisma.sql`FROM lane WHERE ${isLogin} AND NOT ${inLane} AND NOT EXISTS (SELECT FROM account)
        AND (SELECT count FROM by_address) <= ${settings.ipSendPerHour}`,
    )}),
    sms AS (${country === null ? freeOfCharge : smsGateStatement(country, settings)}),
    facts AS (
      SELECT lane.name AS lane, EXISTS (SELECT FROM account) AS is_known,
        EXISTS (SELECT FROM account WHERE is_proven) AS is_proven, sms.*,
        coalesce((SELECT count FROM by_address), 0) > ${settings.ipSendPerHour} AS address_is_over,
        ${isLogin} AND (
          ${settings.disclosure === 'strict'}
          OR NOT ${inLane} AND coalesce((SELECT count FROM unknown), ${countOf(unknown)}) > ${settings.ipUnknownPerHour}
        ) AS is_hidden
      FROM lane, sms
    ),
    verdict AS (
      SELECT facts.*, ${!isLogin} OR facts.is_known AS has_code,
        ${!isLogin} OR facts.is_known OR facts.is_hidden AS is_wanted,
        NOT (facts.hour_is_over OR facts.day_is_over OR facts.country_is_closed OR facts.country_trips) AS is_affordable,
        CASE
          WHEN facts.address_is_over THEN 'address'
          WHEN facts.is_hidden OR ${isLogin} AND NOT facts.is_known THEN NULL
          WHEN facts.hour_is_over OR facts.day_is_over THEN 'budget'
          WHEN facts.country_is_closed OR facts.country_trips THEN 'country'
        END AS refused_by
      FROM facts
    ),
    issued AS (${issue.statement(Prisma.sql`verdict.lane`, {
      hasCode: Prisma.sql`verdict.has_code`,
      source: Prisma.sql`FROM verdict WHERE verdict.refused_by IS NULL AND verdict.is_wanted`,
    })}),
    paid AS (SELECT verdict.is_proven AS is_known FROM issued, verdict WHERE verdict.has_code AND verdict.is_affordable),
    ${
      country === null
        ? Prisma.empty
        : Prisma.sql`closed AS (${closeCountryStatement(country)}),
          spent AS (${spendSmsStatement(country, anyShard(), Prisma.sql`paid`)}),`
    }
    event AS (${audit.statement(
      caller,
      identifier.identifier,
      {
        event: Prisma.sql`CASE WHEN issued."resendAfter" IS NOT NULL THEN 'authn_token_created'
          WHEN verdict.refused_by IS NULL AND NOT verdict.is_wanted THEN 'authn_login_fail'
          ELSE 'excess_rate_limit_exceeded' END`,
        userId: Prisma.sql`(SELECT id FROM reader)`,
        detail: Prisma.sql`CASE WHEN issued."resendAfter" IS NOT NULL THEN ${`otp ${channelOf(identifier)}`}
          WHEN verdict.refused_by IS NULL AND NOT verdict.is_wanted THEN 'unknown account'
          ELSE 'send: ' || coalesce(verdict.refused_by, 'identifier') END || ${issue.isTest ? ', test identity' : forWhat}`,
      },
      Prisma.sql`verdict LEFT JOIN issued ON true`,
    )})
    SELECT verdict.lane, verdict.is_wanted AS "isWanted", (SELECT locale FROM reader), verdict.is_hidden AS "isHidden", verdict.refused_by AS "refusedBy",
      CASE verdict.refused_by
        WHEN 'address' THEN ${secondsLeft(windows.hour)}
        WHEN 'budget' THEN CASE WHEN verdict.day_is_over THEN ${secondsLeft(windows.day)} ELSE ${secondsLeft(windows.hour)} END
        WHEN 'country' THEN CASE WHEN verdict.country_trips THEN ${closedFor}::int ELSE greatest(1, verdict.closed_for) END
      END AS "retryAfter",
      verdict.country_trips AS "countryTripped", EXISTS (SELECT FROM paid) AS "isPaid", issued.*
    FROM verdict LEFT JOIN issued ON true`
}
