// The settings of what messages say.
import type { SettingReader } from './reader.js'

export type MessageSettings = ReturnType<typeof parseMessageSettings>

/** Code units: what leaves room for the words of an SMS. */
const maxNameLength = 30
/** Controls, line breaks, marks that turn the direction of what follows; joiners are letters' own business in many scripts. */
const unprintable = /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u

export function parseMessageSettings(read: SettingReader) {
  return {
    appName: readAppName(read),
    defaultLocale: readDefaultLocale(read),
    /** a folder of further or other words; undefined where ours are all */
    directory: read.text('MESSAGES_DIR'),
    webOtpDomain: read.text('WEBOTP_DOMAIN'),
    androidAppHash: read.text('ANDROID_APP_HASH'),
  }
}

function readAppName(read: SettingReader): string {
  const name = read.text('APP_NAME').trim()
  if (name === '' || name.length > maxNameLength || unprintable.test(name)) {
    read.refuse('APP_NAME')
  }
  return name
}

/** That there are words in it is checked with the words. */
function readDefaultLocale(read: SettingReader): string {
  const locale = read.text('DEFAULT_LOCALE')
  try {
    return String(Intl.getCanonicalLocales(locale)[0])
  } catch {
    read.refuse('DEFAULT_LOCALE')
    return 'en'
  }
}
