// A connection to a test's service that says and reads what a test wants, beside what any client library would.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'

/** Lets the service listen, where it does not yet, and opens a connection to it. */
export async function openConnection(t: Test, app: FastifyInstance) {
  let count = 0
  const waiting = new Set<() => void>()
  app.server.on('request', () => {
    count += 1
    for (const look of waiting) look()
  })
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')

  /** Waits until so many requests have come to the service since this connection was opened. */
  function received(wanted: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (count < wanted) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  }

  return { socket, received }
}
