// The SQL of signing in with a code: guess, user, session, device, counts and event in one statement.
import { type AuditTrail, type EventValues, eventStatement } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import { countStatement } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import { type CountryValues, countryValues, verifiedIn } from '../limits/sms-gate.js'
import type { Guess, OtpService } from '../otp/service.js'
import type { GuessValues } from '../otp/statements.js'
import { forgetDevicesStatement } from '../sessions/devices.js'
import type { OpeningValues, SessionDraft } from '../sessions/opening.js'
import type { SessionService } from '../sessions/service.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { firstProofStatement, holds, isProven } from '../users/statements.js'
import {
  addressIsOver,
  failureEvent,
  type GuesserValues,
  type GuessRow,
  guessColumns,
  guesserValues,
  guessParts,
} from './guess-statement.js'

/** A guess and what came of it. The user is null where nobody has the identifier. */
export type SignInRow = MaybeUserRow &
  GuessRow & {
    /** false where there is no user, or a disabled one */
    opened: boolean
    /** the device was not known before */
    isNewDevice: boolean
  }

/** What decides about the text of the statement. */
export type SignInShape = Readonly<{ method: Identifier['method'] }>

/** What is sent along. Numbers have a country, addresses none. */
export type SignInValues = GuessValues & GuesserValues & OpeningValues & EventValues & Partial<CountryValues>

export type SignInParts = Readonly<{ identifier: Identifier; guess: Guess; session: SessionDraft; caller: Caller }>

export function signInValues(
  { identifier, guess, session, caller }: SignInParts,
  limits: Limits,
  audit: AuditTrail,
): SignInValues {
  return {
    ...guess.values,
    ...guesserValues(caller, limits),
    ...session.values,
    ...audit.valuesOf(caller, identifier.identifier),
    ...(identifier.method === 'phone' && countryValues(identifier.country)),
  }
}

/** What the parts of the statement are given by the rooms that own them. */
export type SignInRooms = Readonly<{
  otp: Pick<OtpService, 'composeGuess'>
  sessions: Pick<SessionService, 'statements'>
  limits: Limits
}>

/**
 * One {@link SignInRow}, whatever happens, and one event: guesses at nothing and wrong ones commit alike. The users are seen as
 * they were before the wait for the code's row: where the code was accepted and no user came back, ask again before calling the
 * identifier new. The owner's row is locked against deletion, and who proves an account that waited for its owner finds nothing
 * in it that somebody had opened before.
 */
export function signInStatement(
  { method }: SignInShape,
  values: Required<SignInValues>,
  { otp, sessions, limits }: SignInRooms,
): Prisma.Sql {
  const identifier = { method, identifier: values.identifier }
  // Proven ones alone: a claim is no right to anything, be it a device's lane.
  const owns = Prisma.sql`${holds(identifier)} AND ${isProven(method)}`
  const opening = sessions.statements(values, Prisma.sql`account`)
  return Prisma.sql`
    WITH ${guessParts({
      guesser: values,
      limits,
      ownsLane: owns,
      // A code that stands in settings and in a store's form must not open what an admin may do.
      takesTestCode: Prisma.sql`NOT EXISTS (SELECT FROM users u WHERE ${holds(identifier)} AND u.role = 'ADMIN')`,
      guess: (lane, conditions) =>
        Prisma.sql`guess AS (${otp.composeGuess(values, { purpose: 'sign_in', lane }, conditions)})`,
    })},
    owner AS (SELECT u.* FROM guess JOIN users u ON ${owns} WHERE guess.accepted FOR KEY SHARE OF u),
    first_proof AS (${firstProofStatement(identifier, Prisma.sql`FROM guess WHERE guess.accepted`)}),
    account AS (SELECT * FROM owner UNION ALL SELECT * FROM first_proof),
    ended_sessions AS (${endSessionsStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    ended_devices AS (${forgetDevicesStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    opened AS (${opening.session}),
    remembered AS (${opening.rememberDevice}),
    touched AS (${opening.touchDevice}),
    forgotten AS (${opening.forgetOldest}),
    ${
      method === 'phone'
        ? Prisma.sql`verified AS (${countStatement(
            verifiedIn(values),
            Prisma.sql`FROM guess WHERE guess.accepted AND NOT guess.is_test AND NOT EXISTS (SELECT FROM owner)`,
            values.shard,
          )}),`
        : Prisma.empty
    }
    event AS (${eventStatement(
      values,
      values.identifierHash,
      {
        event: Prisma.sql`CASE
          WHEN guess.accepted AND (EXISTS (SELECT FROM opened) OR NOT EXISTS (SELECT FROM account)) THEN 'authn_login_success'
          ELSE ${failureEvent(limits)} END`,
        userId: Prisma.sql`(SELECT id FROM account)`,
        detail: Prisma.sql`nullif(concat_ws(', ',
          CASE WHEN ${addressIsOver(limits)} THEN 'verify: address'
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM account) THEN 'newcomer'
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM opened) THEN 'disabled'
            WHEN guess.test_refused THEN 'admin' END,
          CASE WHEN guess.is_test THEN 'test identity' END), '')`,
      },
      Prisma.sql`(SELECT) AS always LEFT JOIN guess ON true`,
    )})
    SELECT ${guessColumns(limits)}, EXISTS (SELECT FROM opened) AS opened,
      EXISTS (SELECT FROM remembered) AS "isNewDevice", ${userColumns}
    FROM (SELECT) AS always LEFT JOIN guess ON true LEFT JOIN account u ON true`
}
