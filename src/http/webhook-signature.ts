// The signature of Standard Webhooks 1.0, under one secret in both directions: of the messages we send, and of the receipts we get.
import { createHmac } from 'node:crypto'

export type SignedContent = Readonly<{
  /** the header `webhook-id` */
  id: string
  /** the header `webhook-timestamp`: seconds since 1970 */
  timestamp: string
  body: string | Uint8Array
}>

/** @returns in base64, without its `v1,` */
export function webhookSignature(key: Uint8Array, { id, timestamp, body }: SignedContent): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
}
