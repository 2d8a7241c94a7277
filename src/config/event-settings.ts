// The settings of the product's own systems: where events go, and who is asked before a signup.
import { isConfidentialUrl, parseUrl } from './formats.js'
import type { SettingReader } from './reader.js'

/** A URL and the secrets that it is signed with, decoded: the first one is the newest. */
export type Endpoint = Readonly<{ url: string; keys: readonly Uint8Array[] }>

export function parseEventSettings(read: SettingReader) {
  const webhooks = readEndpoints(read, 'EVENT_WEBHOOKS')
  const [beforeSignup] = readEndpoints(read, 'HOOK_BEFORE_SIGNUP')
  const keys = [...webhooks, ...(beforeSignup ? [beforeSignup] : [])].flatMap((endpoint) =>
    endpoint.keys.map((key) => Buffer.from(key).toString('base64')),
  )
  // One leaked secret must not open a second lock.
  if (new Set(keys).size < keys.length) {
    read.refuse('EVENT_WEBHOOKS', 'a secret is there twice, HOOK_BEFORE_SIGNUP and former ones included')
  }
  const sender = parseWebhookSecret(read.written('SENDER_WEBHOOK_SECRET') ?? '')
  if (sender !== null && keys.includes(Buffer.from(sender).toString('base64'))) {
    read.report('SENDER_WEBHOOK_SECRET', 'must differ from the secrets of EVENT_WEBHOOKS and HOOK_BEFORE_SIGNUP')
  }
  return {
    webhooks,
    tellsIdentifiers: read.choice('EVENT_IDENTIFIERS') === 'full',
    ...parseEventRetention(read),
    beforeSignup: beforeSignup ?? null,
    failsOpen: read.flag('HOOK_FAIL_OPEN'),
  }
}

/** What the cleanup needs of it. */
export function parseEventRetention(read: SettingReader) {
  return {
    /** seconds that an event is kept */
    retention: read.duration('EVENT_RETENTION'),
  }
}

function readEndpoints(read: SettingReader, name: 'EVENT_WEBHOOKS' | 'HOOK_BEFORE_SIGNUP'): Endpoint[] {
  const text = read.text(name)
  if (text === undefined) return []
  const items = name === 'EVENT_WEBHOOKS' ? text.split(',') : [text]
  const parsed = items.map((item) => parseEndpoint(item.trim()))
  const endpoints = parsed.filter((each) => typeof each !== 'string')
  const wrong = parsed.findIndex((each) => typeof each === 'string')
  if (wrong >= 0) read.refuse(name, `${items.length > 1 ? `of number ${wrong + 1}, ` : ''}${parsed[wrong]}`)
  else if (new Set(endpoints.map(({ url }) => url)).size < endpoints.length) read.refuse(name, 'a URL is there twice')
  return endpoints
}

/** The endpoint, or why there is none. */
function parseEndpoint(text: string): Endpoint | string {
  const [address = '', ...secrets] = text.split('|')
  const url = parseUrl(address)
  if (url === null) return 'what stands before the first | is no URL'
  if (!isConfidentialUrl(url)) return 'the URL is neither https nor http to loopback'
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    return 'the URL has a user name, a password or a fragment'
  if (secrets.length === 0) return 'the URL is not followed by | and a secret'
  const keys = secrets.map(parseWebhookSecret).filter((key) => key !== null)
  return keys.length === secrets.length
    ? { url: url.href, keys }
    : 'a secret is not whsec_ and at least 24 bytes in base64'
}

/** The bytes of a secret as Standard Webhooks writes one ("Symmetric signatures": `whsec_` and 24 to 64 bytes in base64); or null. */
export function parseWebhookSecret(text: string): Uint8Array | null {
  const key = Buffer.from(text.slice(6), 'base64')
  return /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) && key.length >= 24 ? key : null
}
