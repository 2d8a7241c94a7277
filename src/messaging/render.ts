// Words on their way to somebody: as an SMS or as a mail, as the recipient's identifier says.

import type { Message } from './sender.js'
import type { MessageParts, Messages } from './templates/messages.js'

/** Whom a message is for. */
export type Recipient = Readonly<
  | { method: 'email'; identifier: string }
  /** in E.164, and of which country (ISO 3166-1 alpha-2) */
  | { method: 'phone'; identifier: string; country: string }
>

/** The message with a code. */
export function codeMessage(messages: Messages, recipient: Recipient, parts: MessageParts): Message {
  const common = { to: recipient.identifier, code: parts.code, expiresIn: parts.expiresIn }
  if (recipient.method === 'email') return { channel: 'email', ...common, ...messages.email(parts) }
  return { channel: 'sms', country: recipient.country, ...common, ...messages.sms(parts) }
}

/**
 * The message that tells that the ways to sign in have changed, that somebody signed in on a device that is not known, or that the
 * other identifier leaves the account.
 * @param languages that the person may read (BCP 47), the most wanted first
 */
export function notificationMessage(
  messages: Messages,
  recipient: Recipient,
  languages: readonly string[],
  of: 'change' | 'signIn' | 'leaving' = 'change',
): Message {
  const to = recipient.identifier
  const { subject, text, html, sms, locale } = messages[`${of}Notification`](languages)
  if (recipient.method === 'email') return { channel: 'email', to, locale, subject, text, html }
  return { channel: 'sms', country: recipient.country, to, locale, text: sms }
}
