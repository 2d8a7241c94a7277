// A circuit breaker: a driver that failed several times in a row rests for a while, then proves itself on a single message.
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { RecipientRefused } from './sender.js'

export type CircuitStatus = 'closed' | 'open' | 'half_open'

export type CircuitSettings = Readonly<{
  /** failures in a row that open it */
  failures: number
  /** milliseconds until a message tries it again */
  rest: number
}>

export type Circuit<Origin> = ReturnType<typeof createCircuit<Origin>>

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  // never asked for
  [CircuitState.Isolated]: 'open',
} as const

/** Thrown in place of an attempt: the driver rests. */
export const OpenCircuitError = BrokenCircuitError

/** @param onState is also told whose attempt it was that changed the state */
export function createCircuit<Origin>(
  { failures, rest }: CircuitSettings,
  onState: (origin: Origin, state: CircuitStatus) => void,
) {
  // A number that does not exist says nothing of the driver.
  const failuresOfDriver = handleWhen((error) => !(error instanceof RecipientRefused))

  /** of the attempt that began or ended last: a state changes at once after either. Of two that end at the same moment, either. */
  let latest: Origin

  function closedPolicy() {
    const policy = circuitBreaker(failuresOfDriver, { halfOpenAfter: rest, breaker: new ConsecutiveBreaker(failures) })
    // A probe may still be under way when its policy has been replaced.
    policy.onStateChange((state) => policy === current && onState(latest, stateNames[state]))
    return policy
  }
  let current = closedPolicy()

  /** @throws OpenCircuitError where the driver rests, or is being tried by another message, for which cockatiel would wait */
  async function attempt<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    if (current.state === CircuitState.HalfOpen) throw new OpenCircuitError()
    latest = origin
    return current.execute(() =>
      work().finally(() => {
        latest = origin
      }),
    )
  }

  /** Tries a driver that rests, since there is no other. Its success ends the rest at once. */
  async function attemptAnyway<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    const result = await work()
    if (current.state !== CircuitState.Closed) {
      current = closedPolicy()
      onState(origin, 'closed')
    }
    return result
  }

  return { attempt, attemptAnyway }
}
