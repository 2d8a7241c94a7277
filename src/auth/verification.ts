// What an attempt at a code tells: metrics and log hear of it, and whoever tried a wrong one gets the one answer.
import type { AuditTrail } from '../audit/events.js'
import { type ErrorCode, Problem } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import type { MetricLabels } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'

/**
 * Why an attempt got nothing. `locked`: wrong, and the last attempt of this window; `refused`: there was no live code to try, and
 * nothing was counted.
 */
export type FailedAttempt = 'wrong' | 'locked' | 'refused' | 'by_address'

/** What every decision about an attempt says of it. */
export type AttemptAnswer = Readonly<{
  outcome: string
  /** seconds, where the address has had its share of this window */
  retryAfter: number | null
  /** wrong attempts in all of this hour on one shard, before and after those of the same call; null where none was counted */
  wrongBefore: number | null
  wrongAfter: number | null
}>

/** What became of an attempt, to be logged and counted; with the code of the error where it got nothing. */
export type AttemptTelemetry = MetricLabels &
  Readonly<{ kind: 'verification'; result: FailedAttempt | 'accepted'; code?: ErrorCode | undefined }>

export type ConcludeAttempt = (answer: AttemptAnswer, labels: MetricLabels, client: Client) => Promise<void>

type AttemptDependencies = {
  limits: Limits
  audit: AuditTrail
  /** told when wrong attempts in all have passed the alarm, with their number in this hour */
  onAttemptAlarm: (origin: LogOrigin, alarm: { guesses: number; code?: ErrorCode | undefined }) => void
  onTelemetry: (origin: LogOrigin, event: AttemptTelemetry) => void
}

const failures: readonly string[] = ['wrong', 'locked', 'refused', 'by_address'] satisfies FailedAttempt[]

export function createConcludeAttempt({
  limits,
  audit,
  onAttemptAlarm,
  onTelemetry,
}: AttemptDependencies): ConcludeAttempt {
  /** A thousand wrong attempts an hour are nobody's mistakes: an event and whoever listens hear of them. */
  async function watch({ wrongBefore, wrongAfter }: AttemptAnswer, client: Client, code?: ErrorCode): Promise<void> {
    if (wrongBefore === null || wrongAfter === null) return
    const attempts = await limits.attemptsToAlarm(wrongBefore, wrongAfter)
    if (attempts === null) return
    onAttemptAlarm(client, { guesses: attempts, code })
    await audit.record(client, { event: 'excess_rate_limit_exceeded', detail: `guesses in all: ${attempts} this hour` })
  }

  /**
   * Passes where the code was right.
   * @throws Problem `otp_invalid`; `rate_limited` for the address
   */
  return async function concludeAttempt(answer, labels, client) {
    const result = failures.includes(answer.outcome) ? (answer.outcome as FailedAttempt) : 'accepted'
    const code = failureOf(result)
    onTelemetry(client, { kind: 'verification', result, code, ...labels })
    await watch(answer, client, code)
    if (code === 'rate_limited') throw new Problem(code, { retryAfter: Number(answer.retryAfter) })
    if (code !== undefined) throw new Problem(code)
  }
}

/** How a request fails; undefined where the code was right. */
function failureOf(result: FailedAttempt | 'accepted') {
  if (result === 'accepted') return undefined
  return result === 'by_address' ? 'rate_limited' : 'otp_invalid'
}
