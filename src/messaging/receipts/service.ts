// Receipts: how a message ended, as its provider reports it, written and counted once for each message.
import type { DeliveryTrail, Receipt } from '../../audit/deliveries.js'
import type { Client, LogOrigin } from '../../http/client.js'
import { maskPersonalData } from '../../http/logger.js'
import type { MetricLabels } from '../../identifiers/parser.js'

/** A message that has ended, to be logged and counted. */
export type ReceiptTelemetry = MetricLabels & Pick<Receipt, 'driver' | 'status'>

type ReceiptsDependencies = {
  deliveries: DeliveryTrail
  onReceipt: (origin: LogOrigin, event: ReceiptTelemetry) => void
}

export class Receipts {
  readonly #deliveries: DeliveryTrail
  readonly #onReceipt: ReceiptsDependencies['onReceipt']

  constructor({ deliveries, onReceipt }: ReceiptsDependencies) {
    this.#deliveries = deliveries
    this.#onReceipt = onReceipt
  }

  /**
   * Takes a receipt. The first one of a message stands: the same again, and another end after it, change nothing.
   * @param receipt its reason may quote a number or an address, which is not kept
   * @returns whether a message of ours is meant
   */
  async take(client: Client, { reason, ...receipt }: Receipt): Promise<boolean> {
    const row = await this.#deliveries.receive(client, { ...receipt, reason: reason && maskPersonalData(reason) })
    if (row?.isNew) {
      const { driver, status } = receipt
      this.#onReceipt(client, { channel: row.channel, country: row.country, driver, status })
    }
    return row !== undefined
  }
}
