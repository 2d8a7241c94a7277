// The address that mail comes from: one mailbox of RFC 5322 §3.4, with or without a name.
import { BlockList, isIP } from 'node:net'

/** RFC 5322 §3.2.3 dot-atom, RFC 1035 §2.3.1 labels */
const address =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i
/** A name, bare or in quotes, before an address in angle brackets. What would need escapes or a comment is not taken. */
const named = /^(?:"([^"\\]*)" *|([^"\\<>()[\]:;,@]*))<([^<>]*)>$/

/** Name and address of a mailbox, or null. */
export function parseMailbox(text: string): { name: string; address: string } | null {
  if (/\p{Cc}/u.test(text)) return null
  const parts = named.exec(text.trim())
  const mailbox = parts
    ? { name: String(parts[1] ?? parts[2]).trim(), address: String(parts[3]) }
    : { name: '', address: text.trim() }
  return address.test(mailbox.address) && mailbox.address.length <= 254 ? mailbox : null
}

// What the settings that hold URLs are checked by.

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The URL of a text, or null. */
export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Whether it is the URL of something that is reached by HTTP. */
export function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(String(parseUrl(text)?.protocol))
}

/** Whether a URL's host name can only mean this machine. */
export function isLoopbackHost(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(address)
  return hostname === 'localhost' || (family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6'))
}

/** Whether codes may travel to this URL: TLS, or no network at all. */
export function isConfidentialUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
}
