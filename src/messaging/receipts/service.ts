// Receipts: how a message ended, as its provider reports it, written and counted once for each message.
import type { DeliveryTrail, Receipt } from '../../audit/deliveries.js'
import type { Client, LogOrigin } from '../../http/client.js'
import { maskPersonalData } from '../../http/logger.js'
import type { MetricLabels } from '../../identifiers/parser.js'

/** A message that has ended, to be logged and counted. */
export type ReceiptTelemetry = MetricLabels & Pick<Receipt, 'driver' | 'status'>

/** What a provider reports, `hasOptedOut` where it says that the recipient wants no messages of ours. */
export type ReportedEnd = Receipt & Readonly<{ hasOptedOut?: boolean }>

type ReceiptsDependencies = {
  deliveries: DeliveryTrail
  optOuts: Readonly<{ noteHash: (identifierHash: Uint8Array<ArrayBuffer>) => Promise<void> }>
  onReceipt: (origin: LogOrigin, event: ReceiptTelemetry) => void
}

export class Receipts {
  readonly #deliveries: DeliveryTrail
  readonly #optOuts: ReceiptsDependencies['optOuts']
  readonly #onReceipt: ReceiptsDependencies['onReceipt']

  constructor({ deliveries, optOuts, onReceipt }: ReceiptsDependencies) {
    this.#deliveries = deliveries
    this.#optOuts = optOuts
    this.#onReceipt = onReceipt
  }

  /**
   * Takes a receipt. The first one of a message stands: the same again, and another end after it, change nothing.
   * @param receipt its reason may quote a number or an address, which is not kept
   * @returns whether a message of ours is meant
   */
  async take(client: Client, { reason, ...receipt }: ReportedEnd): Promise<boolean> {
    const row = await this.#deliveries.receive(client, { ...receipt, reason: reason && maskPersonalData(reason) })
    if (row === undefined) return false
    // Each time that it is reported: what is done of it does no harm twice, and a report that failed here is made again.
    if (receipt.hasOptedOut && row.identifierHash !== null) await this.#optOuts.noteHash(row.identifierHash)
    if (row.isNew) {
      const { driver, status } = receipt
      this.#onReceipt(client, { channel: row.channel, country: row.country, driver, status })
    }
    return true
  }
}
