// The settings of the pages at /sign-in and /admin: whether they are there, whose they look like, and where the first may send people back to.
import { faintOn } from './color.js'
import { isConfidentialUrl, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'

export type PageSettings = ReturnType<typeof parsePageSettings>

/** Code units of a name in a title; longer ones are cut off by tabs and phones. */
const maxNameLength = 60
/** Controls, line breaks, marks that turn the direction of what follows; joiners are letters' own business in many scripts. */
const unprintable = /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u

/** @param appName what messages call the service, and the page too unless it has a name of its own */
export function parsePageSettings(read: SettingReader, { appName }: Readonly<{ appName: string }>) {
  const color = readColor(read)
  return {
    isOn: read.flag('SIGN_IN_PAGE'),
    /** whether admins have a console at /admin */
    hasConsole: read.flag('ADMIN_CONSOLE'),
    /** `identifier`: phones of every country and emails, an account at once; `mobile`: national numbers, new people fill in a form */
    flow: read.choice('SIGN_IN_FLOW'),
    brand: {
      name: readName(read) ?? appName,
      /** from the root of the page's origin, or undefined */
      logoUrl: readLogoUrl(read),
      /** `#rrggbb`, or undefined */
      color,
    },
    /** schemes in which the colour alone cannot be read on the page (WCAG 2.2, 1.4.3), where it is shown darker or lighter */
    faintOn: color === undefined ? [] : faintOn(color),
    returnToOrigins: readReturnToOrigins(read),
  }
}

function readName(read: SettingReader): string | undefined {
  const name = read.text('BRAND_NAME')?.trim()
  if (name === undefined) return undefined
  if (name === '' || name.length > maxNameLength || unprintable.test(name)) {
    read.refuse('BRAND_NAME')
  }
  return name
}

/** A path, so that no other host hears of who signs in, and none can change what the page shows. */
function readLogoUrl(read: SettingReader): string | undefined {
  const value = read.text('BRAND_LOGO_URL')
  if (value === undefined) return undefined
  const isPath = /^\/(?![/\\])[\x21-\x7e]{1,500}$/.test(value) && !value.includes('\\')
  const url = isPath ? parseUrl(`https://page.invalid${value}`) : null
  if (url !== null && url.host === 'page.invalid' && !url.pathname.startsWith('//')) return value
  read.refuse('BRAND_LOGO_URL')
  return undefined
}

function readColor(read: SettingReader): string | undefined {
  const value = read.text('BRAND_COLOR')
  if (value === undefined) return undefined
  const digits = value.slice(1)
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`.toLowerCase()
}

/**
 * Exactly as browsers write origins (RFC 6454 §6.2), no pattern: whoever controls one page that a code may go to controls the codes
 * (RFC 9700 §4.1.3). Apps are told by links of theirs that are https (RFC 8252 §7.2).
 */
function readReturnToOrigins(read: SettingReader): readonly string[] {
  const isAllowed = (item: string): item is string => {
    const url = parseUrl(item)
    if (url === null || !/^https?:\/\/[^*]+$/.test(item) || url.origin !== item) return false
    return read.mode !== 'production' || isConfidentialUrl(url)
  }
  return read.list('RETURN_TO_ORIGINS', isAllowed)
}
