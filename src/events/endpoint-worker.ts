// One endpoint, as one replica serves it: takes what is due (endpoint-queue.ts) and has it delivered (endpoint-delivery.ts), unless the
// endpoint rests, or is another replica's.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import type { SignedPost } from '../http/signed-post.js'
import { EndpointCircuit } from './endpoint-circuit.js'
import { EndpointDelivery } from './endpoint-delivery.js'
import { EndpointQueue } from './endpoint-queue.js'
import type { EventTelemetry } from './event-telemetry.js'
import type { DispatcherTimes } from './times.js'

type WorkerOptions = {
  database: Database
  endpoint: Endpoint
  tellsIdentifiers: boolean
  times: DispatcherTimes
  post: SignedPost
  onTelemetry: (event: EventTelemetry) => void
}

export class EndpointWorker {
  readonly #times: DispatcherTimes
  readonly #onTelemetry: (event: EventTelemetry) => void
  readonly #host: string
  readonly #queue: EndpointQueue
  readonly #delivery: EndpointDelivery
  readonly #stopping = new AbortController()
  #circuit: EndpointCircuit
  /** how far what failed is tried again: at an endpoint that is back, or may be, since it was another replica's; null where that is done */
  #retried: Readonly<{ to: string; isBack: boolean }> | null = { to: '0', isBack: false }

  constructor(options: WorkerOptions) {
    const { database, tellsIdentifiers, times, endpoint, onTelemetry } = options
    this.#times = times
    this.#onTelemetry = onTelemetry
    this.#host = new URL(endpoint.url).host
    this.#queue = new EndpointQueue({ database, tellsIdentifiers, times, url: endpoint.url })
    this.#delivery = new EndpointDelivery({ ...options, queue: this.#queue, stopping: this.#stopping.signal })
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
        this.#onTelemetry({ kind: 'fault', host: this.#host, error })
        await this.#rest(this.#times.follow)
      }
    }
    await this.#delivery.end()
    await this.#queue.release().catch(ignore)
  }

  /** Does what there is to do; returns milliseconds until the next look. */
  async #turn(): Promise<number> {
    const { idle, follow, most } = this.#times
    const circuit = this.#circuit
    // As it is now: one that goes on by itself may open it meanwhile.
    const { isOpen, restsFor } = circuit
    if (restsFor > 0) return this.#keepResting()
    const taken = await this.#queue.take(isOpen)
    if (taken === null) return this.#leave()
    if (isOpen) return (await this.#delivery.probe(taken, circuit)) ? 0 : follow
    if (this.#retried !== null) await this.#retry(this.#retried)
    if (taken.length > 0) await this.#delivery.deliver(taken, circuit)
    return taken.length < most && this.#retried === null ? idle : 0
  }

  /** Keeps an endpoint that rests from other replicas, and gives up what has waited there for too long. */
  async #keepResting(): Promise<number> {
    const { restsFor, reason } = this.#circuit
    const parked = await this.#queue.rest(reason)
    if (parked === null) return this.#leave()
    if (parked > 0) this.#onTelemetry({ kind: 'parked', host: this.#host, count: parked })
    return Math.min(this.#times.follow, restsFor)
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
      this.#onTelemetry({ kind: 'handed_over', host: this.#host })
    }
    return this.#times.follow
  }

  #closedCircuit(): EndpointCircuit {
    const circuit = new EndpointCircuit({
      times: this.#times,
      onChange: (isOpen) => {
        if (!isOpen) this.#retried = { to: '0', isBack: true }
        // What this replica breaks off says nothing of the endpoint.
        if (this.#stopping.signal.aborted) return
        if (isOpen) this.#onTelemetry({ kind: 'rests', host: this.#host, reason: circuit.reason })
        else this.#onTelemetry({ kind: 'back', host: this.#host })
      },
    })
    return circuit
  }

  #rest(milliseconds: number): Promise<unknown> {
    return sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(ignore)
  }
}

/** A rest that is broken off is over; an endpoint that is not given back is free once its lease is over. */
const ignore = () => {}
