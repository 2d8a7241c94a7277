// Prints every message in every language, as the settings make them: `latchkey messages`, `latchkey messages hi ta`.

import { UsageError } from '../config/command-line.js'
import { parseMessagesSettings } from '../config/config.js'
import { Messages } from '../messaging/templates/messages.js'
import { smsSize } from '../messaging/templates/sms-text.js'
import { otherPurposes } from '../messaging/templates/template.js'
import { defineCommand, type WorkContext } from './command.js'
import { messages as declared } from './declarations.js'

export const messagesCommand = defineCommand(declared, printMessages)

type Settings = ReturnType<typeof parseMessagesSettings>

/** For people who review the words: no setting of anything else is asked for. */
async function printMessages({ words, environment, answer }: WorkContext<typeof declared.options>): Promise<number> {
  const settings = parseMessagesSettings(environment)
  const messages = new Messages(settings.messages, settings.codes)
  const unknown = words.filter((word) => !messages.locales.has(word))
  if (unknown.length > 0) {
    throw new UsageError(
      `There are no messages in ${unknown.join(', ')}, only in ${[...messages.locales].sort().join(', ')}`,
    )
  }
  const locales = words.length > 0 ? words : [...messages.locales].sort()
  const all = locales.map((locale) => messagesIn(locale, messages, settings))
  answer({ messages: all }, all.flatMap(linesOf))
  return 0
}

function messagesIn(locale: string, messages: Messages, { codes }: Settings) {
  const code = '1234567890'.slice(0, codes.length)
  const purposes = (['sign_in', ...otherPurposes] as const).map((purpose) => {
    const parts = { code, purpose, expiresIn: codes.timeToLive, languages: [locale] }
    const { text } = messages.sms(parts)
    const { subject, text: mail } = messages.email(parts)
    return { purpose, sms: { ...smsSize(text), text }, email: { subject, text: mail } }
  })
  const notices = {
    change: messages.changeNotification([locale]).sms,
    signIn: messages.signInNotification([locale]).sms,
  }
  return { locale, purposes, notices }
}

function linesOf({ locale, purposes, notices }: ReturnType<typeof messagesIn>): string[] {
  return [
    `=== ${locale}`,
    ...purposes.flatMap(({ purpose, sms: { encoding, units, segments, text }, email }) => [
      `--- SMS (${purpose}): ${units} ${encoding === 'GSM-7' ? 'septets of GSM-7' : 'units of UCS-2'}, segments: ${segments}`,
      text,
      `--- Email (${purpose}): ${email.subject}`,
      email.text,
    ]),
    '--- Notice of a change',
    notices.change,
    '--- Notice of a sign-in',
    notices.signIn,
  ]
}
