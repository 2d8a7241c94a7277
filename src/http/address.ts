// Client addresses as the limits and the audit trail know them.
import { BlockList, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What of a client's address is anybody's business. */
export type ClientAddress = Readonly<{
  /**
   * what one client has at its disposal: an IPv4 address, or the /64 of an IPv6 one (CVE-2026-45364: whoever counts single IPv6
   * addresses counts nothing)
   */
  block: string
  /** what somebody with many addresses has at their disposal: the /24 of an IPv4 address, the /48 of an IPv6 one */
  neighbours: string
  /** with too little left to be somebody's: IPv4 as its /24, IPv6 as its /64 */
  network: string
}>

/** All clients whose address is none share one block: who writes nonsense gets no counter of their own for it. */
const unknown: ClientAddress = { block: 'unknown', neighbours: 'unknown', network: 'unknown' }

/** IPv4 in IPv6 clothes is IPv4. */
export function clientAddress(address: string): ClientAddress {
  // As most are, in the only form that has no other.
  if (isIPv4(address)) {
    const network = `${address.slice(0, address.lastIndexOf('.'))}.0/24`
    return { block: address, neighbours: network, network }
  }
  const parsed = parse(address)
  if (parsed === null) return unknown
  if (parsed.kind() === 'ipv4') return clientAddress(parsed.toString())
  const network = networkOf(parsed, 64)
  return { block: network, neighbours: networkOf(parsed, 48), network }
}

function networkOf(parsed: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = parsed.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

/** Null for what is no address: a proxy that is trusted may still hand on what a client wrote. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  try {
    // `fe80::1%eth0` is `fe80::1` on a link of ours.
    return ipaddr.process(address.replace(/%.*$/, ''))
  } catch {
    return null
  }
}

/** Addresses and CIDR blocks, IPv4 or IPv6, to be asked whether an address is among them; undefined is not. */
export function blockListOf(blocks: readonly string[]) {
  const list = new BlockList()
  for (const block of blocks) {
    const [network = '', bits] = block.split('/')
    const family = isIPv4(network) ? 'ipv4' : 'ipv6'
    list.addSubnet(network, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family)
  }
  // Node makes an object of each address that it checks, which takes as long as reading the token: several times for each request.
  const known = new Map<string, boolean>()
  function has(address: string | undefined): boolean {
    if (address === undefined) return false
    const remembered = known.get(address)
    if (remembered !== undefined) return remembered
    const isAmong = list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
    if (known.size >= maxKnown) known.clear()
    known.set(address, isAmong)
    return isAmong
  }
  return { has }
}

/** Addresses that a block list remembers. */
const maxKnown = 10_000
