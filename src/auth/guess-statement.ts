// The SQL around a guess, whatever it is for: the device's lane, the address's share, the guess, and the count of wrong ones.
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import { anyShard, countStatement, secondsLeft } from '../limits/counters.js'
import { addressCounters, allGuesses, type Limits, windows } from '../limits/service.js'
import type { GuessConditions } from '../otp/statements.js'
import { deviceHashOf, knownDeviceStatement } from '../sessions/devices.js'

/** What came of a guess. */
export type GuessRow = {
  /** seconds, where the address has had its share of this window */
  retryAfter: number | null
  accepted: boolean
  /** the identifier takes no more guesses in this window */
  locked: boolean
  codeId: string | null
  /** of the shard that a wrong guess was counted on */
  guesses: number | null
}

/** Who guesses, as the counters and the lanes know them. */
export type GuesserValues = Readonly<{
  deviceHash: Uint8Array<ArrayBuffer> | null
  guessesKey: string
  shard: number
}>

export function guesserValues(caller: Caller, limits: Limits): GuesserValues {
  return {
    deviceHash: deviceHashOf(caller),
    guessesKey: limits.guessesKeyOf(caller.block),
    shard: anyShard(),
  }
}

export type GuessSurroundings = Readonly<{
  guesser: GuesserValues
  limits: Limits
  /** a condition on the user `u` whose devices have lanes of their own here */
  ownsLane: Prisma.Sql
  /** whether a fixed code is right where it fits; never, unless given */
  takesTestCode?: Prisma.Sql
  /** the part `guess` (see `guessStatement`), and parts that it needs */
  guess: (lane: Prisma.Sql, conditions: GuessConditions) => Prisma.Sql
}>

/** The first parts of a statement: `known_device`, `by_address`, `guess` (one row, or none), `wrong`. */
export function guessParts(surroundings: GuessSurroundings): Prisma.Sql {
  const { guesser, limits, ownsLane, takesTestCode = Prisma.sql`false`, guess } = surroundings
  return Prisma.sql`
    known_device AS (${knownDeviceStatement(guesser.deviceHash, ownsLane)}),
    by_address AS (${countStatement(
      addressCounters.guesses(guesser.guessesKey),
      Prisma.sql`WHERE NOT EXISTS (SELECT FROM known_device)`,
    )}),
    ${guess(Prisma.sql`coalesce((SELECT id::text FROM known_device), '')`, {
      isAllowed: Prisma.sql`NOT ${addressIsOver(limits)}`,
      takesTestCode,
    })},
    wrong AS (${countStatement(allGuesses, Prisma.sql`FROM guess WHERE NOT guess.accepted`, guesser.shard)})`
}

/** Whether the caller's address has had its share, beside the part `by_address`. */
export function addressIsOver({ settings }: Limits): Prisma.Sql {
  return Prisma.sql`(coalesce((SELECT count FROM by_address), 0) > ${settings.ipVerifyPerTenMinutes})`
}

/** The event of a guess that did not get what it was for, beside `guess` or its absence. */
export function failureEvent(limits: Limits): Prisma.Sql {
  return Prisma.sql`CASE WHEN ${addressIsOver(limits)} THEN 'excess_rate_limit_exceeded'
    WHEN guess.locked AND NOT guess.accepted THEN 'authn_login_lock'
    ELSE 'authn_login_fail' END`
}

/** The columns of a {@link GuessRow}, beside `guess` or its absence. */
export function guessColumns(limits: Limits): Prisma.Sql {
  return Prisma.sql`
    CASE WHEN ${addressIsOver(limits)} THEN ${secondsLeft(windows.tenMinutes)} END AS "retryAfter",
    coalesce(guess.accepted, false) AS accepted, coalesce(guess.locked, false) AS locked,
    guess.code_id AS "codeId", (SELECT count FROM wrong) AS guesses`
}
