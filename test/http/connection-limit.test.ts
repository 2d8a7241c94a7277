// Clients that hold connections: no address has more of them than it can use, and a large answer ends however slowly it is read.
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { limitConnections } from '../../src/http/connection-limit.js'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { startApp } from '../support/app.js'
import { openConnection } from '../support/connection.js'

const ask = 'GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n'

/** A connection, and whether it is answered or cut off. */
async function open(
  t: Test,
  app: FastifyInstance,
  localAddress = '127.0.0.1',
): Promise<{ socket: Socket; isKept: boolean }> {
  const { port } = app.server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(ask))
  t.teardown(() => socket.destroy())
  const isKept = await new Promise<boolean>((resolve) => {
    socket.on('error', () => resolve(false))
    socket.once('data', () => resolve(true))
    socket.once('close', () => resolve(false))
  })
  return { socket, isKept }
}

t.test('an address has twice as many connections as requests a minute, and others have theirs', async (t) => {
  const { app, logged } = await startApp(t, { settings: { FLOOD_PER_MINUTE: '3' } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const opened: Awaited<ReturnType<typeof open>>[] = []
  for (let index = 0; index < 9; index += 1) opened.push(await open(t, app))
  t.strictSame(
    opened.map(({ isKept }) => isKept),
    [true, true, true, true, true, true, false, false, false],
  )
  t.equal((await open(t, app, '127.0.0.2')).isKept, true)
  t.equal(logged().split('has its share').length, 2, 'told once a minute')
  const end = opened[0]?.socket
  const closed = new Promise((resolve) =>
    app.server.getConnections((_error, before) => {
      const look = () =>
        app.server.getConnections((_failure, now) => (now < before ? resolve(now) : setImmediate(look)))
      look()
    }),
  )
  end?.destroy()
  await closed
  t.equal((await open(t, app)).isKept, true, 'one that ended is free again')
  t.equal((await open(t, app)).isKept, false)
})

t.test('a trusted proxy has as many as it likes', async (t) => {
  const { app } = await startApp(t, { settings: { FLOOD_PER_MINUTE: '1', TRUST_PROXY: '127.0.0.1' } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const opened = await Promise.all(Array.from({ length: 8 }, () => open(t, app)))
  t.ok(opened.every(({ isKept }) => isKept))
})

t.test('who has gone before it was looked at is nobody', async (t) => {
  const app = createServer({ logger: createLogger('silent', { write: () => {} }), trustProxy: [] })
  t.teardown(() => app.close())
  limitConnections(app, { most: 0, exempt: [] })
  let isReset = false
  // The one that was added last: others take real connections alone.
  const ours = app.server.listeners('connection').at(-1)
  ours?.call(app.server, { remoteAddress: undefined, resetAndDestroy: () => (isReset = true) })
  t.notOk(isReset)
})

t.test('a large answer that is read a little now and then is given up', async (t) => {
  const app = createServer({
    logger: createLogger('silent', { write: () => {} }),
    trustProxy: [],
    waits: { inactivity: 60_000, answer: 500 },
  })
  t.teardown(() => app.close())
  const body = Buffer.alloc(24 * 1024 * 1024, 'x')
  app.get('/large', async (_request, reply) => reply.send(body))
  app.get('/small', async () => 'small')
  const { socket } = await openConnection(t, app)
  const isClosed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('GET /small HTTP/1.1\r\nhost: a\r\n\r\n')
  await once(socket, 'data')
  socket.write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n')
  socket.pause()
  const reading = setInterval(() => socket.read(20_000), 50)
  t.teardown(() => clearInterval(reading))
  const begin = performance.now()
  await isClosed
  t.ok(performance.now() - begin < 15_000)
  t.ok(socket.bytesRead < body.length)
})

t.test('one that is read in time ends no connection', async (t) => {
  const app = createServer({
    logger: createLogger('silent', { write: () => {} }),
    trustProxy: [],
    waits: { answer: 1_000 },
  })
  t.teardown(() => app.close())
  app.get('/large', async () => 'x'.repeat(100_000))
  const { socket } = await openConnection(t, app)
  const ask = async () => {
    const from = socket.bytesRead
    socket.write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n')
    while (socket.bytesRead < from + 100_000) await once(socket, 'data')
  }
  await ask()
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await ask()
  t.notOk(socket.destroyed)
})
