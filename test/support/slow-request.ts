// A request whose body comes in two parts, over a real socket: what its sender can do between head and end, a test does.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

export type SlowRequest = Readonly<{ method: string; path: string; headers?: Record<string, string>; body: object }>

export type SlowAnswer = Readonly<{ status: number; text: string; headers: IncomingMessage['headers'] }>

/** Where an app listens, which it does from now on. */
export async function listen(app: FastifyInstance): Promise<number> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Sends the head and the first byte of the body, until they have arrived; `finish` sends the rest. */
export async function startSlowly(app: FastifyInstance, { method, path, headers, body }: SlowRequest) {
  const bytes = JSON.stringify(body)
  const port = await listen(app)
  const arrived = once(app.server, 'request')
  const sending = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers },
  })
  const answered = once(sending, 'response')
  sending.write(bytes.slice(0, 1))
  await arrived
  return async function finish(): Promise<SlowAnswer> {
    sending.end(bytes.slice(1))
    const [response] = (await answered) as [IncomingMessage]
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return { status: Number(response.statusCode), text, headers: response.headers }
  }
}

/** Sends all of a request at once. */
export async function sendWhole(app: FastifyInstance, { method, path, headers, body }: SlowRequest) {
  const answer = await fetch(`http://127.0.0.1:${await listen(app)}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method !== 'GET' && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}
