// What becomes of connections when the service stops. `server.close` ends those that are idle in that moment and waits for the others,
// while the timeouts of Node.js hold no more. One on which nothing was asked yet (proxies open some in advance), one whose request
// comes slowly, and one that is kept alive after the answer that was under way would each hold the stop until its time is over.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Milliseconds after which a connection is ended, counted from when no new one is taken. */
export type StopWaits = Readonly<{
  /** on which nothing is asked */
  silent: number
  /** whose request is not in */
  request: number
  /** whose answer is not written; with what is closed after it within the time of a stop (src/stopping.ts) */
  owed: number
}>

const lookEvery = 100

/**
 * Ends all connections of the service's own server as it stops. Those of an application that it is mounted in are not its own.
 * @param isDraining whether load balancers are asked to send nothing more. From then on each connection ends with its next answer: one that
 *   is kept would be closed in the moment in which a balancer that has not noticed yet sends a request on it, and a POST is not sent again.
 *   Who has to connect anew is refused once nothing listens, and tries another replica.
 */
export function endConnections(app: FastifyInstance, waits: StopWaits, isDraining: () => boolean): void {
  /** with the answer to what came last on each */
  const connections = new Map<Socket, ServerResponse | undefined>()
  let timer: NodeJS.Timeout | undefined

  // Not those of a second server that Fastify has for the host name `localhost`: nobody reaches that from elsewhere.
  app.server.on('connection', (socket: Socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('onRequest', ({ raw: { socket } }, { raw: response }, done) => {
    if (connections.has(socket)) connections.set(socket, response)
    if (isDraining()) response.shouldKeepAlive = false
    done()
  })
  app.addHook('preClose', (done) => {
    const began = performance.now()
    // Fastify does the same for what comes from now on.
    for (const response of connections.values()) if (response) response.shouldKeepAlive = false
    timer = setInterval(() => endLate(performance.now() - began), lookEvery)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    done()
  })

  function endLate(elapsed: number): void {
    let owed = 0
    for (const [socket, response] of connections) {
      const state = stateOf(socket, response)
      if (elapsed < waits[state]) continue
      if (state === 'owed') owed += 1
      socket.destroy()
    }
    if (owed > 0) app.log.warn({ answers: owed }, 'stopping: answers that were not written in time are given up')
  }
}

function stateOf(socket: Socket, response: ServerResponse | undefined): keyof StopWaits {
  if (response === undefined) return socket.bytesRead === 0 ? 'silent' : 'request'
  if (response.writableFinished) return 'silent'
  return response.req.complete ? 'owed' : 'request'
}
