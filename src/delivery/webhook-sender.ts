// The driver for any gateway behind an HTTP endpoint of one's own: one signed POST a message (Standard Webhooks 1.0).
import { v7 as uuid } from 'uuid'
import { DeliveryRefused, type Message, type Sender } from './sender.js'
import { webhookSignature } from './webhook-signature.js'

export type WebhookSettings = Readonly<{ url: string /** the secret without `whsec_`, decoded */; key: Uint8Array }>

/** Errors of a connection that was never made: nothing was sent. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

export function createWebhookSender({ url, key }: WebhookSettings): Sender {
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
      const response = await post(url, { method: 'POST', headers, body, signal, redirect: 'error' })
      // Nothing in the body is ours to know; unread it would keep the connection busy.
      await response.body?.cancel()
      if (response.ok) return { messageId: headers['webhook-id'] }
      const reason = `the webhook answered ${response.status}`
      if (response.status < 500) throw new DeliveryRefused(reason)
      throw new Error(reason)
    },
  }
}

function payloadOf({ to, channel, code, text, locale, expiresIn }: Message) {
  return { to, channel, code, message: text, locale, expires_in: expiresIn }
}

async function post(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request)
  } catch (error) {
    const code = String(Reflect.get(Object(Object(error).cause), 'code'))
    if (neverSent.has(code)) throw new DeliveryRefused(`the webhook was not reached (${code})`, error)
    throw error
  }
}
