// One endpoint, as one replica serves it: takes what is due (endpoint-queue.ts), posts it, and writes down what became of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import type { SignedPost } from '../http/signed-post.js'
import { EndpointCircuit } from './endpoint-circuit.js'
import { EndpointQueue, type Result, type TakenEvent } from './endpoint-queue.js'
import { tellOf } from './endpoint-request.js'
import type { EventTelemetry } from './event-telemetry.js'
import { afterProbe, type DispatcherTimes, pauseAfter } from './times.js'

/** Events that were taken together. */
type Batch = Readonly<{
  results: Result[]
  /** when what became of them was written down, or could not be */
  written: Promise<void>
}>

type WorkerOptions = {
  database: Database
  endpoint: Endpoint
  tellsIdentifiers: boolean
  times: DispatcherTimes
  post: SignedPost
  onTelemetry: (event: EventTelemetry) => void
}

export class EndpointWorker {
  readonly #options: WorkerOptions
  readonly #queue: EndpointQueue
  readonly #host: string
  readonly #stopping = new AbortController()
  /** requests that take so long that the others did not wait for them */
  readonly #slow = new Set<Promise<void>>()
  #circuit: EndpointCircuit
  /** how far what failed is tried again: at an endpoint that is back, or may be, since it was another replica's; null where that is done */
  #retried: Readonly<{ to: string; isBack: boolean }> | null = { to: '0', isBack: false }

  constructor(options: WorkerOptions) {
    const { database, tellsIdentifiers, times, endpoint } = options
    this.#options = options
    this.#queue = new EndpointQueue({ database, tellsIdentifiers, times, url: endpoint.url })
    this.#host = new URL(endpoint.url).host
    this.#circuit = this.#closedCircuit()
  }

  /** Has run() end, once the requests under way are over. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Delivers until it is stopped. Rejects never: what fails is told, and tried again. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const pause = await this.#turn()
        if (pause > 0) await this.#rest(pause)
      } catch (error) {
        // The database is away, or comes back: what was delivered and could not be written down is delivered again.
        this.#options.onTelemetry({ kind: 'fault', host: this.#host, error })
        await this.#rest(this.#options.times.follow)
      }
    }
    await Promise.all(this.#slow)
    await this.#queue.release().catch(ignore)
  }

  /** Does what there is to do; returns milliseconds until the next look. */
  async #turn(): Promise<number> {
    const { idle, follow, most } = this.#options.times
    const { isOpen, restsFor, reason } = this.#circuit
    if (restsFor > 0) {
      const parked = await this.#queue.rest(reason)
      this.#tellOfParked(parked ?? 0)
      return parked === null ? this.#leave() : Math.min(follow, restsFor)
    }
    const taken = await this.#queue.take(isOpen)
    if (taken === null) return this.#leave()
    if (isOpen) return (await this.#probe(taken)) ? 0 : follow
    if (this.#retried !== null) await this.#retry(this.#retried)
    if (taken.length > 0) await this.#deliver(taken)
    return taken.length < most && this.#retried === null ? idle : 0
  }

  async #retry({ to, isBack }: { to: string; isBack: boolean }): Promise<void> {
    const last = await this.#queue.retry(to, isBack)
    this.#retried = last === null ? null : { to: last, isBack }
  }

  /** To whoever delivers there now, who finds out how it is by themselves. */
  #leave(): number {
    this.#retried = { to: '0', isBack: false }
    if (this.#circuit.isOpen) {
      this.#circuit = this.#closedCircuit()
      this.#options.onTelemetry({ kind: 'handed_over', host: this.#host })
    }
    return this.#options.times.follow
  }

  #closedCircuit(): EndpointCircuit {
    const { times, onTelemetry } = this.#options
    const circuit = new EndpointCircuit({
      times,
      onChange: (isOpen) => {
        if (!isOpen) this.#retried = { to: '0', isBack: true }
        // What this replica breaks off says nothing of the endpoint.
        if (this.#stopping.signal.aborted) return
        if (isOpen) onTelemetry({ kind: 'rests', host: this.#host, reason: circuit.reason })
        else onTelemetry({ kind: 'back', host: this.#host })
      },
    })
    return circuit
  }

  /**
   * Tries an endpoint that rests with one event: the first that has not been tried, or else what waits next. Those that have failed take
   * turns, or one that always fails would keep it closed to all others. Returns whether there was one.
   */
  async #probe(taken: readonly TakenEvent[]): Promise<boolean> {
    const untried = taken.findIndex(({ isNew, isHeld }) => isNew && !isHeld)
    const event = taken[untried] ?? taken.find(({ isNew }) => !isNew)
    if (event === undefined) return false
    const result = await this.#keeping(this.#attempt(event))
    // It is got past what waits behind others.
    const before = taken.slice(0, untried === -1 ? taken.length : untried).filter(({ isNew }) => isNew)
    const place = event.isNew ? event.position : (before.at(-1)?.position ?? null)
    await this.#settle([result, ...before.map((held) => resultOf(held, 'held'))], place)
    return true
  }

  /** Delivers what was taken, one user's events after each other, and writes down what became of them. */
  async #deliver(taken: readonly TakenEvent[]): Promise<void> {
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
      for (let lane = waiting.shift(); lane; lane = waiting.shift()) await this.#deliverLane(lane, { results, written })
    }
    await this.#keeping(Promise.all(Array.from({ length: Math.min(times.requests, lanes.size) }, serve)))
    const place = taken.findLast(({ isNew }) => isNew)?.position ?? null
    await this.#settle(results, place).finally(isWritten)
  }

  /** Whoever is seen to work keeps the endpoint. */
  async #keeping<Result>(work: Promise<Result>): Promise<Result> {
    const renewal = setInterval(() => void this.#queue.renew().catch(ignore), this.#options.times.lease / 3)
    try {
      return await work
    } finally {
      clearInterval(renewal)
    }
  }

  async #deliverLane(lane: readonly TakenEvent[], { results, written }: Batch): Promise<void> {
    const deadline = performance.now() + this.#options.times.slow
    let isHeld = false
    for (const [n, event] of lane.entries()) {
      // All that was taken together waits for its last one: a user of whom much is to be told goes on with the next.
      isHeld ||= event.isHeld || this.#isHalted || (n > 0 && performance.now() > deadline)
      if (isHeld) {
        // The others stand written down already, behind that one or due.
        if (event.isNew || (n > 0 && event.attempts > 0)) results.push(resultOf(event, 'held'))
        continue
      }
      const result = await this.#attemptOrLeave(event, written)
      results.push(result)
      isHeld = result.outcome !== 'delivered'
    }
  }

  /** One attempt; where it takes too long, the others go on, and what became of it is written down later. */
  async #attemptOrLeave(event: TakenEvent, written: Promise<void>): Promise<Result> {
    const { times } = this.#options
    const attempt = this.#attempt(event)
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

  async #attempt(event: TakenEvent): Promise<Result> {
    const { times, onTelemetry } = this.#options
    const { isOpen: isProbe } = this.#circuit
    const outcome = await this.#circuit.attempt(event, () =>
      tellOf(event, { ...this.#options, stopping: this.#stopping.signal }),
    )
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
    const { onTelemetry } = this.#options
    const parked = await this.#queue.settle(results, place)
    const count = results.filter(({ outcome }) => outcome === 'delivered').length
    if (count > 0) onTelemetry({ kind: 'delivered', host: this.#host, count })
    this.#tellOfParked(parked)
  }

  #tellOfParked(count: number): void {
    if (count > 0) this.#options.onTelemetry({ kind: 'parked', host: this.#host, count })
  }

  /** Nothing further is sent: this replica stops, or the endpoint is left alone. */
  get #isHalted(): boolean {
    return this.#stopping.signal.aborted || this.#circuit.isOpen
  }

  #rest(milliseconds: number): Promise<unknown> {
    return sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(ignore)
  }
}

/** What a database that is away does not get written is done again; a rest that is broken off is over. */
const ignore = () => {}

function resultOf({ position, userId }: TakenEvent, outcome: Result['outcome']): Result {
  // Of nobody's events none waits behind another.
  return { position, user_id: userId, outcome, ...(userId === null && { retry_after: 0 }) }
}
