// What the services tell while they work: a line in the log and a count for each.
import type { Logger } from 'pino'
import type { SendNotice } from './auth/send-code.js'
import type { SignInNotice } from './auth/sign-in.js'
import type { BreakerChange, FailedAttempt } from './delivery/chain.js'
import type { Metrics } from './operations/metrics.js'
import type { ReceiptNotice } from './receipts/service.js'

export type Notices = ReturnType<typeof createNotices>

export function createNotices(logger: Logger, metrics: Metrics) {
  return {
    onFailedAttempt({ error, ...attempt }: FailedAttempt): void {
      logger.warn({ ...attempt, err: error }, 'delivery attempt failed')
      metrics.countFailedAttempt(attempt)
    },
    onBreaker(change: BreakerChange): void {
      logger.warn(change, 'delivery breaker')
      metrics.countBreaker(change)
    },
    onLostReturn(error: unknown): void {
      logger.error({ err: error }, 'what a refused message had counted could not be given back')
    },
    onLostDeliveryEvent(error: unknown): void {
      logger.error({ err: error }, 'the event of a delivery could not be written')
    },
    onReceipt(notice: ReceiptNotice): void {
      logger.info(notice, 'receipt')
      metrics.countReceipt(notice)
    },
    onSend(notice: SendNotice): void {
      logger.info(notice, 'send')
      metrics.countSend(notice)
    },
    onSignIn(notice: SignInNotice): void {
      logger.info(notice, 'sign-in')
      metrics.countSignIn(notice)
    },
    onGuessAlarm(guesses: number): void {
      logger.error({ guesses }, 'wrong guesses in all have passed the alarm')
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
