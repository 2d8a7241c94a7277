// The settings of single drivers: required where the driver is in use, checked wherever they are set.
import { parseWebhookSecret } from './event-settings.js'
import { isConfidentialUrl, isLoopbackHost, parseMailbox, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'
import { refuseWeakSecret } from './secrets.js'
import type { NameOf } from './table/table.js'

export type WebhookSettings = Readonly<{ name: 'webhook'; url: string /** of the secret, decoded */; key: Uint8Array }>

export type TwilioSettings = Readonly<{
  name: 'twilio'
  accountSid: string
  authToken: string
  /** of the API */
  origin: string
  /** the one parameter that says who sends */
  sender: Readonly<{ From: string } | { MessagingServiceSid: string }>
  /** a URL that is told what became of a message */
  statusCallback?: string
}>

export type SmtpSettings = Readonly<{
  name: 'smtp'
  host: string
  port: number
  /** TLS from the start, by STARTTLS, or none (to this machine) */
  security: 'tls' | 'starttls' | 'none'
  login: Readonly<{ user: string; pass: string }> | undefined
  from: Readonly<{ name: string; address: string }>
  /** how we greet the server; undefined: by the domain of `from` */
  heloName?: string | undefined
}>

/** A driver with all that it needs. */
export type DriverSettings = Readonly<{ name: 'console' }> | SmtpSettings | TwilioSettings | WebhookSettings
export type DriverName = DriverSettings['name']

/** The settings of each driver. Where a required one is missing, a problem has been reported and nobody gets to see them. */
export function parseDriverSettings(read: SettingReader, isInUse: (name: DriverName) => boolean) {
  const settings: Record<DriverName, DriverSettings> = {
    console: { name: 'console' },
    smtp: readSmtp(read, isInUse('smtp')),
    twilio: readTwilio(read, isInUse('twilio')),
    webhook: readWebhook(read, isInUse('webhook')),
  }
  return (name: DriverName) => settings[name]
}

/** The text of a setting that a driver cannot do without; empty where there is none. */
function textFor(read: SettingReader, driver: DriverName, name: NameOf<'text'>, isInUse: boolean): string {
  return isInUse ? read.required(name, `by the driver ${driver}`) : (read.text(name) ?? '')
}

function readWebhook(read: SettingReader, isInUse: boolean): WebhookSettings {
  const url = textFor(read, 'webhook', 'SENDER_WEBHOOK_URL', isInUse)
  const secret = textFor(read, 'webhook', 'SENDER_WEBHOOK_SECRET', isInUse)
  const key = parseWebhookSecret(secret)
  const parsed = parseUrl(url)
  if (url && (parsed === null || !isConfidentialUrl(parsed) || parsed.username !== '' || parsed.password !== '')) {
    read.refuse('SENDER_WEBHOOK_URL')
  }
  if (secret && key === null) read.refuse('SENDER_WEBHOOK_SECRET')
  return { name: 'webhook', url, key: key ?? new Uint8Array() }
}

function readTwilio(read: SettingReader, isInUse: boolean): TwilioSettings {
  const accountSid = textFor(read, 'twilio', 'TWILIO_ACCOUNT_SID', isInUse)
  const authToken = textFor(read, 'twilio', 'TWILIO_AUTH_TOKEN', isInUse)
  if (authToken) refuseWeakSecret(read, 'TWILIO_AUTH_TOKEN', authToken)
  const origin = read.text('TWILIO_BASE_URL')
  const url = parseUrl(origin)
  if (url === null || !isConfidentialUrl(url) || url.href !== `${url.origin}/`) {
    read.refuse('TWILIO_BASE_URL')
  }
  return { name: 'twilio', accountSid, authToken, origin: String(url?.origin), sender: readTwilioSender(read, isInUse) }
}

function readTwilioSender(read: SettingReader, isInUse: boolean): TwilioSettings['sender'] {
  const from = read.text('TWILIO_FROM')
  const service = read.text('TWILIO_MESSAGING_SERVICE_SID')
  if (from !== undefined && service !== undefined) {
    read.report('TWILIO_FROM', 'and TWILIO_MESSAGING_SERVICE_SID are both set; keep one')
  } else if (isInUse && from === undefined && service === undefined) {
    read.report('TWILIO_FROM', 'or TWILIO_MESSAGING_SERVICE_SID is required by the driver twilio')
  }
  return service === undefined ? { From: String(from) } : { MessagingServiceSid: service }
}

function readSmtp(read: SettingReader, isInUse: boolean): SmtpSettings {
  const text = textFor(read, 'smtp', 'SMTP_URL', isInUse)
  const server = parseSmtpUrl(text)
  if (text && server === null) {
    read.refuse('SMTP_URL')
  }
  const sender = textFor(read, 'smtp', 'EMAIL_FROM', isInUse)
  const from = parseMailbox(sender)
  if (sender && from === null) {
    read.refuse('EMAIL_FROM')
  }
  const heloName = read.text('SMTP_NAME')
  const nobody = { host: '', port: 0, security: 'tls', login: undefined } as const
  return {
    name: 'smtp',
    ...(server ?? nobody),
    from: from ?? { name: '', address: '' },
    ...(heloName !== undefined && { heloName }),
  }
}

/** Host, port and login of an SMTP server. Nothing else is taken: a query could switch the check of certificates off. */
function parseSmtpUrl(text: string): Pick<SmtpSettings, 'host' | 'port' | 'security' | 'login'> | null {
  const url = parseUrl(text)
  const isServer = url !== null && /^smtps?:$/.test(url.protocol) && /^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(url.hostname)
  if (!isServer || !['', '/'].includes(url.pathname) || text.includes('?') || text.includes('#')) return null
  const login = parseLogin(url)
  if (login === null) return null
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // RFC 8314 §3.3 and RFC 6409 §3.1: the ports of submission
  if (url.protocol === 'smtps:') return { host, port: Number(url.port || 465), security: 'tls', login }
  return { host, port: Number(url.port || 587), security: isLoopbackHost(host) ? 'none' : 'starttls', login }
}

/** User and password of a URL, undefined without them, null where they are not whole. */
function parseLogin({ username, password }: URL): SmtpSettings['login'] | null {
  if (username === '' && password === '') return undefined
  if (username === '' || password === '') return null
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  } catch {
    return null
  }
}
