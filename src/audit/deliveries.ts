// What became of messages: an event when a driver took one or none did, and another when its provider tells how it ended.
import type { Database } from '../database/client.js'
import { isDatabaseUnavailable } from '../database/failures.js'
import type { Client, LogOrigin } from '../http/client.js'
import type { MetricLabels } from '../identifiers/parser.js'
import { type EventRow, identifierHash, insertEvents } from './events.js'

export type DeliveryEvent = Readonly<{
  /** canonical; only its digest is kept */
  identifier: string
  labels: MetricLabels
  report: Readonly<{
    outcome: 'accepted' | 'refused' | 'uncertain'
    driver?: string
    /** the provider's id of the message, where it has one */
    messageId?: string | undefined
  }>
}>

/** How a message ended, as its provider says. */
export type Receipt = Readonly<{
  driver: string
  messageId: string
  status: 'delivered' | 'failed'
  /** up to 200 characters, nothing personal */
  reason: string | null
}>

/** The message that a receipt is about. `isNew` is false where its end was known already. */
export type ReceivedRow = MetricLabels & Readonly<{ isNew: boolean }>

type DeliveryTrailDependencies = {
  database: Database
  eventKey: string
  /** told of an event that could not be written */
  onLoss: (origin: LogOrigin, error: unknown) => void
}

/** Milliseconds that an event waits for others, which nobody notices: twenty in one statement cost little more than one. */
const gathering = 20
/** Events in one statement; where as many wait, they wait no longer. */
const maxAtOnce = 100

export class DeliveryTrail {
  readonly #database: Database
  readonly #eventKey: string
  readonly #onLoss: DeliveryTrailDependencies['onLoss']
  /** noted, not yet being written */
  #waiting: EventRow[] = []
  /** the write that these go out with, or the last one */
  #writing = Promise.resolve()
  /** ends their wait for others */
  #hurry = () => {}

  constructor({ database, eventKey, onLoss }: DeliveryTrailDependencies) {
    this.#database = database
    this.#eventKey = eventKey
    this.#onLoss = onLoss
  }

  /** Writes how a delivery went. Nobody waits for it: the message is out, whether or not this can be written. */
  note(client: Client, { identifier, labels, report }: DeliveryEvent): void {
    if (this.#waiting.length === 0) this.#writing = this.#writeAfter(this.#writing)
    this.#waiting.push({
      event: `delivery_${report.outcome}`,
      identifierHash: identifierHash(this.#eventKey, identifier),
      network: client.network,
      requestId: client.requestId,
      ...labels,
      driver: report.driver,
      messageId: report.messageId,
    })
    if (this.#waiting.length >= maxAtOnce) this.#hurry()
  }

  /** One write at a time, so that a burst of events is a few commits and one connection. */
  async #writeAfter(before: Promise<void>): Promise<void> {
    await Promise.all([before, this.#gather()])
    const rows = this.#waiting
    this.#waiting = []
    for (let start = 0; start < rows.length; start += maxAtOnce) await this.#write(rows.slice(start, start + maxAtOnce))
  }

  #gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gathering)
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #write(rows: readonly EventRow[]): Promise<void> {
    try {
      await insertEvents(this.#database, rows)
    } catch (error) {
      // An event that cannot be written takes no others along; where the database cannot be asked, none can be.
      if (rows.length === 1 || isDatabaseUnavailable(error)) for (const row of rows) this.#onLoss(row, error)
      else for (const row of rows) await this.#write([row])
    }
  }

  /** Writes the events that nobody waits for, at once. */
  async settle(): Promise<void> {
    this.#hurry()
    await this.#writing
  }

  /**
   * Writes how a message ended, the first time that its provider says so.
   * @returns undefined where that driver was given no message of that id
   */
  async receive(
    { network, requestId }: Client,
    { driver, messageId, status, reason }: Receipt,
  ): Promise<ReceivedRow | undefined> {
    // Some providers are quicker than the event of their message.
    await this.settle()
    const message = await this.#database.authEvent.findFirst({
      where: { event: 'delivery_accepted', messageId, driver },
      orderBy: { id: 'desc' },
    })
    if (message === null) return undefined
    const { identifierHash, channel, country } = message
    const event = status === 'delivered' ? 'delivery_confirmed' : 'delivery_failed'
    const end = { event, identifierHash, network, requestId, detail: reason, channel, country, driver, messageId }
    // One end for each message: the unique index decides between two that come at once.
    const { count } = await this.#database.authEvent.createMany({ data: [end], skipDuplicates: true })
    return { channel: channel as ReceivedRow['channel'], country, isNew: count === 1 }
  }
}
