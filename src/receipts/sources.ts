// Who may report on messages: the drivers in use whose providers do.
import type { Config } from '../config/config.js'

/** Under which the routes stand. */
const prefix = '/webhooks'

export const receiptPaths = { prefix, webhook: '/delivery', twilio: '/twilio' } as const

/** Where Twilio is to report to, and what it signs with. */
export type TwilioSource = Readonly<{ authToken: string; url: string }>

/** What Twilio is given as StatusCallback; there is none unless we know where it reaches us. */
export function twilioStatusCallback(publicUrl: string | undefined): string | undefined {
  return publicUrl && `${publicUrl}${prefix}${receiptPaths.twilio}`
}

/** Of the drivers in use, those that can be reported to. */
export function receiptSources({ delivery: { drivers }, publicUrl }: Pick<Config, 'delivery' | 'publicUrl'>) {
  const inUse = [...drivers.sms, ...drivers.email]
  const webhook = inUse.find((driver) => driver.name === 'webhook')
  const twilio = inUse.find((driver) => driver.name === 'twilio')
  const url = twilioStatusCallback(publicUrl)
  return {
    webhookKey: webhook?.key,
    twilio: twilio && url ? { authToken: twilio.authToken, url } : undefined,
  }
}
