// The settings of what messages say.
import type { SettingReader } from './reader.js'

export type MessageSettings = ReturnType<typeof parseMessageSettings>

/** Code units: what leaves room for the words of an SMS. */
const maxNameLength = 30
/** Controls, line breaks, marks that turn the direction of what follows; joiners are letters' own business in many scripts. */
const unprintable = /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u
/** At least two labels in A-labels (RFC 1123 §2.1), the last one no number: an address is no domain. */
const domain = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

export function parseMessageSettings(read: SettingReader) {
  return {
    appName: readAppName(read),
    defaultLocale: readDefaultLocale(read),
    /** a folder of further or other words; undefined where ours are all */
    directory: read.text('MESSAGES_DIR'),
    webOtpDomain: readMatching(read, 'WEBOTP_DOMAIN', domain, 'must be a host name such as login.example.com'),
    androidAppHash: readMatching(
      read,
      'ANDROID_APP_HASH',
      /^[A-Za-z0-9+/]{11}$/,
      "must be the 11 characters of the app's hash",
    ),
  }
}

function readAppName(read: SettingReader): string {
  const name = (read.text('APP_NAME') ?? 'Latchkey').trim()
  if (name === '' || name.length > maxNameLength || unprintable.test(name)) {
    read.report('APP_NAME', `must be 1 to ${maxNameLength} characters on one line, without control characters`)
  }
  return name
}

/** That there are words in it is checked with the words. */
function readDefaultLocale(read: SettingReader): string {
  const locale = read.text('DEFAULT_LOCALE') ?? 'en'
  try {
    return String(Intl.getCanonicalLocales(locale)[0])
  } catch {
    read.report('DEFAULT_LOCALE', 'must be a language tag such as en or hi (BCP 47)')
    return 'en'
  }
}

function readMatching(read: SettingReader, name: string, pattern: RegExp, rule: string): string | undefined {
  const value = read.text(name)
  if (value === undefined || pattern.test(value)) return value
  read.report(name, rule)
  return undefined
}
