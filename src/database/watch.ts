// Who wants to know of the calls of the database is told here: metrics, of how long they take and how many requests share one.

import { client, inSpan } from '../tracing/tracer.js'

/** A call of the database. */
export type SeenCall = Readonly<{
  /** of the decision, the read or the write; of Prisma's statements their kind, such as `select` */
  name: string
  seconds: number
  isFailed: boolean
}>

/** Requests that go out as one call (batches.ts). */
export type SeenBatch = Readonly<{
  name: string
  /** seconds that each of its requests has waited for it: as many as there are requests */
  waits: readonly number[]
}>

export type DatabaseWatcher = Readonly<{
  onCall: (call: SeenCall) => void
  onBatch: (batch: SeenBatch) => void
  /** A request was refused, since its turn would have come too late. */
  onRefusal: (name: string) => void
}>

/** Without the statement: what it does is in its name, and a text of SQL may hold what somebody typed. */
const spanOf = (name: string) => ({
  name,
  kind: client,
  attributes: { 'db.system.name': 'postgresql', 'db.query.summary': name },
})

/** Tells everybody who watches. One database may serve several apps (tests). */
export class DatabaseWatch {
  readonly #watchers = new Set<DatabaseWatcher>()
  readonly #queues = new Map<string, (coming: number) => boolean>()
  /** whether requests that would wait too long are refused when they come, and not when their time is over */
  refusesEarly = false

  /** @returns what ends it */
  add(watcher: DatabaseWatcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** @param isFull whether a request that comes behind so many others would wait longer than it is worth */
  addQueue(name: string, isFull: (coming: number) => boolean): void {
    this.#queues.set(name, isFull)
  }

  /**
   * Whether a request to this decision would be refused.
   * @param coming those that are on their way to it and have not come yet
   */
  isFull(name: string, coming = 0): boolean {
    return this.refusesEarly && this.#queues.get(name)?.(coming) === true
  }

  readonly onBatch = (batch: SeenBatch): void => {
    for (const { onBatch } of this.#watchers) onBatch(batch)
  }

  readonly onRefusal = (name: string): void => {
    for (const { onRefusal } of this.#watchers) onRefusal(name)
  }

  /** Times a call. Rejects as it does. */
  async timed<Result>(name: string, call: () => Promise<Result>): Promise<Result> {
    const started = performance.now()
    let isFailed = true
    try {
      const result = await inSpan(spanOf(name), call)
      isFailed = false
      return result
    } finally {
      const seconds = (performance.now() - started) / 1000
      for (const { onCall } of this.#watchers) onCall({ name, seconds, isFailed })
    }
  }
}
