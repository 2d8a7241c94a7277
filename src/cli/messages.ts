// Prints every message in every language, as the settings make them: `npm run messages`, `npm run messages -- hi ta`.

import { UsageError } from '../config/command-line.js'
import { parseMessagesSettings } from '../config/config.js'
import { Messages } from '../messaging/templates/messages.js'
import { smsSize } from '../messaging/templates/sms-text.js'
import { otherPurposes } from '../messaging/templates/template.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'

export const messagesCommand = defineCommand(
  {
    script: 'messages',
    summary: 'Prints every message in every language, as the settings make them.',
    words: {
      usage: '[LANGUAGE…]',
      description: 'only these, such as hi ta',
      minimum: 0,
      maximum: Number.POSITIVE_INFINITY,
    },
  },
  printMessages,
)

/** For people who review the words: no setting of anything else is asked for. */
async function printMessages({ words, environment, print }: WorkContext): Promise<number> {
  const settings = parseMessagesSettings(environment)
  const messages = new Messages(settings.messages, settings.codes)
  const unknown = words.filter((word) => !messages.locales.has(word))
  if (unknown.length > 0) {
    throw new UsageError(
      `There are no messages in ${unknown.join(', ')}, only in ${[...messages.locales].sort().join(', ')}`,
    )
  }
  const code = '1234567890'.slice(0, settings.codes.length)
  for (const locale of words.length > 0 ? words : [...messages.locales].sort()) {
    print(`=== ${locale}`)
    for (const purpose of ['sign_in', ...otherPurposes] as const) {
      const parts = { code, purpose, expiresIn: settings.codes.timeToLive, languages: [locale] }
      const { text } = messages.sms(parts)
      const { encoding, units, segments } = smsSize(text)
      const mail = messages.email(parts)
      const alphabet = encoding === 'GSM-7' ? 'septets of GSM-7' : 'units of UCS-2'
      print(`--- SMS (${purpose}): ${units} ${alphabet}, segments: ${segments}`)
      print(text)
      print(`--- Email (${purpose}): ${mail.subject}`)
      print(mail.text)
    }
    print('--- Notice of a change')
    print(messages.changeNotification([locale]).sms)
    print('--- Notice of a sign-in')
    print(messages.signInNotification([locale]).sms)
  }
  return 0
}

await runIfMain(import.meta.url, messagesCommand)
