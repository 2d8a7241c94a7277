// Carries messages to people, a code or a notice, and tells the trail and the log how each went.
import { setImmediate } from 'node:timers/promises'
import type { DeliveryTrail } from '../audit/deliveries.js'
import type { ErrorCode } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { type Identifier, type MetricLabels, metricLabelsOf } from '../identifiers/parser.js'
import type { Delivery, DeliveryReport } from './failover.js'
import { codeMessage, notificationMessage } from './render.js'
import type { Message } from './sender.js'
import type { MessageParts, Messages } from './templates/messages.js'

/** What became of a message, to be logged and counted; with the code of the error where its request fails of it. */
export type DeliveryTelemetry = MetricLabels &
  Readonly<
    | { kind: 'sent'; driver: string }
    | { kind: 'undelivered'; outcome: 'refused' | 'uncertain'; code?: ErrorCode | undefined }
  >

/** A code, and whoever asked for it. */
export type OutgoingCode = MessageParts & Readonly<{ client: Client }>

/** A notice: the languages that it may be in (BCP 47), and whose request it tells of. */
export type OutgoingNotification = Readonly<{ languages: readonly string[]; client: Client }>

export type Notifier = ReturnType<typeof createNotifier>

type NotifierDependencies = {
  delivery: Delivery
  messages: Messages
  deliveries: DeliveryTrail
  onDelivery: (origin: LogOrigin, event: DeliveryTelemetry) => void
  /** told where what a message brought about, which nobody waits for, could not be done */
  onLoss: (origin: LogOrigin, error: unknown) => void
}

export function createNotifier({ delivery, messages, deliveries, onDelivery, onLoss }: NotifierDependencies) {
  /** deliveries that nobody waits for */
  const underWay = new Set<Promise<unknown>>()

  /** @param failure of the request, where the message cannot be delivered and its client waits to be told so */
  async function deliver(
    identifier: Identifier,
    message: Message,
    client: Client,
    failure?: ErrorCode,
  ): Promise<DeliveryReport> {
    const labels = metricLabelsOf(identifier)
    const report = await delivery.send(message, client)
    deliveries.note(client, { identifier: identifier.identifier, labels, report })
    if (report.outcome === 'accepted') onDelivery(client, { kind: 'sent', driver: report.driver, ...labels })
    else onDelivery(client, { kind: 'undelivered', outcome: report.outcome, code: failure, ...labels })
    return report
  }

  function inBackground(client: Client, carried: Promise<unknown>): void {
    const work = carried.catch((error: unknown) => onLoss(client, error))
    underWay.add(work)
    work.finally(() => underWay.delete(work))
  }

  const sendCode = (identifier: Identifier, code: OutgoingCode, failure?: ErrorCode) =>
    deliver(identifier, codeMessage(messages, identifier, code), code.client, failure)

  return {
    /**
     * Carries a code for somebody who waits to be told how it went.
     * @param failure what they are told where it could not be delivered
     */
    sendCode: (identifier: Identifier, code: OutgoingCode, failure: ErrorCode) => sendCode(identifier, code, failure),
    /**
     * Carries a code and lets nobody wait for it: the answer must not tell how long it took, nor that there was anything to prepare.
     * @param onReport what is to be done then
     */
    sendCodeInBackground: (
      identifier: Identifier,
      code: OutgoingCode,
      onReport: (report: DeliveryReport) => Promise<void>,
    ) =>
      inBackground(
        code.client,
        setImmediate()
          .then(() => sendCode(identifier, code))
          .then(onReport),
      ),
    /** Tells that the ways to sign in have changed. What was changed stays so, whether or not this arrives. */
    notifyOfChange: (identifier: Identifier, { languages, client }: OutgoingNotification) =>
      inBackground(client, deliver(identifier, notificationMessage(messages, identifier, languages), client)),
    /** Tells that somebody signed in on a device that is not known. They stay signed in, whether or not this arrives. */
    notifyOfSignIn: (identifier: Identifier, { languages, client }: OutgoingNotification) =>
      inBackground(client, deliver(identifier, notificationMessage(messages, identifier, languages, 'signIn'), client)),
    /** Waits for what nobody waits for. */
    async settle(): Promise<void> {
      await Promise.all(underWay)
    },
  }
}
