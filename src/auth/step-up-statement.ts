// The SQL of stepping up: guess, session and event in one statement.
import { eventStatement } from '../audit/events.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { Guess, OtpService } from '../otp/service.js'
import { lastSentStatement } from '../otp/statements.js'
import type { Asker } from '../sessions/asker.js'
import { proveSessionStatement } from '../sessions/statements.js'
import { holds, isProven } from '../users/statements.js'
import {
  addressIsOver,
  failureEvent,
  type GuessRow,
  guessColumns,
  guesserValues,
  guessParts,
} from './guess-statement.js'

/** A guess and what came of it. */
export type StepUpRow = GuessRow & {
  /** where the code had gone to; null where there was none to guess at */
  identifier: string | null
  /** until when the session counts as freshly proven; null where it does not, or is over */
  provenUntil: Date | null
}

export type StepUpParts = Readonly<{
  otp: Pick<OtpService, 'composeGuess'>
  /** one for each identifier of the user that a code may have gone to, at least one */
  candidates: readonly Readonly<{ identifier: Identifier; guess: Guess }>[]
  asker: Asker
  caller: Caller
  limits: Limits
}>

/** The parts of the guesses, of which at most one has a row. */
const partOf = { phone: Prisma.sql`guess_of_phone`, email: Prisma.sql`guess_of_email` }

/**
 * One {@link StepUpRow}, whatever happens, and one event. The guess is at the code that was sent last, on whichever way: nobody
 * has two codes to hit with one guess.
 */
export function stepUpStatement({ otp, candidates, asker, caller, limits }: StepUpParts): Prisma.Sql {
  const { userId, sessionId } = asker
  const purpose = 'step_up'
  const isOwn = ({ identifier }: { identifier: Identifier }) => Prisma.sql`
    o.identifier = ${identifier.identifier} AND EXISTS (
      SELECT FROM users u WHERE u.id = ${userId}::uuid AND ${holds(identifier)} AND ${isProven(identifier.method)})`
  return Prisma.sql`
    WITH ${guessParts({
      guesser: guesserValues(caller, limits),
      limits,
      ownsLane: Prisma.sql`u.id = ${userId}::uuid`,
      guess: (lane, { isAllowed, ...conditions }) => Prisma.sql`
        last_sent AS (${lastSentStatement(purpose, lane, Prisma.join(candidates.map(isOwn), ' OR '))}),
        ${Prisma.join(
          candidates.map(({ identifier, guess }) => {
            const isLast = Prisma.sql`${isAllowed} AND (SELECT identifier FROM last_sent) = ${identifier.identifier}`
            const statement = otp.composeGuess(guess.values, { purpose, lane }, { ...conditions, isAllowed: isLast })
            return Prisma.sql`${partOf[identifier.method]} AS (${statement})`
          }),
        )},
        guess AS (${Prisma.join(
          candidates.map(({ identifier }) => Prisma.sql`SELECT * FROM ${partOf[identifier.method]}`),
          ' UNION ALL ',
        )})`,
    })},
    proved AS (${proveSessionStatement(sessionId, userId, Prisma.sql`FROM guess WHERE guess.accepted`)}),
    event AS (${eventStatement(
      caller,
      null,
      {
        event: Prisma.sql`CASE WHEN EXISTS (SELECT FROM proved) THEN 'authn_login_success' ELSE ${failureEvent(limits)} END`,
        userId: Prisma.sql`${userId}::uuid`,
        detail: Prisma.sql`CASE WHEN ${addressIsOver(limits)} THEN 'verify: address, step_up' ELSE 'step_up' END`,
      },
      Prisma.sql`(SELECT) AS always LEFT JOIN guess ON true`,
    )})
    SELECT ${guessColumns(limits)}, guess.identifier, proved.proven_until AS "provenUntil"
    FROM (SELECT) AS always LEFT JOIN guess ON true LEFT JOIN proved ON true`
}
