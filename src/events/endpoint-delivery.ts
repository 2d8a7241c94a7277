// What becomes of events that were taken together: each is posted, one user's after each other; those that take long go on by themselves;
// and what became of them is written down.
import type { Endpoint } from '../config/event-settings.js'
import type { SignedPost } from '../http/signed-post.js'
import type { EndpointCircuit } from './endpoint-circuit.js'
import type { EndpointQueue, Result, TakenEvent } from './endpoint-queue.js'
import { tellOf } from './endpoint-request.js'
import type { EventTelemetry } from './event-telemetry.js'
import { afterProbe, type DispatcherTimes, pauseAfter } from './times.js'

/** Events that were taken together. */
type Batch = Readonly<{
  circuit: EndpointCircuit
  results: Result[]
  /** when what became of them was written down, or could not be */
  written: Promise<void>
}>

type DeliveryOptions = {
  queue: EndpointQueue
  endpoint: Endpoint
  tellsIdentifiers: boolean
  times: DispatcherTimes
  post: SignedPost
  /** aborted where this replica stops: nothing further is sent */
  stopping: AbortSignal
  onTelemetry: (event: EventTelemetry) => void
}

export class EndpointDelivery {
  readonly #options: DeliveryOptions
  readonly #host: string
  /** requests that take so long that the others did not wait for them */
  readonly #slow = new Set<Promise<void>>()

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#host = new URL(options.endpoint.url).host
  }

  /** Waits for the requests that go on by themselves. */
  async end(): Promise<void> {
    await Promise.all(this.#slow)
  }

  /** Delivers what was taken, one user's events after each other, and writes down what became of them. */
  async deliver(taken: readonly TakenEvent[], circuit: EndpointCircuit): Promise<void> {
    const { times } = this.#options
    const lanes = new Map<string, TakenEvent[]>()
    for (const event of taken) {
      const key = event.userId ?? event.position
      const lane = lanes.get(key)
      if (lane) lane.push(event)
      else lanes.set(key, [event])
    }
    const results: Result[] = []
    let isWritten!: () => void
    const written = new Promise<void>((resolve) => {
      isWritten = resolve
    })
    const waiting = [...lanes.values()]
    const serve = async () => {
      for (let lane = waiting.shift(); lane; lane = waiting.shift())
        await this.#deliverLane(lane, { circuit, results, written })
    }
    await this.#keeping(Promise.all(Array.from({ length: Math.min(times.requests, lanes.size) }, serve)))
    const place = taken.findLast(({ isNew }) => isNew)?.position ?? null
    await this.#settle(results, place).finally(isWritten)
  }

  /**
   * Tries an endpoint that rests with one event: the first that has not been tried, or else what waits next. Those that have failed take
   * turns, or one that always fails would keep it closed to all others. Returns whether there was one.
   */
  async probe(taken: readonly TakenEvent[], circuit: EndpointCircuit): Promise<boolean> {
    const untried = taken.findIndex(({ isNew, isHeld }) => isNew && !isHeld)
    const event = taken[untried] ?? taken.find(({ isNew }) => !isNew)
    if (event === undefined) return false
    const result = await this.#keeping(this.#attempt(event, circuit))
    // It is got past what waits behind others.
    const before = taken.slice(0, untried === -1 ? taken.length : untried).filter(({ isNew }) => isNew)
    const place = event.isNew ? event.position : (before.at(-1)?.position ?? null)
    await this.#settle([result, ...before.map((held) => resultOf(held, 'held'))], place)
    return true
  }

  /** Whoever is seen to work keeps the endpoint. */
  async #keeping<Value>(work: Promise<Value>): Promise<Value> {
    const { queue, times } = this.#options
    const renewal = setInterval(() => void queue.renew().catch(ignore), times.lease / 3)
    try {
      return await work
    } finally {
      clearInterval(renewal)
    }
  }

  async #deliverLane(lane: readonly TakenEvent[], { circuit, results, written }: Batch): Promise<void> {
    const { times, stopping } = this.#options
    const deadline = performance.now() + times.slow
    let isHeld = false
    for (const [n, event] of lane.entries()) {
      // All that was taken together waits for its last one: a user of whom much is to be told goes on with the next.
      const isLate = n > 0 && performance.now() > deadline
      isHeld ||= event.isHeld || stopping.aborted || circuit.isOpen || isLate
      if (isHeld) {
        // The others stand written down already, behind that one or due.
        if (event.isNew || (n > 0 && event.attempts > 0)) results.push(resultOf(event, 'held'))
        continue
      }
      const result = await this.#attemptOrLeave(event, circuit, written)
      results.push(result)
      isHeld = result.outcome !== 'delivered'
    }
  }

  /** One attempt; where it takes too long, the others go on, and what became of it is written down later. */
  async #attemptOrLeave(event: TakenEvent, circuit: EndpointCircuit, written: Promise<void>): Promise<Result> {
    const { times } = this.#options
    const attempt = this.#attempt(event, circuit)
    if (this.#slow.size >= times.slowRequests) return attempt
    // A plain timer: promises of timers and their signals make an error, stack and all, for each event that went well.
    const early = await new Promise<Result | null>((resolve) => {
      const timer = setTimeout(resolve, times.slow, null)
      attempt.then((result) => {
        clearTimeout(timer)
        resolve(result)
      })
    })
    if (early !== null) return early
    const later = Promise.all([attempt, written]).then(async ([result]) => {
      await this.#settle([result], null).catch(ignore)
      this.#slow.delete(later)
    })
    this.#slow.add(later)
    // Longer than all steps of an attempt (signed-post.ts): nobody tries it beside this one, unless this replica is gone.
    return { ...resultOf(event, 'slow'), retry_after: (3 * times.timeout + times.lease) / 1_000 }
  }

  async #attempt(event: TakenEvent, circuit: EndpointCircuit): Promise<Result> {
    const { times, onTelemetry } = this.#options
    const { isOpen: isProbe } = circuit
    const outcome = await circuit.attempt(event, () => tellOf(event, this.#options))
    if (outcome.kind === 'taken') return resultOf(event, 'delivered')
    // Nobody's failure: the next replica tries it at once.
    if (outcome.kind === 'broken_off') return resultOf(event, 'held')
    const { reason } = outcome
    const error = reason.slice(0, 100)
    const told = { kind: 'failed', host: this.#host, reason, attempts: event.attempts + 1 } as const
    onTelemetry(isProbe ? { ...told, isProbe } : told)
    if (isProbe && outcome.kind === 'fault') return { ...resultOf(event, 'probed'), retry_after: afterProbe, error }
    return { ...resultOf(event, 'failed'), retry_after: pauseAfter(event.attempts + 1, times), error }
  }

  /** Writes down what became of events, and tells of it. */
  async #settle(results: readonly Result[], place: string | null): Promise<void> {
    const { queue, onTelemetry } = this.#options
    const parked = await queue.settle(results, place)
    const count = results.filter(({ outcome }) => outcome === 'delivered').length
    if (count > 0) onTelemetry({ kind: 'delivered', host: this.#host, count })
    if (parked > 0) onTelemetry({ kind: 'parked', host: this.#host, count: parked })
  }
}

/** What a database that is away does not get written is done again. */
const ignore = () => {}

function resultOf({ position, userId }: TakenEvent, outcome: Result['outcome']): Result {
  // Of nobody's events none waits behind another.
  return { position, user_id: userId, outcome, ...(userId === null && { retry_after: 0 }) }
}
