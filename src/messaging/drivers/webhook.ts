// The driver for any gateway behind an HTTP endpoint of one's own: one signed POST a message (Standard Webhooks 1.0).
import { v7 as uuid } from 'uuid'
import type { WebhookSettings } from '../../config/driver-settings.js'
import type { Message, Sender } from '../sender.js'
import { createHttpPost, failureOf, isTaken } from './http-post.js'
import { webhookSignature } from './webhook-signature.js'

export function createWebhookSender({ url, key }: Omit<WebhookSettings, 'name'>): Sender {
  const { post, close } = createHttpPost('the webhook')

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
      // The status says all; nothing in the body is ours to know.
      answer.discard()
      if (!isTaken(answer)) throw failureOf('the webhook', answer.status)
      return { messageId: headers['webhook-id'] }
    },
    close,
  }
}

function payloadOf({ to, channel, code, text, locale, expiresIn }: Message) {
  return { to, channel, code, message: text, locale, expires_in: expiresIn }
}
