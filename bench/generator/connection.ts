// One keep-alive connection to a server: one request at a time, the whole answer read.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createMessageReader } from './message-reader.js'

export type HttpRequest = Readonly<{
  method: 'GET' | 'POST'
  path: string
  /** besides Host and those of the body */
  headers?: Readonly<Record<string, string>>
  body?: object
}>

export type HttpAnswer = Readonly<{ status: number; head: string; body: string }>

export type Connection = Readonly<{
  /** Rejects where the connection ends before the answer. */
  ask: (request: HttpRequest) => Promise<HttpAnswer>
  close: () => void
}>

export async function openConnection(base: string): Promise<Connection> {
  const { host, hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  const waiting = createAnswerQueue(socket)
  return {
    ask(request) {
      const answer = waiting()
      socket.write(bytesOf(request, host))
      return answer
    },
    close: () => socket.destroy(),
  }
}

/** Returns the function that waits for the next answer. */
function createAnswerQueue(socket: Socket): () => Promise<HttpAnswer> {
  let pending: { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void } | undefined
  const read = createMessageReader(({ head, body }) => {
    pending?.resolve({ status: Number(head.slice(9, 12)), head, body })
    pending = undefined
  })
  socket.on('data', read)
  socket.on('error', () => undefined)
  socket.on('close', () => pending?.reject(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) reject(new Error('the server closed the connection'))
      pending = { resolve, reject }
    })
}

function bytesOf({ method, path, headers = {}, body }: HttpRequest, host: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}`
  if (body === undefined) return `${start}\r\n`
  const text = JSON.stringify(body)
  return `${start}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}
