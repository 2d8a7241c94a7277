// The words of a message.
import type { EmailMessage, SmsMessage } from './sender.js'

export type MessageParts = Readonly<{ appName: string; code: string /** seconds */; expiresIn: number }>

/** What the person reads. Nothing in it is written by a stranger: only the operator's name of the app and the code. */
export function smsWords({ appName, code, expiresIn }: MessageParts): Pick<SmsMessage, 'text'> {
  const minutes = Math.max(1, Math.floor(expiresIn / 60))
  return { text: `${code} is your ${appName} code, valid for ${minutes} min. Never share it.` }
}

/** The same for mail. */
export function emailWords(parts: MessageParts): Pick<EmailMessage, 'subject' | 'text' | 'html'> {
  const { text } = smsWords(parts)
  return { subject: `${parts.code} is your ${parts.appName} code`, text, html: `<p>${text}</p>` }
}
