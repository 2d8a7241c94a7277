// The words of messages, in the language of whoever reads them.
import type { Config } from '../../config/config.js'
import type { MessageSettings } from '../../config/message-settings.js'
import { ConfigError } from '../../config/reader.js'
import type { EmailMessage, SmsMessage } from '../sender.js'
import { durationIn } from './duration.js'
import { emailPage, notificationPage } from './email-page.js'
import { createLanguageFinder } from './languages.js'
import { fittingText, smsSize, smsText } from './sms-text.js'
import { type CodePurpose, fill, readTemplates, type Template, type Values } from './template.js'

export type MessageParts = Readonly<{
  code: string
  /** seconds */
  expiresIn: number
  /** what it is for: to sign in unless given */
  purpose?: CodePurpose
  /** that the person may read (BCP 47), the most wanted first */
  languages: readonly string[]
}>

/**
 * @param codes how long codes are and how long they are valid, to know before the first message what fits
 * @throws ConfigError for words that cannot be sent, naming file and key
 */
export class Messages {
  readonly #settings: MessageSettings
  readonly #byLocale
  readonly locales: ReadonlySet<string>
  readonly #findLanguage
  readonly #defaultLocale
  readonly costly

  constructor(settings: MessageSettings, codes: Pick<Config['otp'], 'length' | 'timeToLive'>) {
    this.#settings = settings
    const { byLocale, ownSms } = readTemplates(settings.directory)
    this.#byLocale = byLocale
    this.locales = new Set(this.#byLocale.keys())
    this.#findLanguage = createLanguageFinder(this.locales)
    this.#defaultLocale = this.#findLanguage([settings.defaultLocale]) ?? refuseLanguage(this.locales)
    const sample = { code: '0'.repeat(codes.length), expiresIn: codes.timeToLive }
    this.costly = [...this.locales].filter(
      (locale) => smsSize(this.sms({ ...sample, languages: [locale] }).text).segments > 1,
    )
    const refused = this.costly.filter((locale) => ownSms.has(locale))
    if (refused.length > 0) {
      throw new ConfigError(
        refused.map((locale) => `MESSAGES_DIR ${locale}.json: sms: none of these fits in one segment`),
      )
    }
  }

  /** The language among ours that is wanted most (BCP 47), or null. */
  localeOf(languages: readonly string[]): string | null {
    return this.#findLanguage(languages) ?? null
  }

  #wordsFor({ code, expiresIn, languages, purpose }: MessageParts) {
    const locale = this.localeOf(languages) ?? this.#defaultLocale
    const values: Values = {
      code,
      app: this.#settings.appName,
      duration: durationIn(locale, expiresIn, 'long'),
      shortDuration: durationIn(locale, expiresIn, 'short'),
    }
    return { locale, template: templateFor(this.#byLocale.get(locale) as Template, purpose), values }
  }

  /** Nothing in it is written by a stranger: only the operator's words and the code. */
  sms(parts: MessageParts): Pick<SmsMessage, 'text' | 'locale'> {
    const { locale, template, values } = this.#wordsFor(parts)
    return { locale, text: smsText(template, values, this.#settings) }
  }

  /** The same for mail. */
  email(parts: MessageParts): Pick<EmailMessage, 'subject' | 'text' | 'html' | 'locale'> {
    const { locale, template, values } = this.#wordsFor(parts)
    const say = (sentence: string) => fill(sentence, values)
    const text = `${say(template.heading)} ${parts.code}

${say(template.validity)}
${say(template.warning)}

${say(template.unasked)}
`
    return { locale, subject: say(template.subject), text, html: emailPage({ locale, template, values }) }
  }

  /** A notice as an SMS and as a mail: no code, no link, nothing that was typed. */
  #notificationOf(kind: 'changed' | 'signedIn' | 'leaving', languages: readonly string[]) {
    const locale = this.localeOf(languages) ?? this.#defaultLocale
    const template = this.#byLocale.get(locale) as Template
    const texts = template[kind].map((sentence) => fill(sentence, { app: this.#settings.appName }))
    return {
      locale,
      sms: fittingText(texts),
      subject: String(texts.at(-1)),
      text: `${texts[0]}\n`,
      html: notificationPage({ locale, template, sentences: template[kind], app: this.#settings.appName }),
    }
  }

  /** That the ways to sign in have changed. */
  changeNotification(languages: readonly string[]) {
    return this.#notificationOf('changed', languages)
  }

  /** That somebody signed in on a device that is not known. */
  signInNotification(languages: readonly string[]) {
    return this.#notificationOf('signedIn', languages)
  }

  /** That the other phone or email leaves the account, as its holder of today asked, unless the owner signs in. */
  leavingNotification(languages: readonly string[]) {
    return this.#notificationOf('leaving', languages)
  }
}

/** The words of a purpose over those of signing in, whose SMS are the last to be taken: they are shorter. */
function templateFor(template: Template, purpose: CodePurpose = 'sign_in'): Template {
  const words = purpose === 'sign_in' ? undefined : template[purpose]
  return words === undefined ? template : { ...template, ...words, sms: [...words.sms, ...template.sms] }
}

function refuseLanguage(ours: ReadonlySet<string>): never {
  throw new ConfigError([`DEFAULT_LOCALE must be one of the languages of messages: ${[...ours].sort().join(', ')}`])
}
