// The words of messages, in the language of whoever reads them.
import type { Config } from '../../config/config.js'
import type { MessageSettings } from '../../config/message-settings.js'
import { ConfigError } from '../../config/reader.js'
import type { EmailMessage, SmsMessage } from '../sender.js'
import { durationIn } from './duration.js'
import { emailPage, notificationPage } from './email-page.js'
import { createLanguageFinder } from './languages.js'
import { fittingText, smsSize, smsText } from './sms-text.js'
import { fill, readTemplates, type Template, type Values } from './template.js'

export type MessageParts = Readonly<{
  code: string
  /** seconds */
  expiresIn: number
  /** that the person may read (BCP 47), the most wanted first */
  languages: readonly string[]
}>

export type Messages = ReturnType<typeof createMessages>

/**
 * @param codes how long codes are and how long they are valid, to know before the first message what fits
 * @throws ConfigError for words that cannot be sent, naming file and key
 */
export function createMessages(settings: MessageSettings, codes: Pick<Config['otp'], 'length' | 'timeToLive'>) {
  const { byLocale, ownSms } = readTemplates(settings.directory)
  const locales: ReadonlySet<string> = new Set(byLocale.keys())
  const findLanguage = createLanguageFinder(locales)
  const defaultLocale = findLanguage([settings.defaultLocale]) ?? refuseLanguage(locales)

  /** The language among ours that is wanted most (BCP 47), or null. */
  function localeOf(languages: readonly string[]): string | null {
    return findLanguage(languages) ?? null
  }

  function wordsFor({ code, expiresIn, languages }: MessageParts) {
    const locale = localeOf(languages) ?? defaultLocale
    const values: Values = {
      code,
      app: settings.appName,
      duration: durationIn(locale, expiresIn, 'long'),
      shortDuration: durationIn(locale, expiresIn, 'short'),
    }
    return { locale, template: byLocale.get(locale) as Template, values }
  }

  /** Nothing in it is written by a stranger: only the operator's words and the code. */
  function sms(parts: MessageParts): Pick<SmsMessage, 'text' | 'locale'> {
    const { locale, template, values } = wordsFor(parts)
    return { locale, text: smsText(template, values, settings) }
  }

  /** The same for mail. */
  function email(parts: MessageParts): Pick<EmailMessage, 'subject' | 'text' | 'html' | 'locale'> {
    const { locale, template, values } = wordsFor(parts)
    const say = (sentence: string) => fill(sentence, values)
    const text = `${say(template.heading)} ${parts.code}

${say(template.validity)}
${say(template.warning)}

${say(template.unasked)}
`
    return { locale, subject: say(template.subject), text, html: emailPage({ locale, template, values }) }
  }

  /** A notice as an SMS and as a mail: no code, no link, nothing that was typed. */
  function notificationOf(kind: 'changed' | 'signedIn', languages: readonly string[]) {
    const locale = localeOf(languages) ?? defaultLocale
    const template = byLocale.get(locale) as Template
    const texts = template[kind].map((sentence) => fill(sentence, { app: settings.appName }))
    return {
      locale,
      sms: fittingText(texts),
      subject: String(texts.at(-1)),
      text: `${texts[0]}\n`,
      html: notificationPage({ locale, template, sentences: template[kind], app: settings.appName }),
    }
  }

  const sample = { code: '0'.repeat(codes.length), expiresIn: codes.timeToLive }
  const costly = [...locales].filter((locale) => smsSize(sms({ ...sample, languages: [locale] }).text).segments > 1)
  const refused = costly.filter((locale) => ownSms.has(locale))
  if (refused.length > 0) {
    throw new ConfigError(
      refused.map((locale) => `MESSAGES_DIR ${locale}.json: sms: none of these fits in one segment`),
    )
  }

  return {
    localeOf,
    sms,
    email,
    /** That the ways to sign in have changed. */
    changeNotification: (languages: readonly string[]) => notificationOf('changed', languages),
    /** That somebody signed in on a device that is not known. */
    signInNotification: (languages: readonly string[]) => notificationOf('signedIn', languages),
    locales,
    /** those whose SMS take more than one segment, with these settings */
    costly,
  }
}

function refuseLanguage(ours: ReadonlySet<string>): never {
  throw new ConfigError([`DEFAULT_LOCALE must be one of the languages of messages: ${[...ours].sort().join(', ')}`])
}
