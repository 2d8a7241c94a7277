// What the services tell while they work: a line in the log and a count for each. A line that tells of a request carries its id, which
// comes along as the client: what is asked for many at once runs in the context of whoever came first, so no context could tell it.
import type { Logger } from 'pino'
import type { HookTelemetry } from './auth/before-signup.js'
import type { SendTelemetry } from './auth/send-code.js'
import type { SignInTelemetry } from './auth/sign-in.js'
import type { ErrorCode } from './errors.js'
import type { EventTelemetry } from './events/event-telemetry.js'
import type { LogOrigin } from './http/client.js'
import { requestIdLabel } from './http/request-id.js'
import type { CircuitChange, FailedAttempt } from './messaging/failover.js'
import type { ReceiptTelemetry } from './messaging/receipts/service.js'
import type { Metrics } from './operations/metrics.js'
import type { PasskeyTelemetry } from './passkeys/use.js'

const idOf = ({ requestId }: LogOrigin) => ({ [requestIdLabel]: requestId })

/** Its members are handed to the services one by one: functions, not methods. */
export class Telemetry {
  readonly #logger: Logger
  readonly #metrics: Metrics

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger
    this.#metrics = metrics
  }

  readonly onFailedAttempt = (origin: LogOrigin, { error, ...attempt }: FailedAttempt): void => {
    this.#logger.warn({ ...idOf(origin), ...attempt, err: error }, 'delivery attempt failed')
    this.#metrics.countFailedAttempt(attempt)
  }

  readonly onCircuitChange = (origin: LogOrigin, change: CircuitChange): void => {
    this.#logger.warn({ ...idOf(origin), ...change }, 'delivery circuit')
    this.#metrics.countCircuitChange(change)
  }

  readonly onLostReturn = (origin: LogOrigin, error: unknown): void => {
    this.#logger.error({ ...idOf(origin), err: error }, 'what a refused message had counted could not be given back')
  }

  readonly onLostDeliveryEvent = (origin: LogOrigin, error: unknown): void => {
    this.#logger.error({ ...idOf(origin), err: error }, 'the event of a delivery could not be written')
  }

  readonly onReceipt = (origin: LogOrigin, event: ReceiptTelemetry): void => {
    this.#logger.info({ ...idOf(origin), ...event }, 'receipt')
    this.#metrics.countReceipt(event)
  }

  readonly onSend = (origin: LogOrigin, event: SendTelemetry): void => {
    this.#logger.info({ ...idOf(origin), ...event }, 'send')
    this.#metrics.countSend(event)
  }

  readonly onSignIn = (origin: LogOrigin, event: SignInTelemetry | PasskeyTelemetry): void => {
    // One by a code has the line of its verification already, and each line costs a tenth of a request.
    const hasLine = event.kind === 'signed_in' && event.method !== 'passkey'
    if (!hasLine) this.#logger.info({ ...idOf(origin), ...event }, 'sign-in')
    this.#metrics.countSignIn(event)
  }

  readonly onEvents = (event: EventTelemetry): void => {
    switch (event.kind) {
      case 'fault':
        this.#logger.error({ host: event.host, err: event.error }, 'events could not be read or written down')
        return
      case 'rests':
        this.#logger.error({ ...event }, 'an endpoint takes no events and is left alone')
        this.#metrics.countEndpoint(event.host, 1)
        return
      case 'back':
      case 'handed_over':
        this.#logger.info({ ...event }, 'an endpoint is no longer left alone')
        this.#metrics.countEndpoint(event.host, -1)
        return
      default:
        // What went well is counted alone: there may be a thousand a second. An endpoint that rests has had its line.
        if (event.kind === 'parked' || (event.kind === 'failed' && !event.isProbe))
          this.#logger.warn({ ...event }, 'event delivery')
        this.#metrics.countEvents(event)
    }
  }

  readonly onHook = (origin: LogOrigin, event: HookTelemetry): void => {
    if (event.kind === 'failed') this.#logger.error({ ...idOf(origin), ...event }, 'hook before signup')
    else this.#logger.info({ ...idOf(origin), ...event }, 'hook before signup')
    this.#metrics.countHook(event.kind)
  }

  readonly onAttemptAlarm = (
    origin: LogOrigin,
    { guesses, code }: { guesses: number; code?: ErrorCode | undefined },
  ): void => {
    this.#logger.error({ ...idOf(origin), guesses, code }, 'wrong guesses in all have passed the alarm')
    this.#metrics.countAttemptAlarm()
  }

  readonly onEndedTestIdentities = (count: number): void => {
    this.#logger.warn({ count }, 'TEST_OTPS names test identities whose last day is over')
  }

  readonly onEventKeyAtRisk = (): void => {
    this.#logger.warn(
      'EVENT_KEY is not set while OTP_PEPPER is being replaced: set it to the OTP_PEPPER of before, or earlier events and counters are lost',
    )
  }

  readonly onCostlyMessages = (locales: readonly string[]): void => {
    this.#logger.warn({ locales }, 'SMS take more than one segment; shorten APP_NAME or WEBOTP_DOMAIN')
  }
}
