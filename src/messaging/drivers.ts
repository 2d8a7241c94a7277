// Makes the drivers that the settings name, and ends them.
import type { Config } from '../config/config.js'
import type { DriverSettings } from '../config/driver-settings.js'
import { createConsoleSender } from './drivers/console.js'
import { createSmtpSender } from './drivers/smtp.js'
import { createTwilioSender } from './drivers/twilio.js'
import { createWebhookSender } from './drivers/webhook.js'
import type { Senders } from './failover.js'
import type { Sender } from './sender.js'

/**
 * @param write where the driver `console` shows codes
 * @param statusCallback a URL of ours where Twilio is to report what became of a message
 */
export function createSenders(
  { drivers }: Pick<Config['delivery'], 'drivers'>,
  write: (text: string) => void,
  statusCallback?: string,
) {
  const create = (settings: DriverSettings): Sender => {
    switch (settings.name) {
      case 'console':
        return createConsoleSender(write)
      case 'smtp':
        return createSmtpSender(settings)
      case 'twilio':
        return createTwilioSender({ ...settings, ...(statusCallback && { statusCallback }) })
      case 'webhook':
        return createWebhookSender(settings)
    }
  }
  return { sms: drivers.sms.map(create), email: drivers.email.map(create) } satisfies Senders
}

export async function closeSenders({ sms, email }: Senders): Promise<void> {
  await Promise.all([...sms, ...email].map((sender) => sender.close?.()))
}
