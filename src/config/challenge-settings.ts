// The settings of challenges: what proves work or a person where a shared limit would close the door.
import { isConfidentialUrl, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'
import type { OptionOf } from './table/table.js'

/** Where the two services verify what their widgets made. */
const verifyUrls = {
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  hcaptcha: 'https://api.hcaptcha.com/siteverify',
}

export type ChallengeSettings = Readonly<{
  /** `off` where nothing opens what a shared limit has closed */
  provider: OptionOf<'CHALLENGE'>
  /** whether every send without a trusted device needs one, and not only those under pressure */
  isAlways: boolean
  /** of a provider outside; undefined for our own */
  site: Readonly<{ key: string; secret: string; verifyUrl: string }> | undefined
}>

export function parseChallengeSettings(read: SettingReader): ChallengeSettings {
  const provider = read.choice('CHALLENGE')
  const isAlways = read.choice('CHALLENGE_WHEN') === 'always'
  if (isAlways && provider === 'off')
    read.report('CHALLENGE_WHEN', 'is always, and CHALLENGE is off: nobody could sign in')
  const [key, secret, url] = [
    read.text('CHALLENGE_SITE_KEY'),
    read.text('CHALLENGE_SECRET'),
    read.text('CHALLENGE_VERIFY_URL'),
  ]
  if (url !== undefined && !isSecure(url)) read.refuse('CHALLENGE_VERIFY_URL')
  if (provider !== 'turnstile' && provider !== 'hcaptcha') return { provider, isAlways, site: undefined }
  if (key === undefined) read.report('CHALLENGE_SITE_KEY', `is required for CHALLENGE=${provider}`)
  if (secret === undefined) read.report('CHALLENGE_SECRET', `is required for CHALLENGE=${provider}`)
  const site = { key: key ?? '', secret: secret ?? '', verifyUrl: url ?? verifyUrls[provider] }
  return { provider, isAlways, site }
}

function isSecure(text: string): boolean {
  const url = parseUrl(text)
  return url !== null && isConfidentialUrl(url)
}
