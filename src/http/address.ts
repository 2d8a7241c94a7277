// Client addresses as the limits and the audit trail know them.
import ipaddr from 'ipaddr.js'

/**
 * The block that one client has at its disposal: an IPv4 address, or the /64 of an IPv6 one (CVE-2026-45364: whoever counts
 * single IPv6 addresses counts nothing). IPv4 in IPv6 clothes is IPv4.
 */
export function clientBlock(address: string): string {
  const parsed = ipaddr.process(withoutZone(address))
  return parsed.kind() === 'ipv4' ? parsed.toString() : networkOf(parsed, 64)
}

/** An address with too little left to be somebody's: IPv4 as its /24, IPv6 as its /64. */
export function truncatedNetwork(address: string): string {
  const parsed = ipaddr.process(withoutZone(address))
  return networkOf(parsed, parsed.kind() === 'ipv4' ? 24 : 64)
}

function networkOf(parsed: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = parsed.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

/** `fe80::1%eth0` is `fe80::1` on a link of ours. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}
