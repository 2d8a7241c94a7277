// Whether an endpoint is asked at all. What fails by its fault is counted; where that does not end it is left alone for a while, then tried
// with one event. In memory: one replica at a time delivers to an endpoint, and the next one finds out by itself.
import { Circuit } from '../circuit.js'
import type { Fault, Outcome } from './endpoint-request.js'
import { type DispatcherTimes, restAfter } from './times.js'

type CircuitTimes = Pick<DispatcherTimes, 'failures' | 'firstRest' | 'longestRest' | 'longestAsked'>

type EndpointCircuitOptions = {
  times: CircuitTimes
  /** told once when it is left alone, once when it takes events again: not of the attempts between */
  onChange: (isOpen: boolean) => void
}

/** `counts`: not of an event that has failed in this row before. */
type Failure = Readonly<{ fault: Fault; counts: boolean }>

export class EndpointCircuit {
  readonly #circuit: Circuit<undefined>
  readonly #times: CircuitTimes
  /** events that have failed in this row: one that always fails, with 500, says nothing of the others */
  readonly #failing = new Set<string>()
  #latest: Fault = { kind: 'fault', reason: '' }
  #isTold = false

  constructor({ times, onChange }: EndpointCircuitOptions) {
    this.#times = times
    this.#circuit = new Circuit({
      failures: times.failures,
      rest: (probes) => Math.max(restAfter(probes, times), this.#askedFor),
      isFailure: (error) => error instanceof FailureError && error.failure.counts,
      onState: (_origin, state) => {
        if (state === 'half_open' || (state === 'open') === this.#isTold) return
        this.#isTold = state === 'open'
        onChange(this.#isTold)
      },
    })
  }

  /** Whether nothing may be sent but a probe, once it has rested. */
  get isOpen(): boolean {
    return this.#circuit.status !== 'closed'
  }

  /** Milliseconds until it may be tried; 0 where it may. */
  get restsFor(): number {
    return this.#circuit.restsFor
  }

  /** Why the last one failed that failed by the endpoint's fault. */
  get reason(): string {
    return this.#latest.reason
  }

  /**
   * Sends an event there; where it rests (isOpen), as its probe.
   * @param position of the event
   * @throws OpenCircuitError before it has rested
   */
  async attempt(position: string, tell: () => Promise<Outcome>): Promise<Outcome> {
    const isProbe = this.isOpen
    try {
      return await this.#circuit.attempt(undefined, async () => {
        const outcome = await tell()
        if (outcome.kind === 'fault') throw new FailureError(this.#failureOf(outcome, position, isProbe))
        this.#failing.clear()
        return outcome
      })
    } catch (error) {
      if (error instanceof FailureError) return error.failure.fault
      throw error
    }
  }

  #failureOf(fault: Fault, position: string, isProbe: boolean): Failure {
    this.#latest = fault
    const counts = isProbe || !this.#failing.has(position)
    if (this.#failing.size < this.#times.failures) this.#failing.add(position)
    return { fault, counts }
  }

  /** Milliseconds. */
  get #askedFor(): number {
    return Math.min((this.#latest.retryAfter ?? 0) * 1_000, this.#times.longestAsked)
  }
}

class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.fault.reason)
    this.failure = failure
  }
}
