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

type NotifierDependencies = {
  delivery: Pick<Delivery, 'send'>
  messages: Messages
  deliveries: DeliveryTrail
  /** numbers whose owners want no messages of ours */
  optOuts: Readonly<{
    has: (identifier: string) => Promise<boolean>
    note: (identifier: string) => Promise<void>
  }>
  onDelivery: (origin: LogOrigin, event: DeliveryTelemetry) => void
  /** told where what a message brought about, which nobody waits for, could not be done */
  onLoss: (origin: LogOrigin, error: unknown) => void
}

export class Notifier {
  readonly #delivery: NotifierDependencies['delivery']
  readonly #messages: Messages
  readonly #deliveries: DeliveryTrail
  readonly #optOuts: NotifierDependencies['optOuts']
  readonly #onDelivery: NotifierDependencies['onDelivery']
  readonly #onLoss: NotifierDependencies['onLoss']
  /** deliveries that nobody waits for */
  readonly #underWay = new Set<Promise<unknown>>()

  constructor({ delivery, messages, deliveries, optOuts, onDelivery, onLoss }: NotifierDependencies) {
    this.#delivery = delivery
    this.#messages = messages
    this.#deliveries = deliveries
    this.#optOuts = optOuts
    this.#onDelivery = onDelivery
    this.#onLoss = onLoss
  }

  /** @param failure of the request, where the message cannot be delivered and its client waits to be told so */
  async #deliver(
    identifier: Identifier,
    message: Message,
    client: Client,
    failure?: ErrorCode,
  ): Promise<DeliveryReport> {
    const labels = metricLabelsOf(identifier)
    const report = await this.#delivery.send(message, client)
    this.#deliveries.note(client, { identifier: identifier.identifier, labels, report })
    if (report.outcome === 'accepted') this.#onDelivery(client, { kind: 'sent', driver: report.driver, ...labels })
    else this.#onDelivery(client, { kind: 'undelivered', outcome: report.outcome, code: failure, ...labels })
    if (report.outcome === 'refused' && report.reason !== undefined) {
      await this.#optOuts.note(identifier.identifier).catch((error: unknown) => this.#onLoss(client, error))
    }
    return report
  }

  async #notify(identifier: Identifier, message: Message, client: Client): Promise<void> {
    if (identifier.method === 'phone' && (await this.#optOuts.has(identifier.identifier))) return
    await this.#deliver(identifier, message, client)
  }

  #inBackground(client: Client, carried: Promise<unknown>): void {
    const work = carried.catch((error: unknown) => this.#onLoss(client, error))
    this.#underWay.add(work)
    work.finally(() => this.#underWay.delete(work))
  }

  #sendCode(identifier: Identifier, code: OutgoingCode, failure?: ErrorCode) {
    return this.#deliver(identifier, codeMessage(this.#messages, identifier, code), code.client, failure)
  }

  /**
   * Carries a code for somebody who waits to be told how it went.
   * @param failure what they are told where it could not be delivered
   */
  sendCode(identifier: Identifier, code: OutgoingCode, failure: ErrorCode) {
    return this.#sendCode(identifier, code, failure)
  }

  /**
   * Carries a code and lets nobody wait for it: the answer must not tell how long it took, nor that there was anything to prepare.
   * @param onReport what is to be done then
   */
  sendCodeInBackground(
    identifier: Identifier,
    code: OutgoingCode,
    onReport: (report: DeliveryReport) => Promise<void>,
  ) {
    return this.#inBackground(
      code.client,
      setImmediate()
        .then(() => this.#sendCode(identifier, code))
        .then(onReport),
    )
  }

  /** Tells that the ways to sign in have changed. What was changed stays so, whether or not this arrives. */
  notifyOfChange(identifier: Identifier, { languages, client }: OutgoingNotification) {
    return this.#inBackground(
      client,
      this.#notify(identifier, notificationMessage(this.#messages, identifier, languages), client),
    )
  }

  /** Tells that somebody signed in on a device that is not known. They stay signed in, whether or not this arrives. */
  notifyOfSignIn(identifier: Identifier, { languages, client }: OutgoingNotification) {
    return this.#inBackground(
      client,
      this.#deliver(identifier, notificationMessage(this.#messages, identifier, languages, 'signIn'), client),
    )
  }

  /** Tells that the other identifier leaves the account unless its owner signs in. */
  notifyOfLeaving(identifier: Identifier, { languages, client }: OutgoingNotification) {
    return this.#inBackground(
      client,
      this.#deliver(identifier, notificationMessage(this.#messages, identifier, languages, 'leaving'), client),
    )
  }

  /** Waits for what nobody waits for. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }
}
