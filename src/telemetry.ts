// What the services tell while they work: a line in the log and a count for each. A line that tells of a request carries its id, which
// comes along as the client: what is asked for many at once runs in the context of whoever came first, so no context could tell it.
import type { Logger } from 'pino'
import type { SendTelemetry } from './auth/send-code.js'
import type { SignInTelemetry } from './auth/sign-in.js'
import type { ErrorCode } from './errors.js'
import type { LogOrigin } from './http/client.js'
import { requestIdLabel } from './http/request-id.js'
import type { CircuitChange, FailedAttempt } from './messaging/failover.js'
import type { ReceiptTelemetry } from './messaging/receipts/service.js'
import type { Metrics } from './operations/metrics.js'

export type Telemetry = ReturnType<typeof createTelemetry>

const idOf = ({ requestId }: LogOrigin) => ({ [requestIdLabel]: requestId })

export function createTelemetry(logger: Logger, metrics: Metrics) {
  return {
    onFailedAttempt(origin: LogOrigin, { error, ...attempt }: FailedAttempt): void {
      logger.warn({ ...idOf(origin), ...attempt, err: error }, 'delivery attempt failed')
      metrics.countFailedAttempt(attempt)
    },
    onCircuitChange(origin: LogOrigin, change: CircuitChange): void {
      logger.warn({ ...idOf(origin), ...change }, 'delivery circuit')
      metrics.countCircuitChange(change)
    },
    onLostReturn(origin: LogOrigin, error: unknown): void {
      logger.error({ ...idOf(origin), err: error }, 'what a refused message had counted could not be given back')
    },
    onLostDeliveryEvent(origin: LogOrigin, error: unknown): void {
      logger.error({ ...idOf(origin), err: error }, 'the event of a delivery could not be written')
    },
    onReceipt(origin: LogOrigin, event: ReceiptTelemetry): void {
      logger.info({ ...idOf(origin), ...event }, 'receipt')
      metrics.countReceipt(event)
    },
    onSend(origin: LogOrigin, event: SendTelemetry): void {
      logger.info({ ...idOf(origin), ...event }, 'send')
      metrics.countSend(event)
    },
    onSignIn(origin: LogOrigin, event: SignInTelemetry): void {
      logger.info({ ...idOf(origin), ...event }, 'sign-in')
      metrics.countSignIn(event)
    },
    onAttemptAlarm(origin: LogOrigin, { guesses, code }: { guesses: number; code?: ErrorCode | undefined }): void {
      logger.error({ ...idOf(origin), guesses, code }, 'wrong guesses in all have passed the alarm')
      metrics.countAttemptAlarm()
    },
    onEndedTestIdentities(count: number): void {
      logger.warn({ count }, 'TEST_OTPS names test identities whose last day is over')
    },
    onEventKeyAtRisk(): void {
      logger.warn(
        'EVENT_KEY is not set while OTP_PEPPER is being replaced: set it to the OTP_PEPPER of before, or earlier events and counters are lost',
      )
    },
    onCostlyMessages(locales: readonly string[]): void {
      logger.warn({ locales }, 'SMS take more than one segment; shorten APP_NAME or WEBOTP_DOMAIN')
    },
  }
}
