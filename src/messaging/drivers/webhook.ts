// The driver for any gateway behind an HTTP endpoint of one's own: one signed POST a message (Standard Webhooks 1.0).
import { v7 as uuid } from 'uuid'
import type { WebhookSettings } from '../../config/driver-settings.js'
import { parseObject } from '../../http/answer-text.js'
import { webhookSignature } from '../../http/webhook-signature.js'
import type { Message, Sender } from '../sender.js'
import { createHttpPost, failureOf, isTaken, type refusals } from './http-post.js'

/** What a gateway may say of a message that it refuses, `{"reason": …}` in a 4xx: whom that is about. */
const reasons: Readonly<Record<string, keyof typeof refusals>> = {
  recipient_opted_out: 'optedOut',
  recipient_refused: 'recipient',
  sender_refused: 'sender',
}

/** @param connectTime milliseconds that a connection may take */
export function createWebhookSender({ url, key }: Omit<WebhookSettings, 'name'>, connectTime?: number): Sender {
  const { post, close } = createHttpPost('the webhook', connectTime)

  function signedHeaders(body: string) {
    const id = `msg_${uuid()}`
    const timestamp = Math.floor(Date.now() / 1000).toString()
    const signature = webhookSignature(key, { id, timestamp, body })
    return {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    }
  }

  return {
    name: 'webhook',
    async send(message, signal) {
      const body = JSON.stringify(payloadOf(message))
      const headers = signedHeaders(body)
      const answer = await post({ url, headers, body, signal })
      if (isTaken(answer)) {
        // The status says all; nothing in the body is ours to know.
        answer.discard()
        return { messageId: headers['webhook-id'] }
      }
      // The status is a definite answer, whatever stands below it.
      const { reason } = parseObject(await answer.text().catch(() => ''))
      throw failureOf('the webhook', answer.status, {
        about: Object.hasOwn(reasons, String(reason)) ? reasons[String(reason)] : undefined,
      })
    },
    close,
  }
}

function payloadOf({ to, channel, code, text, locale, expiresIn }: Message) {
  return { to, channel, code, message: text, locale, expires_in: expiresIn }
}
