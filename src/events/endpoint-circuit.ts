// Whether an endpoint is asked at all. What fails by its fault is counted; where that does not end it is left alone for a while, then tried
// with one event. In memory: one replica at a time delivers to an endpoint, and the next one finds out by itself.
import { Circuit } from '../circuit.js'
import type { TakenEvent } from './endpoint-queue.js'
import type { Fault, Outcome } from './endpoint-request.js'
import { type DispatcherTimes, restAfter } from './times.js'

type CircuitTimes = Pick<
  DispatcherTimes,
  'failures' | 'longEnough' | 'manyFailures' | 'firstRest' | 'longestRest' | 'longestAsked'
>

type EndpointCircuitOptions = {
  times: CircuitTimes
  /** told once when it is left alone, once when it takes events again: not of the attempts between */
  onChange: (isOpen: boolean) => void
}

/** `opens`: the endpoint rests from now on. */
type Failure = Readonly<{ fault: Fault; opens: boolean }>

/** Failures since an endpoint answered as it should. */
type Row = {
  /** by performance.now() */
  readonly begun: number
  /** as many as there must be: one that always fails, with 500, says nothing of the others */
  readonly events: Set<string>
  /** that had never been tried: those that always fail may all be tried again together */
  untried: number
}

export class EndpointCircuit {
  readonly #circuit: Circuit<undefined>
  readonly #times: CircuitTimes
  #row: Row | null = null
  #latest: Fault = { kind: 'fault', reason: '' }
  #isTold = false

  constructor({ times, onChange }: EndpointCircuitOptions) {
    this.#times = times
    this.#circuit = new Circuit({
      // Which one opens it is said below.
      failures: 1,
      rest: (probes) => Math.max(restAfter(probes, times), this.#askedFor),
      isFailure: (error) => error instanceof FailureError && error.failure.opens,
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
   * @throws OpenCircuitError before it has rested
   */
  async attempt(event: Pick<TakenEvent, 'position' | 'attempts'>, tell: () => Promise<Outcome>): Promise<Outcome> {
    const isProbe = this.isOpen
    try {
      return await this.#circuit.attempt(undefined, async () => {
        const outcome = await tell()
        if (outcome.kind === 'fault') throw new FailureError(this.#failureOf(outcome, event, isProbe))
        this.#row = null
        return outcome
      })
    } catch (error) {
      if (error instanceof FailureError) return error.failure.fault
      throw error
    }
  }

  #failureOf(
    fault: Fault,
    { position, attempts }: Pick<TakenEvent, 'position' | 'attempts'>,
    isProbe: boolean,
  ): Failure {
    const { failures, longEnough, manyFailures } = this.#times
    this.#latest = fault
    this.#row ??= { begun: performance.now(), events: new Set(), untried: 0 }
    const row = this.#row
    if (row.events.size < failures) row.events.add(position)
    if (attempts === 0) row.untried += 1
    const isLong = fault.retryAfter !== undefined || performance.now() - row.begun >= longEnough
    const saysIt = (isLong && row.events.size >= failures) || row.untried >= manyFailures
    // One that was sent before it rests may fail beside the probe, whose answer counts.
    return { fault, opens: isProbe || (saysIt && !this.isOpen) }
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
