// A provider on loopback: an HTTP server that answers as told and keeps what it got.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { selfSignedCertificate } from './certificate.js'

export type GatewayRequest = {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
  /** whether the client broke it off */
  isAborted: () => boolean
}

/** @param isTls with a certificate that nobody trusts */
export async function startGateway(t: Test, answer: (response: ServerResponse) => void, isTls = false) {
  const requests: GatewayRequest[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers, body, isAborted: () => response.destroyed && !response.writableFinished })
    answer(response)
  }
  const server = isTls ? createTlsServer(selfSignedCertificate(), listener) : createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  const { port } = server.address() as AddressInfo
  return { requests, close, origin: `${isTls ? 'https' : 'http'}://127.0.0.1:${port}` }
}
