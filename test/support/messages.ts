// The messages that the tests of drivers send, and what may become of them.
import {
  DeliveryRefused,
  type EmailMessage,
  RecipientOptedOut,
  RecipientRefused,
  type SmsMessage,
} from '../../src/messaging/sender.js'

const common = { code: '123456', text: '123456 is your code', locale: 'en', expiresIn: 300 }

export const sms: SmsMessage = { ...common, channel: 'sms', country: 'IN', to: '+919876543210' }
export const email: EmailMessage = {
  ...common,
  channel: 'email',
  to: 'ada@example.com',
  subject: 'Your code: 123456',
  html: '<p>123456 is your <b>code</b></p>',
}

/** `accepted`, or how the driver failed. */
export async function outcomeOf(sent: Promise<unknown>): Promise<string> {
  try {
    await sent
    return 'accepted'
  } catch (error) {
    if (error instanceof RecipientOptedOut) return 'opted out'
    if (error instanceof RecipientRefused) return 'recipient refused'
    return error instanceof DeliveryRefused ? 'refused' : 'uncertain'
  }
}
