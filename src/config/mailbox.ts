// The address that mail comes from: one mailbox of RFC 5322 §3.4, with or without a name.

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
