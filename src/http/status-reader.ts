// What becomes of one request of undici's whose answer is its status alone: the body is read so that the connection can be used again,
// within bounds.
import { type Dispatcher, errors } from 'undici'

type StatusReaderOptions = Readonly<{
  /** milliseconds for 1xx answers, and for the body once the head is there: each of their parts begins the agent's own timeouts again */
  timeout: number
  /** bodies that have not ended, of all requests of an agent */
  lingering: { count: number }
  resolve: (status: number) => void
  reject: (error: Error) => void
}>

/** Bodies at once that have not ended: a connection each, which is closed beyond them. */
const mostLingering = 64

export class StatusReader implements Dispatcher.DispatchHandler {
  readonly #options: StatusReaderOptions
  #deadline = Number.POSITIVE_INFINITY
  #hasHead = false

  constructor(options: StatusReaderOptions) {
    this.#options = options
  }

  onRequestStart(): void {
    this.#deadline = performance.now() + this.#options.timeout
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const { timeout, lingering, resolve } = this.#options
    if (status < 200) {
      if (this.#isLate()) controller.abort(new errors.HeadersTimeoutError())
      return
    }
    this.#hasHead = true
    this.#deadline = performance.now() + timeout
    resolve(status)
    lingering.count += 1
    if (lingering.count > mostLingering) controller.abort(new errors.RequestAbortedError())
  }

  /** How long it may be is the agent's to know. */
  onResponseData(controller: Dispatcher.DispatchController): void {
    if (this.#isLate()) controller.abort(new errors.BodyTimeoutError())
  }

  onResponseEnd(): void {
    this.#options.lingering.count -= 1
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#hasHead) this.#options.lingering.count -= 1
    else this.#options.reject(error)
  }

  #isLate(): boolean {
    return performance.now() > this.#deadline
  }
}
