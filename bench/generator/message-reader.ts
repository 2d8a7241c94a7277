// Reads HTTP/1.1 messages out of a connection: as much of RFC 9112 as the servers here send, and cheap, so that the generator
// stays far from the limit of its core.

export type HttpMessage = Readonly<{ head: string; body: string }>

const endOfHead = '\r\n\r\n'

/**
 * Returns the function that takes the chunks as they come. It throws where a message has neither a length nor chunks and is not
 * known to have no body.
 */
export function createMessageReader(onMessage: (message: HttpMessage) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)

  return function take(chunk) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      const read = readMessage(pending)
      if (read === null) return
      pending = pending.subarray(read.length)
      onMessage(read.message)
    }
  }
}

/** The first message in the bytes and how long it is, or null where it has not come whole. */
function readMessage(bytes: Buffer): { message: HttpMessage; length: number } | null {
  const end = bytes.indexOf(endOfHead)
  if (end === -1) return null
  const head = bytes.toString('latin1', 0, end)
  const start = end + endOfHead.length
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return readChunks(bytes, head, start)
  const length = start + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (bytes.length < length) return null
  return { message: { head, body: bytes.toString('utf8', start, length) }, length }
}

/** RFC 9112 §7.1, without trailers. */
function readChunks(bytes: Buffer, head: string, start: number): { message: HttpMessage; length: number } | null {
  const parts: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (bytes.length < next) return null
    if (size === 0) return { message: { head, body: Buffer.concat(parts).toString('utf8') }, length: next }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = next
  }
}
