// The SQL of signing in with a code: guess, user, session, device, counts and event in one statement.
import type { AuditTrail } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import { anyShard, countStatement, secondsLeft } from '../limits/counters.js'
import { allGuesses, type Limits, windows } from '../limits/service.js'
import { verifiedIn } from '../limits/sms-gate.js'
import type { Guess } from '../otp/service.js'
import { forgetDevicesStatement, knownDeviceStatement } from '../sessions/devices.js'
import type { SessionDraft } from '../sessions/service.js'
import { endSessionsStatement } from '../sessions/statements.js'
import { firstProofStatement, holds, isProven } from '../users/statements.js'

/** A guess and what came of it. The user is null where nobody has the identifier. */
export type SignInRow = MaybeUserRow & {
  /** seconds, where the address has had its share of this window */
  retryAfter: number | null
  accepted: boolean
  /** the identifier takes no more guesses in this window */
  locked: boolean
  codeId: string | null
  /** false where there is no user, or a disabled one */
  opened: boolean
  /** the device was not known before */
  isNewDevice: boolean
  /** of the shard that a wrong guess was counted on */
  guesses: number | null
}

export type SignInParts = Readonly<{
  identifier: Identifier
  guess: Guess
  session: SessionDraft
  caller: Caller
  limits: Limits
  audit: AuditTrail
}>

/**
 * One {@link SignInRow}, whatever happens, and one event: guesses at nothing and wrong ones commit alike. The users are seen as
 * they were before the wait for the code's row: where the code was accepted and no user came back, ask again before calling the
 * identifier new. The owner's row is locked against deletion, and who proves an account that waited for its owner finds nothing
 * in it that somebody had opened before.
 */
export function signInStatement({ identifier, guess, session, caller, limits, audit }: SignInParts): Prisma.Sql {
  // Proven ones alone: a claim is no right to anything, be it a device's lane.
  const owns = Prisma.sql`${holds(identifier)} AND ${isProven(identifier.method)}`
  const isKnownDevice = Prisma.sql`EXISTS (SELECT FROM known_device)`
  const addressIsOver = Prisma.sql`
    coalesce((SELECT count FROM by_address), 0) > ${limits.settings.ipVerifyPerTenMinutes}`
  const opening = session.statements(Prisma.sql`account`)
  return Prisma.sql`
    WITH known_device AS (${knownDeviceStatement(caller.deviceToken, owns)}),
    by_address AS (${countStatement(limits.guessesOf(caller.address), Prisma.sql`WHERE NOT ${isKnownDevice}`)}),
    guess AS (${guess.statement(Prisma.sql`coalesce((SELECT id::text FROM known_device), '')`, {
      isAllowed: Prisma.sql`NOT ${addressIsOver}`,
      // A code that stands in settings and in a store's form must not open what an admin may do.
      takesTestCode: Prisma.sql`NOT EXISTS (SELECT FROM users u WHERE ${holds(identifier)} AND u.role = 'ADMIN')`,
    })}),
    owner AS (SELECT u.* FROM guess JOIN users u ON ${owns} WHERE guess.accepted FOR KEY SHARE OF u),
    first_proof AS (${firstProofStatement(identifier, Prisma.sql`FROM guess WHERE guess.accepted`)}),
    account AS (SELECT * FROM owner UNION ALL SELECT * FROM first_proof),
    ended_sessions AS (${endSessionsStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    ended_devices AS (${forgetDevicesStatement(Prisma.sql`(SELECT id FROM first_proof)`)}),
    opened AS (${opening.session}),
    remembered AS (${opening.rememberDevice}),
    touched AS (${opening.touchDevice}),
    forgotten AS (${opening.forgetOldest}),
    wrong AS (${countStatement(allGuesses, Prisma.sql`FROM guess WHERE NOT guess.accepted`, anyShard())}),
    ${
      identifier.method === 'phone'
        ? Prisma.sql`verified AS (${countStatement(
            verifiedIn(identifier.country),
            Prisma.sql`FROM guess WHERE guess.accepted AND NOT guess.is_test AND NOT EXISTS (SELECT FROM owner)`,
            anyShard(),
          )}),`
        : Prisma.empty
    }
    event AS (${audit.statement(
      caller,
      identifier.identifier,
      {
        event: Prisma.sql`CASE WHEN ${addressIsOver} THEN 'excess_rate_limit_exceeded'
          WHEN guess.accepted AND (EXISTS (SELECT FROM opened) OR NOT EXISTS (SELECT FROM account)) THEN 'authn_login_success'
          WHEN guess.locked AND NOT guess.accepted THEN 'authn_login_lock'
          ELSE 'authn_login_fail' END`,
        userId: Prisma.sql`(SELECT id FROM account)`,
        detail: Prisma.sql`nullif(concat_ws(', ',
          CASE WHEN ${addressIsOver} THEN 'verify: address'
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM account) THEN 'newcomer'
            WHEN guess.accepted AND NOT EXISTS (SELECT FROM opened) THEN 'disabled'
            WHEN guess.test_refused THEN 'admin' END,
          CASE WHEN guess.is_test THEN 'test identity' END), '')`,
      },
      Prisma.sql`(SELECT) AS always LEFT JOIN guess ON true`,
    )})
    SELECT CASE WHEN ${addressIsOver} THEN ${secondsLeft(windows.tenMinutes)} END AS "retryAfter",
      coalesce(guess.accepted, false) AS accepted, coalesce(guess.locked, false) AS locked,
      guess.code_id AS "codeId", EXISTS (SELECT FROM opened) AS opened,
      EXISTS (SELECT FROM remembered) AS "isNewDevice", (SELECT count FROM wrong) AS guesses, ${userColumns}
    FROM (SELECT) AS always LEFT JOIN guess ON true LEFT JOIN account u ON true`
}
