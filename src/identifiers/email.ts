// Email addresses: one canonical form, so that one mailbox is one account.
import { toASCII } from 'tr46'
import { readTyped, trimEnds } from '../reading.js'

/** RFC 5321 §4.5.3.1.3: a path is 256 octets with its angle brackets. */
const maxEmailLength = 254
/** RFC 5321 §4.5.3.1.1 */
const maxLocalPartLength = 64

/** RFC 5322 §3.2.3 dot-atom: no quoted local parts, which many systems read in different ways. */
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** RFC 1035 §2.3.1 labels, at least two; the last one is no number, so that no IP address passes. */
const domain = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/

/**
 * The processing of host names that browsers use (URL Standard §3.3, UTS #46 §4). Not `domainToASCII` of Node.js: what that
 * takes changes with its version, and an address must be one on every replica. Hyphens in the third and fourth place are
 * no fault: such names are registered. Lengths and characters are those of the pattern above.
 */
const processing = { checkBidi: true, checkJoiners: true, checkHyphens: false, transitionalProcessing: false }

/** Whether each A-label of a host in lower-case ASCII says a name, and is the only way to write it (RFC 5891 §4.4). */
function hasCanonicalLabels(host: string): boolean {
  // Other labels are what they are (URL Standard §3.3), and reading tables for them costs thirty times the rest.
  return !/(?:^|\.)xn--/.test(host) || toASCII(host, processing) === host
}

/** Whether a text is an email address in its canonical form: ASCII, lower case, A-labels. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1)
  return (
    at > 0 &&
    at <= maxLocalPartLength &&
    text.length <= maxEmailLength &&
    localPart.test(text.slice(0, at)) &&
    domain.test(host) &&
    hasCanonicalLabels(host)
  )
}

/** Format characters, but for the two joiners, which some scripts' names are spelled with (RFC 5892 §A.1, §A.2). */
const formatCharacters = /(?![\u200c\u200d])\p{Cf}/gu
const asciiAndJoiners = /^[\x21-\x7e\u200c\u200d]*$/

/**
 * The A-labels of a typed domain (UTS #46), or null where there are none. Digits of other scripts stay what they are: they make
 * another domain, which may be somebody else's.
 */
function hostOf(typed: string): string | null {
  const labels = trimEnds(typed.replace(formatCharacters, '')).split('.')
  // In a label of ASCII a joiner joins nothing.
  const host = labels
    .map((label) => (asciiAndJoiners.test(label) ? label.replace(/[\u200c\u200d]/g, '') : label))
    .join('.')
  return /^[\x20-\x7e]*$/.test(host) ? host.toLowerCase() : toASCII(host, processing)
}

/** Whether what stands before the @ is in ASCII, as digits of any script are read. Other mailboxes (RFC 6531) are not taken. */
export function hasAsciiLocalPart(text: string): boolean {
  const typed = readTyped(text)
  return /^[\x20-\x7e]*$/.test(typed.slice(0, Math.max(typed.lastIndexOf('@'), 0)))
}

/**
 * The canonical form of a typed address, or null. Dots and plus signs keep their meaning: only the host may say that two
 * local parts are one mailbox (RFC 5321 §2.4).
 */
export function normalizeEmail(text: string): string | null {
  const at = text.lastIndexOf('@')
  // Before lower-casing: U+212A (KELVIN SIGN) lower-cases to an ASCII k and would be somebody else's mailbox.
  if (at < 0 || !hasAsciiLocalPart(text)) return null
  const host = hostOf(text.slice(at + 1))
  const canonical = `${readTyped(`${text.slice(0, at)}@`).toLowerCase()}${host}`
  return host !== null && isEmail(canonical) ? canonical : null
}
