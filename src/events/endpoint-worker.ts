// One endpoint, as one replica serves it: takes what is due (endpoint-queue.ts), posts it, and writes down what became of it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import { failureWord, type SignedPost } from '../http/signed-post.js'
import { EndpointQueue, type Result, type TakenEvent } from './endpoint-queue.js'
import { eventId, serializeEvent } from './event.js'
import { type DispatcherTimes, pauseAfter } from './times.js'

/** What is told of deliveries: to be logged and counted. */
export type EventTelemetry =
  | Readonly<{ kind: 'delivered'; host: string; count: number }>
  | Readonly<{ kind: 'failed'; host: string; reason: string; attempts: number }>
  | Readonly<{ kind: 'parked'; host: string; count: number }>
  | Readonly<{ kind: 'fault'; host: string; error: unknown }>

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

  constructor(options: WorkerOptions) {
    const { database, tellsIdentifiers, times, endpoint } = options
    this.#options = options
    this.#queue = new EndpointQueue({ database, tellsIdentifiers, times, url: endpoint.url })
    this.#host = new URL(endpoint.url).host
  }

  /** Has run() end, once the requests under way are over. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Delivers until it is stopped. Rejects never: what fails is told, and tried again. */
  async run(): Promise<void> {
    const { idle, follow, most } = this.#options.times
    while (!this.#stopping.signal.aborted) {
      try {
        const taken = await this.#queue.take()
        if (taken === null) await this.#rest(follow)
        else {
          if (taken.length > 0) await this.#deliver(taken)
          if (taken.length < most) await this.#rest(idle)
        }
      } catch (error) {
        // The database is away, or comes back: what was delivered and could not be written down is delivered again.
        this.#options.onTelemetry({ kind: 'fault', host: this.#host, error })
        await this.#rest(follow)
      }
    }
    await Promise.all(this.#slow)
    await this.#queue.release().catch(ignore)
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
    // Whoever is seen to work keeps the endpoint.
    const renewal = setInterval(() => void this.#queue.renew().catch(ignore), times.lease / 3)
    try {
      await Promise.all(Array.from({ length: Math.min(times.requests, lanes.size) }, serve))
    } finally {
      clearInterval(renewal)
    }
    const place = taken.findLast(({ isNew }) => isNew)?.position ?? null
    await this.#settle(results, place).finally(isWritten)
  }

  async #deliverLane(lane: readonly TakenEvent[], { results, written }: Batch): Promise<void> {
    const deadline = performance.now() + this.#options.times.slow
    let isHeld = false
    for (const [n, event] of lane.entries()) {
      // All that was taken together waits for its last one: a user of whom much is to be told goes on with the next.
      isHeld ||= event.isHeld || this.#stopping.signal.aborted || (n > 0 && performance.now() > deadline)
      if (isHeld) {
        // The others stand written down already, behind that one.
        if (event.isNew || event.attempts > 0) results.push(resultOf(event, 'held'))
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
    const { endpoint, post, times, onTelemetry } = this.#options
    const reason = await post
      .tell(endpoint, this.#messageOf(event))
      .then((status) => (status >= 200 && status < 300 ? null : `answered ${status}`), failureWord)
    if (reason === null) return resultOf(event, 'delivered')
    // Broken off here, and nobody's failure: the next replica tries it at once.
    if (this.#stopping.signal.aborted && reason === 'UND_ERR_DESTROYED') return resultOf(event, 'held')
    onTelemetry({ kind: 'failed', host: this.#host, reason, attempts: event.attempts + 1 })
    return {
      ...resultOf(event, 'failed'),
      retry_after: pauseAfter(event.attempts + 1, times),
      error: reason.slice(0, 100),
    }
  }

  #messageOf({ phone, email, ...event }: TakenEvent) {
    const identifiers = this.#options.tellsIdentifiers ? { phone, email } : undefined
    const row = { ...event, position: BigInt(event.position), identifiers }
    return { id: eventId(row), body: JSON.stringify(serializeEvent(row)) }
  }

  /** Writes down what became of events, and tells of it. */
  async #settle(results: readonly Result[], place: string | null): Promise<void> {
    const { onTelemetry } = this.#options
    const parked = await this.#queue.settle(results, place)
    const count = results.filter(({ outcome }) => outcome === 'delivered').length
    if (count > 0) onTelemetry({ kind: 'delivered', host: this.#host, count })
    if (parked > 0) onTelemetry({ kind: 'parked', host: this.#host, count: parked })
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
