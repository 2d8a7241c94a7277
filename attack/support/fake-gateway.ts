// The gateway that the service sends its messages to: it keeps them, and can be made slow or refuse.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { remember } from './evidence.js'

export type SunkMessage = {
  to: string
  channel: string
  code: string
  message: string
  locale: string
  raw: string
  headers: IncomingHttpHeaders
}

export type FakeGateway = {
  url: string
  messages: SunkMessage[]
  /** how the next messages are answered */
  behaviour: { status: number; delayMilliseconds: number }
  /** messages to somebody, oldest first */
  to: (identifier: string) => SunkMessage[]
  /** the code of the last message to somebody */
  lastCode: (identifier: string) => string
  close: () => void
}

export async function startFakeGateway(): Promise<FakeGateway> {
  const messages: SunkMessage[] = []
  const behaviour = { status: 204, delayMilliseconds: 0 }
  const server = createServer(async (request, response) => {
    const { status, delayMilliseconds } = behaviour
    let raw = ''
    for await (const chunk of request) raw += chunk
    const message = { ...Object(JSON.parse(raw)), raw, headers: request.headers } as SunkMessage
    remember('code', message.code)
    remember('identifier', message.to)
    messages.push(message)
    setTimeout(() => response.writeHead(status).end(), delayMilliseconds)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const to = (identifier: string) => messages.filter((message) => message.to === identifier)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    messages,
    behaviour,
    to,
    lastCode: (identifier) => to(identifier).at(-1)?.code ?? 'no message',
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
