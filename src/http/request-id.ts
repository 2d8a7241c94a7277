// The id of a request, by which its answer, its lines in the log and its events in the audit trail are found.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { blockListOf } from './address.js'

/** Its name in every line of the log that tells of a request. */
export const requestIdLabel = 'requestId'

/** A UUID as anybody may write it, also without hyphens, as nginx does: the column of the audit trail takes both, and nothing else. */
const acceptedId = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i

/**
 * What names requests: by the `x-request-id` of a proxy that is trusted, so that its log and ours join, else anew. Of anybody else the
 * header is not heard: they could write their request under the id of another one.
 */
export function createRequestIds(trustProxy: readonly string[]): (request: IncomingMessage) => string {
  const proxies = blockListOf(trustProxy)
  return ({ headers, socket }) => {
    const told = headers['x-request-id']
    if (typeof told !== 'string' || !acceptedId.test(told)) return randomUUID()
    return proxies.has(socket.remoteAddress) ? told : randomUUID()
  }
}
