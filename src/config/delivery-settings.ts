// The settings of channels and senders.
import type { Mode, SettingReader } from './reader.js'
import { isConfidentialUrl, parseUrl } from './urls.js'

export type Channel = 'sms' | 'email'
/** A driver with all that it needs. */
export type DriverSettings =
  | Readonly<{ name: 'console' }>
  | Readonly<{ name: 'webhook'; url: string /** of the secret, decoded */; key: Uint8Array }>

type DriverName = DriverSettings['name']

const driverNames: readonly string[] = ['console', 'webhook'] satisfies DriverName[]
const isDriver = (item: string): item is DriverName => driverNames.includes(item)
const isChannel = (item: string): item is Channel => item === 'sms' || item === 'email'

export function readDeliverySettings(read: SettingReader, mode: Mode) {
  const channels = read.list('CHANNELS', ['sms', 'email'], 'sms and email', isChannel)
  const names = {
    sms: readDrivers(read, mode, 'SMS_DRIVERS', channels.includes('sms')),
    email: readDrivers(read, mode, 'EMAIL_DRIVERS', channels.includes('email')),
  }
  const webhook = readWebhook(read, [...names.sms, ...names.email].includes('webhook'))
  const withSettings = (name: DriverName): DriverSettings => (name === 'webhook' ? webhook : { name })
  return {
    channels,
    drivers: { sms: names.sms.map(withSettings), email: names.email.map(withSettings) },
  }
}

function readDrivers(read: SettingReader, mode: Mode, name: string, isInUse: boolean): readonly DriverName[] {
  const fallback: readonly DriverName[] = mode === 'production' ? [] : ['console']
  const drivers = read.list(name, fallback, `drivers (${driverNames.join(', ')})`, isDriver)
  if (!isInUse) return []
  if (drivers.length === 0 && read.text(name) === undefined) read.report(name, 'is required for a channel in use')
  if (mode === 'production' && drivers.includes('console')) read.report(name, 'must not name console in production')
  return drivers
}

function readWebhook(read: SettingReader, isInUse: boolean) {
  const url = read.text('SENDER_WEBHOOK_URL')
  const secret = read.text('SENDER_WEBHOOK_SECRET')
  const settings = { name: 'webhook', url: String(url), key: Buffer.from(String(secret).slice(6), 'base64') } as const
  if (!isInUse) return settings
  const parsed = url === undefined ? null : parseUrl(url)
  if (url === undefined) read.report('SENDER_WEBHOOK_URL', 'is required by the driver webhook')
  else if (parsed === null || !isConfidentialUrl(parsed) || parsed.username !== '' || parsed.password !== '') {
    read.report('SENDER_WEBHOOK_URL', 'must be an https URL (http to loopback only) without user name and password')
  }
  if (secret === undefined) read.report('SENDER_WEBHOOK_SECRET', 'is required by the driver webhook')
  // Standard Webhooks, "Symmetric signatures": `whsec_` and 24 to 64 random bytes in base64
  else if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) || settings.key.length < 24) {
    read.report('SENDER_WEBHOOK_SECRET', 'must be whsec_ and at least 24 bytes in base64')
  }
  return settings
}
