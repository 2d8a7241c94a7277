// What becomes of a connection whose client does not read, or goes before all of its answers are written.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** The request that came last on a connection. */
const latest = new WeakMap<Socket, IncomingMessage>()

/** The request of a connection whose body is still on its way. */
export function unfinishedOn(socket: Socket): IncomingMessage | undefined {
  const request = latest.get(socket)
  return request?.complete === false ? request : undefined
}

/**
 * Hands what is wrong with a body to whoever reads it, and says whether somebody does: a body that comes too slowly, or in broken
 * chunks, then gets its answer in its turn, behind those of other requests on the connection.
 */
export function failBody(request: IncomingMessage, error: Error): boolean {
  // Not destroy(), which would take the connection along.
  return request.listenerCount('error') > 0 && request.emit('error', error)
}

/** Bytes from which on an answer does not fit into what the kernel takes at once. */
const large = 64 * 1024

/**
 * To be registered before all other hooks: whatever answers a request has to hear that nobody waits for it.
 * @param longest milliseconds that a large answer may take to be read: a byte now and then would keep it for ever
 */
export function watchConnections(app: FastifyInstance, longest: number): void {
  /** Answers that wait behind others on their connection: pipelined requests (RFC 9112 §9.3.2). */
  const queues = new WeakMap<Socket, Set<ServerResponse>>()

  // By hook and not on `app.server`: for `localhost` Fastify listens with a second server of its own. One listener a connection.
  app.addHook('onRequest', ({ raw: request }, { raw: response }, done) => {
    const { socket } = request
    latest.set(socket, request)
    let queue = queues.get(socket)
    if (queue === undefined) {
      queue = new Set()
      queues.set(socket, queue)
      watch(socket, queue)
    }
    // Node.js hands a response its connection when its turn comes; one that has it hears of the end by itself.
    if (response.socket === null) wait(response, queue)
    done()
  })
  app.addHook('onSend', ({ raw: { socket } }, { raw: response }, payload, done) => {
    if (Object(payload).length > large) {
      const timer = setTimeout(() => socket.resetAndDestroy(), longest).unref()
      response.once('close', () => clearTimeout(timer))
    }
    done()
  })
}

function watch(socket: Socket, queue: ReadonlySet<ServerResponse>): void {
  socket.once('close', () => {
    for (const response of queue) close(response)
  })
  // Before Node's own listener, which closes in the orderly way: what is unsent would then stay in the kernel for minutes, until it
  // gives up on a client that does not read. A reset drops it. An idle connection has nothing unsent and is closed in order.
  socket.prependListener('timeout', () => {
    if (socket.writableLength > 0) socket.resetAndDestroy()
  })
}

function wait(response: ServerResponse, queue: Set<ServerResponse>): void {
  queue.add(response)
  response.once('finish', () => queue.delete(response))
}

/**
 * Ends a queued response as nodejs/node#62534 does, which Node.js 24 has and 20 and 22 do not: there it never hears `close`, and what
 * feeds it, an open file say, is held for good.
 */
function close(response: ServerResponse): void {
  if (response.destroyed || response.socket !== null) return
  response.destroy()
  // What asks only later whether it is over (`finished` of node:stream) looks at this one.
  Reflect.set(response, '_closed', true)
  response.emit('close')
}
