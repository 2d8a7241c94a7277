// Who may report on messages: the drivers in use whose providers do.

import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../../config/config.js'
import { isSame } from '../../http/constant-time.js'
import { webhookSignature } from '../../http/webhook-signature.js'

/** Under which the routes stand. */
const prefix = '/webhooks'

export const receiptPaths = { prefix, webhook: '/delivery', twilio: '/twilio' } as const

/** Where Twilio is to report to, and what it signs with. */
export type TwilioSource = Readonly<{ authToken: string; url: string }>

/**
 * What Twilio is given as StatusCallback; there is none unless we know where it reaches us.
 * @param mount the prefix under which the service is reached
 */
export function twilioStatusCallback(publicUrl: string | undefined, mount = ''): string | undefined {
  return publicUrl && `${publicUrl}${mount}${prefix}${receiptPaths.twilio}`
}

/** Of the drivers in use, those that can be reported to. */
export function receiptSources(
  { delivery: { drivers }, publicUrl }: Pick<Config, 'delivery' | 'publicUrl'>,
  mount = '',
) {
  const inUse = [...drivers.sms, ...drivers.email]
  const webhook = inUse.find((driver) => driver.name === 'webhook')
  const twilio = inUse.find((driver) => driver.name === 'twilio')
  const url = twilioStatusCallback(publicUrl, mount)
  return {
    webhookKey: webhook?.key,
    twilio: twilio && url ? { authToken: twilio.authToken, url } : undefined,
  }
}

// Who a report comes from: the signatures of Standard Webhooks and of Twilio, compared in constant time.

/** Seconds that a signed call may be old or early: what Standard Webhooks' own libraries allow. */
const tolerance = 300

/**
 * Whether a call is signed as Standard Webhooks 1.0 and recent. Several signatures may come, separated by spaces, while a secret is
 * being replaced; versions other than `v1` are passed over.
 */
export function isSignedWebhook(headers: IncomingHttpHeaders, body: Uint8Array, key: Uint8Array): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name]?.toString() ?? '',
  )
  if (!id || !timestamp || !signatures || !/^[0-9]{1,12}$/.test(timestamp)) return false
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > tolerance) return false
  const expected = `v1,${webhookSignature(key, { id, timestamp, body })}`
  return signatures.split(' ').some((signature) => isSame(signature, expected))
}

/**
 * The signature of a call of Twilio: HMAC-SHA1 under the auth token over the URL as it was given to Twilio and each parameter's
 * name and value, sorted by name (Twilio, "Validating requests"). There is no time in it: whoever relies on it has to bear replays.
 */
export function twilioSignature(authToken: string, url: string, parameters: Readonly<Record<string, string>>): string {
  const names = Object.keys(parameters).sort()
  const text = url + names.map((name) => `${name}${parameters[name]}`).join('')
  return createHmac('sha1', authToken).update(text).digest('base64')
}
