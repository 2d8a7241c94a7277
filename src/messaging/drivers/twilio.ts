// The driver for SMS through Twilio's Messages API (2010-04-01), or whatever else speaks it.
import type { TwilioSettings } from '../../config/driver-settings.js'
import { parseObject } from '../../http/answer-text.js'
import { DeliveryRefused, type Sender } from '../sender.js'
import { createHttpPost, failureOf, isTaken, refusals } from './http-post.js'

/** The recipient answered STOP (Twilio, error 21610). */
export const optedOut = 21_610

/**
 * Twilio's errors that come as 400 and are about us: the number, name or service that sends, and whether it may (212xx, 216xx, 217xx), the
 * account (10001, 30002), a number that no carrier knows (30034). What is left is about the recipient.
 */
const aboutTheSender: ReadonlySet<unknown> = new Set([
  ...[10_001, 10_002, 21_210, 21_212, 21_264, 21_603, 21_606, 21_609, 21_611, 21_617, 21_619, 21_659, 21_660, 21_661],
  ...[21_701, 21_703, 21_704, 21_705, 30_002, 30_034],
])

/** @param connectTime milliseconds that a connection may take */
export function createTwilioSender(settings: Omit<TwilioSettings, 'name'>, connectTime?: number): Sender {
  const { accountSid, authToken, origin, sender, statusCallback } = settings
  const { post, close } = createHttpPost('twilio', connectTime)
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
        const error = parseObject(text)
        throw failureOf('twilio', answer.status, { detail: codeOf(error, 'code'), about: aboutOf(error['code']) })
      }
      const body = parseObject(await answer.text())
      if (body['status'] === 'failed' || body['status'] === 'undelivered') {
        const reason = `twilio reports ${body['status']}${codeOf(body, 'error_code')}`
        throw new refusals[aboutOf(body['error_code']) ?? 'recipient'](reason)
      }
      const { sid } = body
      if (typeof sid !== 'string' || !/^[A-Z]{2}[0-9a-f]{32}$/.test(sid))
        throw new Error('twilio answered no message id')
      return { messageId: sid }
    },
    close,
  }
}

function aboutOf(code: unknown): keyof typeof refusals | undefined {
  if (code === optedOut) return 'optedOut'
  return aboutTheSender.has(code) ? 'sender' : undefined
}

/** Twilio's number for what went wrong (its words quote the recipient). */
function codeOf(body: Record<string, unknown>, member: string): string {
  const code = body[member]
  return Number.isSafeInteger(code) ? ` (${code})` : ''
}
