// The driver for SMS through Twilio's Messages API (2010-04-01), or whatever else speaks it.
import type { TwilioSettings } from '../../config/driver-settings.js'
import { DeliveryRefused, RecipientRefused, type Sender } from '../sender.js'
import { createHttpPost, failureOf, isTaken } from './http-post.js'

export function createTwilioSender(settings: Omit<TwilioSettings, 'name'>): Sender {
  const { accountSid, authToken, origin, sender, statusCallback } = settings
  const { post, close } = createHttpPost('twilio')
  const url = `${origin}/2010-04-01/Accounts/${accountSid}/Messages.json`
  const headers = {
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  }

  return {
    name: 'twilio',
    async send({ channel, to, text }, signal) {
      if (channel !== 'sms') throw new DeliveryRefused('twilio carries SMS alone')
      const form = new URLSearchParams({ To: to, Body: text, ...sender })
      if (statusCallback !== undefined) form.set('StatusCallback', statusCallback)
      const answer = await post({ url, headers, body: form.toString(), signal })
      if (!isTaken(answer)) {
        // The status is a definite answer, whatever stands below it.
        const text = await answer.text().catch(() => '')
        throw failureOf('twilio', answer.status, codeOf(parseObject(text), 'code'))
      }
      const body = parseObject(await answer.text())
      if (body['status'] === 'failed' || body['status'] === 'undelivered') {
        throw new RecipientRefused(`twilio reports ${body['status']}${codeOf(body, 'error_code')}`)
      }
      const { sid } = body
      if (typeof sid !== 'string' || !/^[A-Z]{2}[0-9a-f]{32}$/.test(sid))
        throw new Error('twilio answered no message id')
      return { messageId: sid }
    },
    close,
  }
}

/** The members of a body, none where it is no JSON object. */
function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

/** Twilio's number for what went wrong (its words quote the recipient). */
function codeOf(body: Record<string, unknown>, member: string): string {
  const code = body[member]
  return Number.isSafeInteger(code) ? ` (${code})` : ''
}
