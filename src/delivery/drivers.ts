// Makes the drivers that the settings name.
import type { Config } from '../config/config.js'
import type { DriverSettings } from '../config/delivery-settings.js'
import { createConsoleSender } from './console-sender.js'
import type { Sender } from './sender.js'
import { createWebhookSender } from './webhook-sender.js'

/** @param write where the driver `console` shows codes */
export function createSenders({ drivers }: Config['delivery'], write: (text: string) => void) {
  const create = (settings: DriverSettings): Sender => {
    switch (settings.name) {
      case 'console':
        return createConsoleSender(write)
      case 'webhook':
        return createWebhookSender(settings)
    }
  }
  return { sms: drivers.sms.map(create), email: drivers.email.map(create) }
}
