// A circuit breaker: what failed several times in a row rests for a while, then proves itself on a single attempt. Drivers of messages and
// endpoints of events have one each.
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel'

export type CircuitStatus = 'closed' | 'open' | 'half_open'

export type CircuitSettings = Readonly<{
  /** failures in a row that open it */
  failures: number
  /** milliseconds until an attempt tries it again; may depend on how often that has failed in a row, 0 at first */
  rest: number | ((probes: number) => number)
}>

type CircuitOptions<Origin> = CircuitSettings &
  Readonly<{
    /** whether an error says something of what is tried, and not of the attempt alone */
    isFailure: (error: unknown) => boolean
    /** is also told whose attempt it was that changed the state */
    onState: (origin: Origin, state: CircuitStatus) => void
  }>

const stateNames = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  // never asked for
  [CircuitState.Isolated]: 'open',
} as const

/** Thrown in place of an attempt: what would be tried rests. */
export const OpenCircuitError = BrokenCircuitError

/** The state of one driver or endpoint. `Origin` is what an attempt is made for. */
export class Circuit<Origin> {
  readonly #options: CircuitOptions<Origin>
  /** of the attempt that began or ended last: a state changes at once after either. Of two that end at the same moment, either. */
  #latest: Origin | undefined
  /** when it may be tried again, by performance.now(): cockatiel goes by Date.now(), and a clock that is set back prolongs its rests */
  #restsUntil = 0
  #current: CircuitBreakerPolicy

  constructor(options: CircuitOptions<Origin>) {
    this.#options = options
    this.#current = this.#closedPolicy()
  }

  get status(): CircuitStatus {
    return stateNames[this.#current.state]
  }

  /** Milliseconds for which it still rests: 0 where it may be tried. */
  get restsFor(): number {
    return Math.max(0, this.#restsUntil - performance.now())
  }

  /** @throws OpenCircuitError where the circuit is open, or another attempt is trying it, for which cockatiel would wait */
  async attempt<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    if (this.#current.state === CircuitState.HalfOpen || this.restsFor > 0) throw new OpenCircuitError()
    this.#latest = origin
    return this.#current.execute(() =>
      work().finally(() => {
        this.#latest = origin
      }),
    )
  }

  /** Tries what rests, since there is nothing else. Its success closes the circuit at once. */
  async attemptAnyway<Result>(origin: Origin, work: () => Promise<Result>): Promise<Result> {
    const result = await work()
    if (this.#current.state !== CircuitState.Closed) {
      this.#current = this.#closedPolicy()
      this.#restsUntil = 0
      this.#options.onState(origin, 'closed')
    }
    return result
  }

  #closedPolicy(): CircuitBreakerPolicy {
    const { failures, rest, isFailure, onState } = this.#options
    let milliseconds = 0
    const restAfter = (probes: number): IBackoff<unknown> => {
      milliseconds = typeof rest === 'number' ? rest : rest(probes)
      return { duration: Number.NEGATIVE_INFINITY, next: () => restAfter(probes + 1) }
    }
    const policy = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: { next: () => restAfter(0) },
      breaker: new ConsecutiveBreaker(failures),
    })
    policy.onStateChange((state) => {
      // A probe may still be under way when its policy has been replaced.
      if (policy !== this.#current) return
      this.#restsUntil = state === CircuitState.Open ? performance.now() + milliseconds : 0
      onState(this.#latest as Origin, stateNames[state])
    })
    return policy
  }
}
