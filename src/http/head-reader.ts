// What becomes of one request of undici's of whose answer the head is all that counts: the body is read so that the connection can be used again,
// within bounds.
import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, errors } from 'undici'

export type AnswerHead = Readonly<{
  status: number
  /** seconds for which it wants to be left alone (RFC 9110 §10.2.3); undefined where it says none, or nothing of that kind */
  retryAfter: number | undefined
}>

type HeadReaderOptions = Readonly<{
  /** milliseconds for 1xx answers, and for the body once the head is there: each of their parts begins the agent's own timeouts again */
  timeout: number
  /** bodies that have not ended, of all requests to an origin */
  lingering: { count: number }
  resolve: (head: AnswerHead) => void
  reject: (error: Error) => void
}>

/** Bodies at once that have not ended: a connection each, which is closed beyond them. */
const mostLingering = 64

export class HeadReader implements Dispatcher.DispatchHandler {
  readonly #options: HeadReaderOptions
  #deadline = Number.POSITIVE_INFINITY
  #hasHead = false

  constructor(options: HeadReaderOptions) {
    this.#options = options
  }

  onRequestStart(): void {
    this.#deadline = performance.now() + this.#options.timeout
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    const { timeout, lingering, resolve } = this.#options
    if (status < 200) {
      if (this.#isLate()) controller.abort(new errors.HeadersTimeoutError())
      return
    }
    this.#hasHead = true
    this.#deadline = performance.now() + timeout
    resolve({ status, retryAfter: retryAfterOf(headers['retry-after']) })
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

function retryAfterOf(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  // Or Date.parse() makes a day of almost anything.
  const time = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.max(0, (time - Date.now()) / 1000)
}
