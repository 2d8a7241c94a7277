// Tells the endpoints of EVENT_WEBHOOKS what happened: at least once, each user's events in their order, on any number of replicas. Which
// replica delivers where, and what is left to do, stands in the database (prisma/functions/events.sql), so none of it is lost with a process.
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import { createSignedPost, failureOf, type SignedPost } from '../http/signed-post.js'
import { type EventRow, eventId, serializeEvent } from './event.js'

/** What became of an event at an endpoint: event_result. */
type Result = Readonly<{
  position: string
  user_id: string | null
  outcome: 'delivered' | 'failed' | 'slow' | 'held'
  retry_after?: number
  error?: string
}>

type TakenEvent = Omit<EventRow, 'position'> &
  Readonly<{
    position: string
    attempts: number
    isNew: boolean
    isHeld: boolean
    phone: string | null
    email: string | null
  }>

/** What is told of deliveries: to be logged and counted. */
export type EventTelemetry =
  | Readonly<{ kind: 'delivered'; host: string; count: number }>
  | Readonly<{ kind: 'failed'; host: string; reason: string; attempts: number }>
  | Readonly<{ kind: 'parked'; host: string; count: number }>
  | Readonly<{ kind: 'fault'; host: string; error: unknown }>

/** Milliseconds, but for what says otherwise. */
export const dispatcherDefaults = {
  /** after which another replica takes over from one that says nothing any more */
  lease: 5_000,
  /**
   * between looks, unless one brings all that it may: what an event waits for at most. Each look costs commits, however little it
   * brings, and logins wait for the same disk.
   */
  idle: 250,
  /** between looks of a replica that has nothing to deliver there, since another one does */
  follow: 1_000,
  /** of one request, connecting included */
  timeout: 10_000,
  /** that requests under way have once the replica stops, which has ten seconds for all that it has to do: the next one sends them again */
  farewell: 2_000,
  /** after which the others wait no longer for one that gets no answer */
  slow: 1_000,
  /** seconds for which a failing event is tried again */
  patience: 86_400,
  /** seconds from the first failure to the second attempt; each further one waits four times as long, three hours at most */
  firstRetry: 5,
  /** requests at once to an endpoint, beside those that are slow */
  requests: 32,
  /** of those, as many as there may be; beyond them the others wait */
  slowRequests: 256,
  /** events that are taken at once */
  most: 500,
}
export type DispatcherTimes = typeof dispatcherDefaults

const longestRetry = 3 * 3_600

type DispatcherDependencies = {
  database: Database
  endpoints: readonly Endpoint[]
  tellsIdentifiers: boolean
  onTelemetry: (event: EventTelemetry) => void
  times?: Partial<DispatcherTimes>
}

export class EventDispatcher {
  readonly #workers: EndpointWorker[]
  readonly #post: SignedPost
  readonly #farewell: number
  #running: Promise<unknown> = Promise.resolve()

  constructor({ endpoints, times, ...rest }: DispatcherDependencies) {
    const allTimes = { ...dispatcherDefaults, ...times }
    this.#farewell = allTimes.farewell
    this.#post = createSignedPost({ timeout: allTimes.timeout, maxAnswer: 16_384 })
    this.#workers = endpoints.map(
      (endpoint) => new EndpointWorker({ ...rest, endpoint, times: allTimes, post: this.#post }),
    )
  }

  /** Delivers until it is stopped. */
  start(): void {
    this.#running = Promise.all(this.#workers.map((worker) => worker.run()))
  }

  /** Waits for the requests under way, but not for endpoints that give no answer, and leaves the rest to another replica at once. */
  async stop(): Promise<void> {
    for (const worker of this.#workers) worker.stop()
    const farewell = setTimeout(this.#post.close, this.#farewell)
    await this.#running
    clearTimeout(farewell)
    await this.#post.close()
  }
}

/** The name of an endpoint in the database: its URL may hold a secret. */
export const endpointName = (url: string): string => createHash('sha256').update(url).digest('hex')

/** Events that were taken together. */
type Batch = Readonly<{
  results: Result[]
  /** when what became of them was written down, or could not be */
  written: Promise<void>
}>

type WorkerOptions = Omit<DispatcherDependencies, 'endpoints' | 'times'> & {
  endpoint: Endpoint
  times: DispatcherTimes
  post: SignedPost
}

/** One endpoint, as one replica serves it. */
class EndpointWorker {
  readonly #options: WorkerOptions
  readonly #name: string
  readonly #host: string
  readonly #owner = randomUUID()
  readonly #stopping = new AbortController()
  /** requests that take so long that the others did not wait for them */
  readonly #slow = new Set<Promise<void>>()
  /** one write of results after another */
  #settled: Promise<void> = Promise.resolve()

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#name = endpointName(options.endpoint.url)
    this.#host = new URL(options.endpoint.url).host
  }

  stop(): void {
    this.#stopping.abort()
  }

  async run(): Promise<void> {
    const { idle, follow, most } = this.#options.times
    while (!this.#stopping.signal.aborted) {
      try {
        const taken = await this.#take()
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
    await this.#release().catch(() => {})
  }

  /** Null where another replica delivers there. */
  async #take(): Promise<TakenEvent[] | null> {
    const { database, tellsIdentifiers, times } = this.#options
    const text = `
      SELECT t.is_owner AS "isOwner", (t.event).position::text AS position, (t.event).type, (t.event).user_id AS "userId",
        (t.event).data, (t.event).happened_at AS "happenedAt", (t.event).attempts, (t.event).is_new AS "isNew",
        (t.event).is_held AS "isHeld", (t.event).phone, (t.event).email
      FROM "${database.functionSchema}".take_events($1, $2, $3, $4, $5, $6) AS t`
    const values = [this.#name, this.#host, this.#owner, times.lease / 1_000, times.most, tellsIdentifiers]
    const [head, ...events] = await database.run<(TakenEvent & { isOwner: boolean })[]>({ text, values })
    return head?.isOwner ? events : null
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
    let isWritten = () => {}
    const written = new Promise<void>((resolve) => {
      isWritten = resolve
    })
    const waiting = [...lanes.values()]
    const serve = async () => {
      for (let lane = waiting.shift(); lane; lane = waiting.shift()) await this.#deliverLane(lane, { results, written })
    }
    // Whoever is seen to work keeps the endpoint.
    const renewal = setInterval(() => void this.#renew().catch(() => {}), times.lease / 3)
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
      await this.#settle([result], null).catch(() => {})
      this.#slow.delete(later)
    })
    this.#slow.add(later)
    // Long enough that nobody else tries it meanwhile.
    return { ...resultOf(event, 'slow'), retry_after: (times.timeout + times.lease) / 1_000 }
  }

  async #attempt(event: TakenEvent): Promise<Result> {
    const { endpoint, post, onTelemetry } = this.#options
    const reason = await post.post(endpoint, this.#messageOf(event)).then((answer) => {
      answer.discard()
      return answer.status >= 200 && answer.status < 300 ? null : `answered ${answer.status}`
    }, failureOf)
    if (reason === null) return resultOf(event, 'delivered')
    // Broken off here, and nobody's failure: the next replica tries it at once.
    if (this.#stopping.signal.aborted && reason === 'UND_ERR_DESTROYED') return resultOf(event, 'held')
    onTelemetry({ kind: 'failed', host: this.#host, reason, attempts: event.attempts + 1 })
    return {
      ...resultOf(event, 'failed'),
      retry_after: this.#pauseAfter(event.attempts + 1),
      error: reason.slice(0, 100),
    }
  }

  #messageOf({ phone, email, ...event }: TakenEvent) {
    const identifiers = this.#options.tellsIdentifiers ? { phone, email } : undefined
    const row = { ...event, position: BigInt(event.position), identifiers }
    return { id: eventId(row), body: JSON.stringify(serializeEvent(row)) }
  }

  /** Seconds: growing, and never the same for many, which would come back together. */
  #pauseAfter(attempts: number): number {
    const pause = Math.min(this.#options.times.firstRetry * 4 ** (attempts - 1), longestRetry)
    return pause * (0.5 + Math.random())
  }

  /** Writes results down, after those before them. */
  #settle(results: readonly Result[], place: string | null): Promise<void> {
    const write = async () => {
      const { database, times, onTelemetry } = this.#options
      const text = `SELECT "${database.functionSchema}".settle_events($1, $2, $3, $4, $5, $6) AS parked`
      const values = [this.#name, this.#owner, times.lease / 1_000, place, JSON.stringify(results), times.patience]
      const [{ parked }] = await database.run<[{ parked: number | null }]>({ text, values })
      const count = results.filter(({ outcome }) => outcome === 'delivered').length
      if (count > 0) onTelemetry({ kind: 'delivered', host: this.#host, count })
      if (parked) onTelemetry({ kind: 'parked', host: this.#host, count: parked })
    }
    const settled = this.#settled.then(write)
    this.#settled = settled.catch(() => {})
    return settled
  }

  async #renew(): Promise<void> {
    await this.#options.database.$executeRaw`
      UPDATE event_endpoints SET owned_until = clock_timestamp() + make_interval(secs => ${this.#options.times.lease / 1_000})
      WHERE name = ${this.#name} AND owner = ${this.#owner}::uuid`
  }

  async #release(): Promise<void> {
    await this.#options.database.$executeRaw`
      UPDATE event_endpoints SET owned_until = clock_timestamp() WHERE name = ${this.#name} AND owner = ${this.#owner}::uuid`
  }

  #rest(milliseconds: number): Promise<unknown> {
    return sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}

function resultOf({ position, userId }: TakenEvent, outcome: Result['outcome']): Result {
  // Of nobody's events none waits behind another.
  return { position, user_id: userId, outcome, ...(userId === null && { retry_after: 0 }) }
}
