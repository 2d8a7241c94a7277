// The gateway at the other end of every server's webhook: takes each message, keeps its code, answers 204.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createMessageReader } from './message-reader.js'

export type FakeGateway = Readonly<{
  url: string
  /** The code that was last sent to a number, which is then forgotten. Throws where none was. */
  takeCode: (to: string) => string
  /** The `webhook-id` of the message that came last. */
  lastMessageId: () => string
  close: () => void
}>

const taken = 'HTTP/1.1 204 No Content\r\n\r\n'

export async function startFakeGateway(): Promise<FakeGateway> {
  const codes = new Map<string, string>()
  let lastHead = ''
  const server = createServer((socket) => {
    const read = createMessageReader(({ head, body }) => {
      if (!/\r\nwebhook-signature: v1,\S+/i.test(head)) throw new Error('a message came without a signature')
      const { to, code } = JSON.parse(body) as { to: string; code: string }
      codes.set(to, code)
      lastHead = head
      socket.write(taken)
    })
    socket.setNoDelay(true)
    socket.on('data', read)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    takeCode(to) {
      const code = codes.get(to)
      if (code === undefined) throw new Error('no message came for a number that a code was asked for')
      codes.delete(to)
      return code
    },
    lastMessageId: () => String(/\r\nwebhook-id: *(\S+)/i.exec(lastHead)?.[1]),
    close: () => server.close(),
  }
}
