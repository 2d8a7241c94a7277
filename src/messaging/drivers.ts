// Makes the drivers that the settings name, and ends them.
import type { Config } from '../config/config.js'
import type { DriverSettings } from '../config/driver-settings.js'
import { createConsoleSender } from './drivers/console.js'
import { createSmtpSender } from './drivers/smtp.js'
import { createTwilioSender } from './drivers/twilio.js'
import { createWebhookSender } from './drivers/webhook.js'
import { deliveryTime, type Senders } from './failover.js'
import type { Sender } from './sender.js'

/**
 * @param write where the driver `console` shows codes
 * @param statusCallback a URL of ours where Twilio is to report what became of a message
 */
export function createSenders(
  { drivers, smsRoutes }: Pick<Config['delivery'], 'drivers' | 'smsRoutes'>,
  write: (text: string) => void,
  statusCallback?: string,
) {
  const create = (settings: DriverSettings, connectTime: number | undefined): Sender => {
    switch (settings.name) {
      case 'console':
        return createConsoleSender(write)
      case 'smtp':
        return createSmtpSender(settings, { connectTime })
      case 'twilio':
        return createTwilioSender({ ...settings, ...(statusCallback && { statusCallback }) }, connectTime)
      case 'webhook':
        return createWebhookSender(settings, connectTime)
    }
  }
  // Where every country has a route, nobody goes by the list of all.
  const listed = smsRoutes.has('*') ? [] : [drivers.sms.map(({ name }) => name)]
  const smsLines = [...listed, ...smsRoutes.values()]
  const emailLines = [drivers.email.map(({ name }) => name)]
  const all = (settings: readonly DriverSettings[], lines: readonly (readonly string[])[]) =>
    settings.map((driver) => create(driver, isAlone(driver.name, lines) ? connectTimeAlone : undefined))
  return { sms: all(drivers.sms, smsLines), email: all(drivers.email, emailLines) } satisfies Senders
}

/**
 * Milliseconds that a connection may take where there is no other driver to try: nearly the whole of a delivery's time, so that it is
 * known at its end that nothing was sent.
 */
const connectTimeAlone = deliveryTime.total - 500

/** Whether no line of drivers has another one beside it. */
function isAlone(name: string, lines: readonly (readonly string[])[]): boolean {
  return lines.every((line) => !line.includes(name) || line.length === 1)
}

export async function closeSenders({ sms, email }: Senders): Promise<void> {
  await Promise.all([...sms, ...email].map((sender) => sender.close?.()))
}
