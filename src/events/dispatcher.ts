// Tells the endpoints of EVENT_WEBHOOKS what happened: at least once, each user's events in their order, on any number of replicas. Which
// replica delivers where, and what is left to do, stands in the database (prisma/functions/events.sql), so none of it is lost with a process.
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import { createSignedPost, type SignedPost } from '../http/signed-post.js'
import { EndpointWorker } from './endpoint-worker.js'
import type { EventTelemetry } from './event-telemetry.js'
import { type DispatcherTimes, dispatcherDefaults } from './times.js'

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
