// The SQL of sending: every limit asked, the code issued, the cost counted and the event written, in one statement, so that no
// two requests can both pass a limit that one of them uses up.
import { eventStatement } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import { channelOf, type Identifier } from '../identifiers/parser.js'
import { countOf, countStatement, secondsLeft } from '../limits/counters.js'
import { addressCounters, type Limits, windows } from '../limits/service.js'
import { closedFor, smsGateStatement, spendSmsStatement } from '../limits/sms-gate.js'
import type { OtpPurpose } from '../otp/code.js'
import type { IssuedRow } from '../otp/issue-statements.js'
import type { OtpService } from '../otp/service.js'
import { knownDeviceStatement } from '../sessions/devices.js'
import { holds, isLedInBy, isProven } from '../users/statements.js'
import type { SendShape, SendValues } from './send-values.js'

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
  /** the country is to be closed */
  countryTripped: boolean
  /** a message may go out for it */
  isPaid: boolean
} & (IssuedRow | NothingIssued)

type NothingIssued = { [Column in keyof IssuedRow]: null }

/** A condition on the user `u` whose devices have lanes of their own at an identifier: its owner; a new identifier has none yet. */
export function ownsLane(identifier: Pick<Identifier, 'method' | 'identifier'>, purpose: OtpPurpose): Prisma.Sql {
  if (purpose === 'change_identifier') return Prisma.sql`false`
  // Proven ones alone: a claim is no right to anything, be it a device's lane.
  return Prisma.sql`${holds(identifier)} AND ${isProven(identifier.method)}`
}

/** No limit on what costs nothing. */
const freeOfCharge = Prisma.sql`
  SELECT false AS hour_is_over, false AS day_is_over, false AS country_is_closed, false AS country_trips, 0 AS closed_for`

/** Who gets the message, as far as is known: whoever asks, else the identifier's account. */
const readerOf = (purpose: OtpPurpose) => (purpose === 'sign_in' ? Prisma.sql`account` : Prisma.sql`reader`)

/** What the parts of the statement are given by the rooms that own them. */
export type SendRooms = Readonly<{ otp: Pick<OtpService, 'composeIssue'>; limits: Pick<Limits, 'settings'> }>

/** One {@link SendRow}, whatever happens. */
export function sendStatement(shape: SendShape, values: Required<SendValues>, { otp, limits }: SendRooms): Prisma.Sql {
  const { method, purpose, hasDevice, isLogin, isTest } = shape
  const { settings } = limits
  const identifier = { method, identifier: values.identifier }
  const forWhat = purpose === 'sign_in' ? '' : `, ${purpose}`
  // The code of a test identity is not sent, and costs nothing.
  const isPaidFor = method === 'phone' && !isTest
  const sends = addressCounters.sends(values.sendsKey)
  const unknown = addressCounters.unknown(values.unknownKey)
  const inLane = hasDevice ? Prisma.sql`EXISTS (SELECT FROM known_device)` : Prisma.sql`false`
  const unknownIsOver = Prisma.sql`coalesce((SELECT count FROM unknown), ${countOf(unknown)}) > ${settings.ipUnknownPerHour}`
  const isHidden = isLogin
    ? Prisma.sql`(${settings.disclosure === 'strict'} OR NOT ${inLane} AND ${unknownIsOver})`
    : Prisma.sql`false`
  return Prisma.sql`
    WITH ${
      hasDevice
        ? Prisma.sql`known_device AS (${knownDeviceStatement(values.deviceHash, ownsLane(identifier, purpose))}),`
        : Prisma.empty
    }
    account AS (
      SELECT u.id, u.locale, coalesce(${isProven(method)}, false) AS is_proven
      FROM (SELECT) AS always LEFT JOIN users u ON ${isLedInBy(identifier)}
    ),
    ${
      purpose === 'sign_in'
        ? Prisma.empty
        : Prisma.sql`reader AS (SELECT id, locale FROM users WHERE id = ${values.askerId}::uuid),`
    }
    by_address AS (${countStatement(sends, Prisma.sql`WHERE NOT ${inLane}`)}),
    ${
      isLogin
        ? Prisma.sql`unknown AS (${countStatement(
            unknown,
            Prisma.sql`FROM account WHERE NOT ${inLane} AND account.id IS NULL
              AND (SELECT count FROM by_address) <= ${settings.ipSendPerHour}`,
          )}),`
        : Prisma.empty
    }
    facts AS MATERIALIZED (
      SELECT ${hasDevice ? Prisma.sql`coalesce((SELECT id::text FROM known_device), '')` : Prisma.sql`''`} AS lane,
        account.id IS NOT NULL AS is_known, account.is_proven, sms.*, ${isHidden} AS is_hidden,
        coalesce((SELECT count FROM by_address), 0) > ${settings.ipSendPerHour} AS address_is_over
      FROM account, LATERAL (${isPaidFor ? smsGateStatement(values, settings) : freeOfCharge}) AS sms
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
    issued AS (${otp.composeIssue(
      values,
      { purpose, lane: Prisma.sql`verdict.lane`, isTest },
      {
        hasCode: Prisma.sql`verdict.has_code`,
        source: Prisma.sql`FROM verdict WHERE verdict.refused_by IS NULL AND verdict.is_wanted`,
      },
    )}),
    paid AS (SELECT verdict.is_proven AS is_known FROM issued, verdict WHERE verdict.has_code AND verdict.is_affordable),
    ${isPaidFor ? Prisma.sql`spent AS (${spendSmsStatement(values, values.shard, Prisma.sql`paid`)}),` : Prisma.empty}
    event AS (${eventStatement(
      values,
      values.identifierHash,
      {
        event: Prisma.sql`CASE WHEN issued."resendAfter" IS NOT NULL THEN 'authn_token_created'
          WHEN verdict.refused_by IS NULL AND NOT verdict.is_wanted THEN 'authn_login_fail'
          ELSE 'excess_rate_limit_exceeded' END`,
        userId: Prisma.sql`(SELECT id FROM ${readerOf(purpose)})`,
        detail: Prisma.sql`CASE WHEN issued."resendAfter" IS NOT NULL THEN ${`otp ${channelOf({ method })}`}
          WHEN verdict.refused_by IS NULL AND NOT verdict.is_wanted THEN 'unknown account'
          ELSE 'send: ' || coalesce(verdict.refused_by, 'identifier') END || ${isTest ? ', test identity' : forWhat}`,
      },
      Prisma.sql`verdict LEFT JOIN issued ON true`,
    )})
    SELECT verdict.lane, verdict.is_wanted AS "isWanted", (SELECT locale FROM ${readerOf(purpose)}), verdict.is_hidden AS "isHidden",
      verdict.refused_by AS "refusedBy",
      CASE verdict.refused_by
        WHEN 'address' THEN ${secondsLeft(windows.hour)}
        WHEN 'budget' THEN CASE WHEN verdict.day_is_over THEN ${secondsLeft(windows.day)} ELSE ${secondsLeft(windows.hour)} END
        WHEN 'country' THEN CASE WHEN verdict.country_trips THEN ${closedFor}::int ELSE greatest(1, verdict.closed_for) END
      END AS "retryAfter",
      verdict.country_trips AS "countryTripped", EXISTS (SELECT FROM paid) AS "isPaid", issued.*
    FROM verdict LEFT JOIN issued ON true`
}
