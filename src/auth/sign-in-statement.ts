// The SQL of signing in with a code: guess, user, session, device, counts and event in one statement.
import { eventStatement } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import { countStatement } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import { verifiedIn } from '../limits/sms-gate.js'
import type { OtpService } from '../otp/service.js'
import { forgetDevicesStatement } from '../sessions/devices.js'
import type { SessionService } from '../sessions/service.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { firstProofStatement, holds, insertUserStatement, isProven } from '../users/statements.js'
import { addressIsOver, failureEvent, type GuessRow, guessColumns, guessParts } from './guess-statement.js'
import type { SignInShape, SignInValues } from './sign-in-values.js'

/** A guess and what came of it. The user is null where nobody has the identifier. */
export type SignInRow = MaybeUserRow &
  GuessRow & {
    /** false where there is no user, or a disabled one */
    opened: boolean
    /** the device was not known before */
    isNewDevice: boolean
    /** the user was made now */
    isNewUser: boolean
  }

/** What the parts of the statement are given by the rooms that own them. */
export type SignInRooms = Readonly<{
  otp: Pick<OtpService, 'composeGuess'>
  sessions: Pick<SessionService, 'statements'>
  limits: Limits
}>

/**
 * One {@link SignInRow}, whatever happens, and an event: guesses at nothing and wrong ones commit alike. The owner's row is locked
 * against deletion, and who proves an account that waited for its owner finds nothing in it that somebody had opened before.
 * The users are seen as they were before the wait for the code's row: where the code was accepted and no user came back, ask
 * again before calling the identifier new. A user that is made here gives way to whoever has the identifier by then.
 */
export function signInStatement(
  { method, hasDevice, makesUser }: SignInShape,
  values: Required<SignInValues>,
  { otp, sessions, limits }: SignInRooms,
): Prisma.Sql {
  const identifier = { method, identifier: values.identifier }
  // Proven ones alone: a claim is no right to anything, be it a device's lane.
  const owns = Prisma.sql`${holds(identifier)} AND ${isProven(method)}`
  const opening = sessions.statements(values, Prisma.sql`account`)
  const isNewcomer = Prisma.sql`FROM guess
    WHERE guess.accepted AND NOT EXISTS (SELECT FROM owner) AND NOT EXISTS (SELECT FROM first_proof)`
  return Prisma.sql`
    WITH ${guessParts({
      guesser: values,
      limits,
      ownsLane: hasDevice ? owns : Prisma.sql`false`,
      // A code that stands in settings and in a store's form must not open what an admin may do.
      takesTestCode: Prisma.sql`NOT EXISTS (SELECT FROM users u WHERE ${holds(identifier)} AND u.role = 'ADMIN')`,
      guess: (lane, conditions) =>
        Prisma.sql`guess AS (${otp.composeGuess(values, { purpose: 'sign_in', lane }, conditions)})`,
    })},
    owner AS (SELECT u.* FROM guess JOIN users u ON ${owns} WHERE guess.accepted FOR KEY SHARE OF u),
    first_proof AS (${firstProofStatement(identifier, Prisma.sql`FROM guess WHERE guess.accepted`)}),
    created AS (${makesUser ? insertUserStatement(method, values, isNewcomer) : Prisma.sql`SELECT u.* FROM users u WHERE false`}),
    account AS (SELECT * FROM owner UNION ALL SELECT * FROM first_proof UNION ALL SELECT * FROM created),
    ended_sessions AS (${endSessionsStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    ended_devices AS (${forgetDevicesStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    opened AS (${opening.session}),
    remembered AS (${opening.rememberDevice}),
    ${hasDevice ? Prisma.sql`touched AS (${opening.touchDevice}),` : Prisma.empty}
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
    ${
      // Before the sign-in's own event: of parts that nobody reads, PostgreSQL runs the last one first.
      makesUser
        ? Prisma.sql`creation AS (${eventStatement(
            values,
            values.identifierHash,
            { event: Prisma.sql`'user_created'`, userId: Prisma.sql`created.id`, detail: Prisma.sql`NULL` },
            Prisma.sql`created`,
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
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM owner UNION ALL SELECT FROM first_proof) THEN 'newcomer'
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM opened) THEN 'disabled'
            WHEN guess.test_refused THEN 'admin' END,
          CASE WHEN guess.is_test THEN 'test identity' END), '')`,
      },
      Prisma.sql`(SELECT) AS always LEFT JOIN guess ON true`,
    )})
    SELECT ${guessColumns(limits)}, EXISTS (SELECT FROM opened) AS opened,
      EXISTS (SELECT FROM remembered) AS "isNewDevice", EXISTS (SELECT FROM created) AS "isNewUser", ${userColumns}
    FROM (SELECT) AS always LEFT JOIN guess ON true LEFT JOIN account u ON true`
}
