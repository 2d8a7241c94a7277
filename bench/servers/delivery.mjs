// How every server of the benchmark hands a code to the gateway: by the service's own webhook driver, one signed POST each.
import { createWebhookSender } from '../../dist/messaging/drivers/webhook.js'

/**
 * @param {Record<string, string | undefined>} environment
 * @returns {(to: string, code: string) => Promise<string | undefined>} E.164 and the code; the message's id; rejects where the gateway
 *   did not take it
 */
export function createDelivery(environment) {
  const key = Buffer.from(String(environment.SENDER_WEBHOOK_SECRET).slice('whsec_'.length), 'base64')
  const sender = createWebhookSender({ url: String(environment.SENDER_WEBHOOK_URL), key })
  return async (to, code) => {
    const text = `${code} is your Latchkey code, valid for 10 min. Never share it.`
    const message = { channel: 'sms', to, country: 'IN', code, text, locale: 'en', expiresIn: 600 }
    const { messageId } = await sender.send(message, AbortSignal.timeout(5_000))
    return messageId
  }
}
