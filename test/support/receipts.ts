// Reports on messages as a gateway and as Twilio send them, signed by the standard's own library and by Twilio's rule.
import { createHmac } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { Webhook } from 'standardwebhooks'

export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const twilioToken = '0123456789abcdef0123456789abcdef'
export const publicUrl = 'https://login.example.com'

type Signing = Readonly<{ secret?: string; id?: string; at?: Date }>

/** A report to `/webhooks/delivery`; a text is sent as it is. */
export function webhookReport(
  report: object | string,
  { secret = webhookSecret, id = 'msg_report', at = new Date() }: Signing = {},
): InjectOptions {
  const payload = typeof report === 'string' ? report : JSON.stringify(report)
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, payload),
  }
  return { payload, headers }
}

/** A status callback to `/webhooks/twilio`. */
export function twilioReport(
  parameters: Record<string, string>,
  { token = twilioToken, url = `${publicUrl}/webhooks/twilio` } = {},
): InjectOptions {
  const sorted = Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1))
  const signature = createHmac('sha1', token)
    .update(`${url}${sorted.flat().join('')}`)
    .digest('base64')
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }
  return { payload: new URLSearchParams(parameters).toString(), headers }
}
