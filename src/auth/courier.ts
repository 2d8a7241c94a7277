// Carries messages to people, a code or a notice, and tells the trail and the log how each went.
import { setImmediate } from 'node:timers/promises'
import type { DeliveryTrail } from '../audit/deliveries.js'
import { codeMessage, noticeMessage } from '../delivery/addressed.js'
import type { Delivery, DeliveryReport } from '../delivery/chain.js'
import type { MessageParts, Messages } from '../delivery/messages.js'
import type { Message } from '../delivery/sender.js'
import type { ErrorCode } from '../errors.js'
import type { Caller, LogOrigin } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'

/** What became of a message, to be logged and counted; with the code of the error where its request fails of it. */
export type CarriedNotice = Traffic &
  Readonly<
    | { kind: 'sent'; driver: string }
    | { kind: 'undelivered'; outcome: 'refused' | 'uncertain'; code?: ErrorCode | undefined }
  >

/** A code, and whoever asked for it. */
export type OutgoingCode = MessageParts & Readonly<{ caller: Caller }>

/** That the ways to sign in have changed: to whom it is told, and who changed them. */
export type OutgoingNotice = Readonly<{ languages: readonly string[]; caller: Caller }>

export type Courier = ReturnType<typeof createCourier>

type CourierDependencies = {
  delivery: Delivery
  messages: Messages
  deliveries: DeliveryTrail
  onCarried: (origin: LogOrigin, notice: CarriedNotice) => void
  /** told where what a message brought about, which nobody waits for, could not be done */
  onLoss: (origin: LogOrigin, error: unknown) => void
}

export function createCourier({ delivery, messages, deliveries, onCarried, onLoss }: CourierDependencies) {
  /** deliveries that nobody waits for */
  const underWay = new Set<Promise<unknown>>()

  /** @param failure of the request, where the message cannot be delivered and its caller waits to be told so */
  async function carry(
    identifier: Identifier,
    message: Message,
    caller: Caller,
    failure?: ErrorCode,
  ): Promise<DeliveryReport> {
    const traffic = trafficOf(identifier)
    const report = await delivery.send(message, caller)
    deliveries.note(caller, { identifier: identifier.identifier, traffic, report })
    if (report.outcome === 'accepted') onCarried(caller, { kind: 'sent', driver: report.driver, ...traffic })
    else onCarried(caller, { kind: 'undelivered', outcome: report.outcome, code: failure, ...traffic })
    return report
  }

  function unawaited(caller: Caller, carried: Promise<unknown>): void {
    const work = carried.catch((error: unknown) => onLoss(caller, error))
    underWay.add(work)
    work.finally(() => underWay.delete(work))
  }

  const carryCode = (identifier: Identifier, code: OutgoingCode, failure?: ErrorCode) =>
    carry(identifier, codeMessage(messages, identifier, code), code.caller, failure)

  return {
    /**
     * Carries a code for somebody who waits to be told how it went.
     * @param failure what they are told where it could not be delivered
     */
    carryCode: (identifier: Identifier, code: OutgoingCode, failure: ErrorCode) => carryCode(identifier, code, failure),
    /**
     * Carries a code and lets nobody wait for it: the answer must not tell how long it took, nor that there was anything to prepare.
     * @param onReport what is to be done then
     */
    carryCodeUnawaited: (
      identifier: Identifier,
      code: OutgoingCode,
      onReport: (report: DeliveryReport) => Promise<void>,
    ) =>
      unawaited(
        code.caller,
        setImmediate()
          .then(() => carryCode(identifier, code))
          .then(onReport),
      ),
    /** Tells that the ways to sign in have changed. What was changed stays so, whether or not this arrives. */
    tellOfChange: (identifier: Identifier, { languages, caller }: OutgoingNotice) =>
      unawaited(caller, carry(identifier, noticeMessage(messages, identifier, languages), caller)),
    /** Waits for what nobody waits for. */
    async settle(): Promise<void> {
      await Promise.all(underWay)
    },
  }
}
