// The settings of passkeys: the domain that they are for, and who may use them there.
import { isConfidentialUrl, isLoopbackHost, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'

export type PasskeySettings = NonNullable<ReturnType<typeof parsePasskeySettings>>

/** An Android app and a certificate that it is signed with: 32 bytes in hexadecimal. */
const androidApp = /^([A-Za-z]\w*(?:\.[A-Za-z]\w*)+)\/((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/
/** Ten characters of the team, then the bundle's id (Apple, "Supporting associated domains"). */
const iosApp = /^[A-Z0-9]{10}\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/
const androidOrigin = /^android:apk-key-hash:[A-Za-z0-9_-]{43}$/
/** Lower case, A-labels, no port, no dot at an end. */
const domain = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/
/** Controls, line breaks, marks that turn the direction of what follows; joiners are letters' own business in many scripts. */
const unprintable = /[^\P{C}\u200c\u200d]|[\p{Zl}\p{Zp}]/u
const maxNameLength = 60

/** Null where there are no passkeys. */
export function parsePasskeySettings(read: SettingReader, { appName }: Readonly<{ appName: string }>) {
  const rpId = readRpId(read)
  const origins = readOrigins(read)
  const rpName = readName(read) ?? appName
  const iosApps = read.list('PASSKEY_IOS_APPS', (item): item is string => iosApp.test(item))
  const androidApps = read
    .list('PASSKEY_ANDROID_APPS', (item): item is string => androidApp.test(item))
    .map((item) => item.split('/') as [string, string])
  if (rpId === undefined && origins.length === 0) return null
  if (rpId === undefined) {
    read.report('PASSKEY_RP_ID', 'is required with PASSKEY_ORIGINS')
    return null
  }
  const webOrigins = origins.filter((origin) => !androidOrigin.test(origin))
  // Others are related origins, which browsers ask the domain itself about (WebAuthn level 3, §5.11).
  if (!webOrigins.some((origin) => isBelow(new URL(origin).hostname, rpId))) {
    read.report('PASSKEY_ORIGINS', 'must name an origin whose domain is PASSKEY_RP_ID or below it')
  }
  return {
    rpId,
    rpName,
    /** all that an answer may come from, as browsers and apps write them */
    origins,
    /** of pages alone */
    webOrigins,
    iosApps,
    /** package, and the fingerprint of one certificate */
    androidApps,
  }
}

const isBelow = (host: string, rpId: string) => host === rpId || host.endsWith(`.${rpId}`)

function readRpId(read: SettingReader): string | undefined {
  const value = read.text('PASSKEY_RP_ID')
  if (value === undefined) return undefined
  // Browsers refuse addresses and public suffixes (WebAuthn level 3, §5.1.2), so that the first passkey would fail.
  const host = parseUrl(`https://${value}`)?.hostname
  const isDomain = domain.test(value) && host === value && !/^[\d.]+$/.test(value)
  if (!isDomain || isPublicSuffix(value)) read.refuse('PASSKEY_RP_ID')
  return value
}

function readOrigins(read: SettingReader): readonly string[] {
  const isAllowed = (item: string): item is string => {
    if (androidOrigin.test(item)) return true
    const url = parseUrl(item)
    if (url === null || !/^https?:\/\/[^*]+$/.test(item) || url.origin !== item) return false
    // Pages that are no secure context have no WebAuthn (§5): http is for this machine alone, in every mode.
    return isConfidentialUrl(url) || url.hostname.endsWith('.localhost')
  }
  return read.list('PASSKEY_ORIGINS', isAllowed)
}

function readName(read: SettingReader): string | undefined {
  const name = read.text('PASSKEY_RP_NAME')?.trim()
  if (name === undefined) return undefined
  if (name === '' || name.length > maxNameLength || unprintable.test(name)) read.refuse('PASSKEY_RP_NAME')
  return name
}

/** Second labels below which countries register names for everybody. */
const secondLabels = [
  'ac',
  'co',
  'com',
  'edu',
  'firm',
  'gen',
  'go',
  'gob',
  'gov',
  'gouv',
  'ind',
  'net',
  'nic',
  'nom',
  'or',
  'org',
]
/** Where many have a name of their own, of those that people host pages at. */
const hosts = [
  'appspot.com',
  'azurewebsites.net',
  'cloudfront.net',
  'firebaseapp.com',
  'fly.dev',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'netlify.app',
  'ngrok-free.app',
  'ngrok.io',
  'onrender.com',
  'pages.dev',
  'railway.app',
  'vercel.app',
  'web.app',
  'workers.dev',
]

/**
 * Whether anybody can have a name below it, as far as can be said without the Public Suffix List, which changes each week: the whole of it
 * is asked by browsers.
 */
function isPublicSuffix(name: string): boolean {
  const labels = name.split('.')
  if (labels.length === 1) return !isLoopbackHost(name)
  const [second = '', first = ''] = labels
  return (labels.length === 2 && first.length === 2 && secondLabels.includes(second)) || hosts.includes(name)
}
