// What a guess tells: whoever listens hears of it, and whoever guessed wrong gets the one answer.
import type { AuditTrail } from '../audit/events.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import type { Traffic } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { GuessRow } from './guess-statement.js'

/** What became of a verification, to be logged and counted. */
export type VerificationNotice = Traffic &
  Readonly<{
    kind: 'verification'
    /** `locked`: wrong, and the last guess of this window; `refused`: there was no live code to guess at, and nothing was counted */
    result: 'accepted' | 'wrong' | 'locked' | 'refused' | 'by_address'
  }>

export type JudgeGuess = ReturnType<typeof createJudgeGuess>

type GuessDependencies = {
  limits: Limits
  audit: AuditTrail
  /** told when wrong guesses in all have passed the alarm, with their number in this hour */
  onGuessAlarm: (guesses: number) => void
  onNotice: (notice: VerificationNotice) => void
}

export function createJudgeGuess({ limits, audit, onGuessAlarm, onNotice }: GuessDependencies) {
  /** A thousand wrong guesses an hour are nobody's mistakes: an event and whoever listens hear of them. */
  async function watchGuesses(shardCount: number, caller: Caller): Promise<void> {
    const guesses = await limits.guessesToAlarm(shardCount)
    if (guesses === null) return
    onGuessAlarm(guesses)
    await audit.record(caller, { event: 'excess_rate_limit_exceeded', detail: `guesses in all: ${guesses} this hour` })
  }

  /**
   * Passes where the guess was right.
   * @throws Problem `otp_invalid`; `rate_limited` for the address
   */
  return async function judgeGuess(row: GuessRow, traffic: Traffic, caller: Caller): Promise<void> {
    onNotice({ kind: 'verification', result: resultOf(row), ...traffic })
    if (row.guesses !== null) await watchGuesses(row.guesses, caller)
    if (row.retryAfter !== null) throw new Problem('rate_limited', { retryAfter: row.retryAfter })
    if (!row.accepted) throw new Problem('otp_invalid')
  }
}

function resultOf({ retryAfter, accepted, locked, guesses }: GuessRow) {
  if (retryAfter !== null) return 'by_address'
  if (accepted) return 'accepted'
  if (locked) return 'locked'
  return guesses === null ? 'refused' : 'wrong'
}
