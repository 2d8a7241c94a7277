// What the services tell while they work: a line in the log and a count for each. A line that tells of a request carries its id, which
// comes along as the caller: what is asked for many at once runs in the context of whoever came first, so no context could tell it.
import type { Logger } from 'pino'
import type { SendNotice } from './auth/send-code.js'
import type { SignInNotice } from './auth/sign-in.js'
import type { BreakerChange, FailedAttempt } from './delivery/chain.js'
import type { ErrorCode } from './errors.js'
import type { LogOrigin } from './http/caller.js'
import { requestIdLabel } from './http/request-id.js'
import type { Metrics } from './operations/metrics.js'
import type { ReceiptNotice } from './receipts/service.js'

export type Notices = ReturnType<typeof createNotices>

const idOf = ({ requestId }: LogOrigin) => ({ [requestIdLabel]: requestId })

export function createNotices(logger: Logger, metrics: Metrics) {
  return {
    onFailedAttempt(origin: LogOrigin, { error, ...attempt }: FailedAttempt): void {
      logger.warn({ ...idOf(origin), ...attempt, err: error }, 'delivery attempt failed')
      metrics.countFailedAttempt(attempt)
    },
    onBreaker(origin: LogOrigin, change: BreakerChange): void {
      logger.warn({ ...idOf(origin), ...change }, 'delivery breaker')
      metrics.countBreaker(change)
    },
    onLostReturn(origin: LogOrigin, error: unknown): void {
      logger.error({ ...idOf(origin), err: error }, 'what a refused message had counted could not be given back')
    },
    onLostDeliveryEvent(origin: LogOrigin, error: unknown): void {
      logger.error({ ...idOf(origin), err: error }, 'the event of a delivery could not be written')
    },
    onReceipt(origin: LogOrigin, notice: ReceiptNotice): void {
      logger.info({ ...idOf(origin), ...notice }, 'receipt')
      metrics.countReceipt(notice)
    },
    onSend(origin: LogOrigin, notice: SendNotice): void {
      logger.info({ ...idOf(origin), ...notice }, 'send')
      metrics.countSend(notice)
    },
    onSignIn(origin: LogOrigin, notice: SignInNotice): void {
      logger.info({ ...idOf(origin), ...notice }, 'sign-in')
      metrics.countSignIn(notice)
    },
    onGuessAlarm(origin: LogOrigin, { guesses, code }: { guesses: number; code?: ErrorCode | undefined }): void {
      logger.error({ ...idOf(origin), guesses, code }, 'wrong guesses in all have passed the alarm')
      metrics.countGuessAlarm()
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
