// Whose request it is, as the trusted proxies say: X-Forwarded-For, or Forwarded (RFC 7239), read from right to left. Each proxy adds
// what it saw at the right end, so that what a client wrote itself is never reached.
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import type { ProxyHeader } from '../config/server-settings.js'
import { blockListOf } from './address.js'

export type ProxySettings = Readonly<{
  /** addresses and CIDR blocks of our own proxies */
  trusted: readonly string[]
  /** the one in which they write; the other one may be a client's, which they hand on */
  header: ProxyHeader
}>

type Asked = Readonly<{ headers: IncomingHttpHeaders; socket: Readonly<{ remoteAddress?: string | undefined }> }>

/** The address of a request's client; empty where it has gone already. */
export type ClientReader = (request: Asked) => string

/**
 * Makes what tells the address of a request's client. Where a trusted proxy reports what is no address, the proxy itself counts: all
 * that come through it then share one counter, which is safe and a fault of the set-up.
 * @param onUnreadable told of each such report
 */
export function createClientReader({ trusted, header }: ProxySettings, onUnreadable: () => void): ClientReader {
  const proxies = blockListOf(trusted)
  const addressIn = header === 'forwarded' ? addressOfForwarded : addressOfNode

  return function readClient({ headers, socket: { remoteAddress = '' } }: Asked): string {
    let hop = remoteAddress
    // Empty where the client has gone already.
    if (hop === '' || !proxies.has(hop)) return hop
    const reports = elementsOf(String(headers[header] ?? ''))
    while (proxies.has(hop)) {
      const report = reports.pop()
      if (report === undefined) return hop
      const address = addressIn(report)
      if (address === null) {
        onUnreadable()
        return hop
      }
      hop = address
    }
    return hop
  }
}

/**
 * The elements of a list (RFC 9110 §5.6.1: empty ones are none). From its right end, so that a quote that a client has left open
 * swallows nothing of what a proxy wrote behind it; what is quoted of an address has no quote in it.
 */
function elementsOf(list: string): string[] {
  const elements: string[] = []
  let isQuoted = false
  let end = list.length
  for (let index = list.length - 1; index >= -1; index -= 1) {
    if (list[index] === '"') isQuoted = !isQuoted
    if (index >= 0 && (isQuoted || list[index] !== ',')) continue
    const element = list.slice(index + 1, end).trim()
    if (element !== '') elements.unshift(element)
    end = index
  }
  return elements
}

/** `name=value`, whose value may be quoted: in quotes, `;for=` is part of another parameter's value. */
const parameter = /^\s*([\w!#$%&'*+.^`|~-]+)=("[^"]*"|[^;"]*)\s*(?:;|$)/

/** The address in `for=192.0.2.60;proto=https` (RFC 7239 §4), whose parameters come in any order, each once. */
function addressOfForwarded(element: string): string | null {
  const nodes: string[] = []
  for (let rest = element; rest !== ''; ) {
    const [whole, name = '', value = ''] = parameter.exec(rest) ?? []
    if (whole === undefined) return null
    if (name.toLowerCase() === 'for') nodes.push(value)
    rest = rest.slice(whole.length)
  }
  return nodes.length === 1 ? addressOfNode(String(nodes[0])) : null
}

/**
 * The address of a node, with or without quotes, a port (Azure's gateways write one) and the brackets of an IPv6 address; null for a
 * name, `unknown`, `_hidden`, or whatever else is none.
 */
function addressOfNode(text: string): string | null {
  const node = text
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .trim()
  const [, bracketed, four] = /^(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|(\d+(?:\.\d+){3}))(?::\w{1,5})?$/i.exec(node) ?? []
  const address = bracketed ?? four ?? node
  const family = isIP(address)
  // Its zone (`fe80::1%eth0`) says something on the proxy's machine alone.
  const bare = address.replace(/%.*$/, '')
  return family === 0 || (bracketed !== undefined && family === 4) ? null : bare
}
