// A circuit breaker: a driver that failed several times in a row rests for a while, then proves itself on a single message.
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel'
import { RecipientRefused } from './sender.js'

export type CircuitStatus = 'closed' | 'open' | 'half_open'

export type CircuitSettings = Readonly<{
  /** failures in a row that open it */
  failures: number
  /** milliseconds until a message tries it again */
  rest: number
}>

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  // never asked for
  [CircuitState.Isolated]: 'open',
} as const

/** Thrown in place of an attempt: the driver rests. */
export const OpenCircuitError = BrokenCircuitError

/** The state of one driver. `Origin` is the request that a message is sent for. */
export class Circuit<Origin> {
  readonly #settings: CircuitSettings
  readonly #onState: (origin: Origin, state: CircuitStatus) => void
  /** of the attempt that began or ended last: a state changes at once after either. Of two that end at the same moment, either. */
  #latest: Origin | undefined
  #current: CircuitBreakerPolicy

  /** @param onState is also told whose attempt it was that changed the state */
  constructor(settings: CircuitSettings, onState: (origin: Origin, state: CircuitStatus) => void) {
    this.#settings = settings
    this.#onState = onState
    this.#current = this.#closedPolicy()
  }

  get status(): CircuitStatus {
    return stateNames[this.#current.state]
  }

  /** @throws OpenCircuitError where the circuit is open, or another message tries the driver, for which cockatiel would wait */
  async attempt<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    if (this.#current.state === CircuitState.HalfOpen) throw new OpenCircuitError()
    this.#latest = origin
    return this.#current.execute(() =>
      work().finally(() => {
        this.#latest = origin
      }),
    )
  }

  /** Tries a driver whose circuit is open, since there is no other. Its success closes the circuit at once. */
  async attemptAnyway<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    const result = await work()
    if (this.#current.state !== CircuitState.Closed) {
      this.#current = this.#closedPolicy()
      this.#onState(origin, 'closed')
    }
    return result
  }

  #closedPolicy(): CircuitBreakerPolicy {
    const { failures, rest } = this.#settings
    // A number that does not exist says nothing of the driver.
    const failuresOfDriver = handleWhen((error) => !(error instanceof RecipientRefused))
    const policy = circuitBreaker(failuresOfDriver, { halfOpenAfter: rest, breaker: new ConsecutiveBreaker(failures) })
    // A probe may still be under way when its policy has been replaced.
    policy.onStateChange(
      (state) => policy === this.#current && this.#onState(this.#latest as Origin, stateNames[state]),
    )
    return policy
  }
}
