// The SQL of changing an identifier: guess, user, what ends with the old one, counts and event in one statement.
import type { AuditTrail } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import { countStatement } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import { countryValues, verifiedIn } from '../limits/sms-gate.js'
import type { Guess, OtpService } from '../otp/service.js'
import type { Asker } from '../sessions/asker.js'
import { changesAreOver, secondsToNextChange } from '../users/change-limit.js'
import {
  type ChangedRow,
  changedColumns,
  changeIdentifierParts,
  changeInWords,
  changeIsOver,
} from '../users/identifier-statements.js'
import { columns, holds, isProven } from '../users/statements.js'
import {
  addressIsOver,
  failureEvent,
  type GuessRow,
  guessColumns,
  guesserValues,
  guessParts,
} from './guess-statement.js'
import { ownsLane } from './send-statement.js'

/** A guess and what came of it. */
export type ChangeRow = GuessRow &
  ChangedRow & {
    /** somebody else has the identifier */
    isTaken: boolean
  }

export type ChangeParts = Readonly<{
  identifier: Identifier
  otp: Pick<OtpService, 'composeGuess'>
  guess: Guess
  asker: Asker
  caller: Caller
  limits: Limits
  audit: AuditTrail
}>

/**
 * One {@link ChangeRow}, whatever happens, and one event. Others are seen as they were before the wait for the code's row: where
 * somebody got the identifier meanwhile, the unique constraint stops all of it, and it is to be run again.
 */
export function changeIdentifierStatement(parts: ChangeParts): Prisma.Sql {
  const { identifier, otp, guess, asker, caller, limits, audit } = parts
  const { method } = identifier
  const purpose = 'change_identifier'
  const guesser = guesserValues(caller, limits)
  // Who has no change left spends no code. Of several who make the last one at once, the count of changes itself refuses some.
  const isOver = Prisma.sql`((SELECT is_over FROM changes) OR ${changeIsOver})`
  return Prisma.sql`
    WITH changes AS (
      SELECT ${changesAreOver(asker)} AND EXISTS (
        SELECT FROM users me WHERE me.id = ${asker.userId}::uuid AND me.${columns[method].name} IS DISTINCT FROM ${identifier.identifier}
      ) AS is_over
    ),
    ${guessParts({
      guesser,
      limits,
      ownsLane: ownsLane(identifier, purpose),
      guess: (lane, { isAllowed, takesTestCode }) =>
        Prisma.sql`guess AS (${otp.composeGuess(
          guess.values,
          { purpose, lane },
          { isAllowed: Prisma.sql`${isAllowed} AND NOT (SELECT is_over FROM changes)`, takesTestCode },
        )})`,
    })},
    ${changeIdentifierParts(identifier, asker, Prisma.sql`, guess WHERE guess.accepted`)},
    ${
      identifier.method === 'phone'
        ? Prisma.sql`verified AS (${countStatement(
            verifiedIn(countryValues(identifier.country)),
            Prisma.sql`FROM guess WHERE guess.accepted
              AND NOT EXISTS (SELECT FROM users u WHERE ${holds(identifier)} AND ${isProven(method)})`,
            guesser.shard,
          )}),`
        : Prisma.empty
    }
    event AS (${audit.statement(
      caller,
      identifier.identifier,
      {
        event: Prisma.sql`CASE WHEN changed.id IS NOT NULL THEN 'user_updated'
          WHEN ${isOver} THEN 'excess_rate_limit_exceeded' ELSE ${failureEvent(limits)} END`,
        userId: Prisma.sql`${asker.userId}::uuid`,
        detail: Prisma.sql`CASE WHEN changed.id IS NOT NULL THEN ${changeInWords(method)}
          WHEN ${addressIsOver(limits)} THEN 'verify: address, change_identifier'
          WHEN ${isOver} THEN 'verify: changes, change_identifier'
          WHEN EXISTS (SELECT FROM owner) THEN 'change_identifier, already registered'
          ELSE 'change_identifier' END`,
      },
      Prisma.sql`(SELECT) AS always LEFT JOIN guess ON true LEFT JOIN changed ON true`,
    )})
    SELECT ${guessColumns(limits)}, EXISTS (SELECT FROM owner) AS "isTaken", ${changedColumns(method)},
      CASE WHEN ${isOver} THEN ${secondsToNextChange} END AS "changeableAfter"
    FROM (SELECT) AS always LEFT JOIN guess ON true LEFT JOIN changed u ON true`
}
