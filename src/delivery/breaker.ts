// A circuit breaker: a driver that failed several times in a row rests for a while, then proves itself on a single message.
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { RecipientRefused } from './sender.js'

export type BreakerState = 'closed' | 'open' | 'half_open'

export type BreakerSettings = Readonly<{
  /** failures in a row that open it */
  failures: number
  /** milliseconds until a message tries it again */
  rest: number
}>

export type Breaker = ReturnType<typeof createBreaker>

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  // never asked for
  [CircuitState.Isolated]: 'open',
} as const

/** Thrown in place of an attempt: the driver rests. */
export const RestingError = BrokenCircuitError

export function createBreaker({ failures, rest }: BreakerSettings, onState: (state: BreakerState) => void) {
  // A number that does not exist says nothing of the driver.
  const failuresOfDriver = handleWhen((error) => !(error instanceof RecipientRefused))

  function closedPolicy() {
    const policy = circuitBreaker(failuresOfDriver, { halfOpenAfter: rest, breaker: new ConsecutiveBreaker(failures) })
    // A probe may still be under way when its policy has been replaced.
    policy.onStateChange((state) => policy === current && onState(stateNames[state]))
    return policy
  }
  let current = closedPolicy()

  /** @throws RestingError where the driver rests, or is being tried by another message, for which cockatiel would wait */
  async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    if (current.state === CircuitState.HalfOpen) throw new RestingError()
    return current.execute(work)
  }

  /** Tries a driver that rests, since there is no other. Its success ends the rest at once. */
  async function attemptAnyway<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = await work()
    if (current.state !== CircuitState.Closed) {
      current = closedPolicy()
      onState('closed')
    }
    return result
  }

  return { attempt, attemptAnyway }
}
