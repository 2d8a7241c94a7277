// Connections whose clients do not read, read slowly, stay idle, or go before their answers are written.
import { once } from 'node:events'
import { createReadStream, existsSync, type ReadStream, readdirSync, readlinkSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createLogger } from '../../src/http/logger.js'
import { createServer, type ServerOptions } from '../../src/http/server.js'
import { startApp } from '../support/app.js'
import { openConnection } from '../support/connection.js'

/** More than the buffers of both ends take together. */
const large = Buffer.alloc(24 * 1024 * 1024, 'x')
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`

function openServer(t: Test, waits: ServerOptions['waits'] = {}): FastifyInstance {
  const app = createServer({ logger: createLogger('silent', { write: () => {} }), trustProxy: [], waits })
  t.teardown(() => app.close())
  app.get('/small', async () => 'small')
  app.get('/large', async (_request, reply) => reply.send(large))
  return app
}

/** The server's end of the next connection. */
async function nextEnd(app: FastifyInstance): Promise<Socket> {
  const [socket] = await once(app.server, 'connection')
  return socket as Socket
}

/** Waits for the end of a connection, orderly or not. */
const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

async function elapsed(work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

t.test(
  'the service gives up a connection on which nothing moves, and keeps an idle one longer than load balancers',
  async (t) => {
    const { app } = await startApp(t)
    t.equal(app.server.timeout, 15_000)
    t.equal(app.server.keepAliveTimeout, 65_000)
  },
)

t.test('an answer that nobody reads is given up, and nothing of it is kept', async (t) => {
  const app = openServer(t, { inactivity: 300 })
  const end = nextEnd(app)
  const { socket } = await openConnection(t, app)
  socket.pause()
  socket.write(get('/large'))
  const ofServer = await end
  const waited = await elapsed(closeOf(ofServer))
  t.ok(waited > 250 && waited < 5_000, `${waited} ms`)
  // An orderly end would leave megabytes with the kernel, which would still send them.
  socket.resume()
  await closeOf(socket)
  t.ok(socket.bytesRead < 1024 * 1024, `${socket.bytesRead} bytes`)
})

t.test('an answer that is read slowly is served to its end', async (t) => {
  const inactivity = 1_000
  const app = openServer(t, { inactivity })
  const { socket } = await openConnection(t, app)
  const step = 256 * 1024
  const reading = new Promise<void>((resolve) => {
    let pauses = 0
    socket.on('close', resolve)
    socket.on('data', () => {
      if (socket.bytesRead > large.length) return resolve()
      if (socket.bytesRead < (pauses + 1) * step) return
      pauses += 1
      socket.pause()
      setTimeout(() => socket.resume(), 15)
    })
  })
  socket.write(get('/large'))
  const waited = await elapsed(reading)
  t.ok(socket.bytesRead > large.length, `${socket.bytesRead} bytes`)
  t.ok(waited > inactivity, `it took longer than nothing may move: ${waited} ms`)
})

t.test('an idle connection is kept as long as promised, and ended in order', async (t) => {
  const [inactivity, keepAlive] = [300, 1_500]
  const app = openServer(t, { inactivity, keepAlive })
  const { socket } = await openConnection(t, app)
  socket.write(get('/small'))
  const [head] = await once(socket, 'data')
  t.match(String(head), /keep-alive/i)
  // Rejects where the connection is reset.
  const waited = await elapsed(once(socket, 'end'))
  t.ok(waited >= keepAlive, `${waited} ms`)
})

t.test('after an idle time an answer may not stall either', async (t) => {
  const keepAlive = 20_000
  const app = openServer(t, { inactivity: 300, keepAlive })
  const end = nextEnd(app)
  const { socket } = await openConnection(t, app)
  socket.write(get('/small'))
  await once(socket, 'data')
  socket.pause()
  socket.write(get('/large'))
  const waited = await elapsed(closeOf(await end))
  t.ok(waited < keepAlive / 2, `${waited} ms`)
})

/** What this process has open of a file. */
function openFiles(path: string): string[] {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path
    } catch {
      // It was the one by which the folder itself was read.
      return false
    }
  })
}

const skip = existsSync('/proc/self/fd') ? false : 'what is open is read in /proc'

t.test(
  'a client that goes takes all of its answers along, also those that wait for their turn',
  { skip },
  async (t) => {
    const file = t.testdir({ large: large.toString() })
    const path = `${file}/large`
    const app = openServer(t)
    const files: ReadStream[] = []
    const closes: ServerResponse[] = []
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    app.get('/:when', async ({ params }, reply) => {
      reply.raw.on('close', () => closes.push(reply.raw))
      if (Reflect.get(Object(params), 'when') === 'late') await gate
      const stream = createReadStream(path)
      files.push(stream)
      return reply.send(stream)
    })
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    t.teardown(() => process.off('warning', note))

    const end = nextEnd(app)
    const { socket, received } = await openConnection(t, app)
    socket.pause()
    const count = 20
    socket.write(get('/soon').repeat(count / 2) + get('/late').repeat(count / 2))
    await received(count)
    const ofServer = await end
    t.equal(ofServer.listenerCount('close') < 10, true, 'one listener a connection, however many requests wait')
    socket.destroy()
    await closeOf(ofServer)
    release()
    // A file that nobody destroys never closes: then this waits until the test is over time.
    while (files.length < count) await new Promise(setImmediate)
    await Promise.all(files.map((stream) => stream.closed || once(stream, 'close')))
    t.strictSame(openFiles(path), [])
    t.equal(new Set(closes).size, count)
    t.equal(closes.length, count, 'each hears it once')
    t.strictSame(warnings, [])
  },
)

t.test('an answer that has waited and is being written hears of the end once', async (t) => {
  const app = openServer(t)
  let closes = 0
  app.get('/second', async (_request, reply) => {
    t.equal(reply.raw.socket, null, 'it waits for its turn')
    reply.raw.on('close', () => {
      closes += 1
    })
    return reply.send(large)
  })
  const end = nextEnd(app)
  const { socket } = await openConnection(t, app)
  socket.write(get('/small') + get('/second'))
  while (socket.bytesRead < 100_000) await once(socket, 'data')
  socket.destroy()
  await closeOf(await end)
  await new Promise(setImmediate)
  t.equal(closes, 1)
})

t.test('answers to pipelined requests come in order, and each hears of its end once', async (t) => {
  const app = openServer(t)
  const closes: string[] = []
  app.get('/number/:number', async ({ url }, reply) => {
    reply.raw.on('close', () => closes.push(url))
    return `${url};`
  })
  const paths = [1, 2, 3, 4, 5].map((number) => `/number/${number}`)
  const end = nextEnd(app)
  const { socket } = await openConnection(t, app)
  const closed = end.then((ofServer) => closeOf(ofServer))
  socket.end(paths.map(get).join(''))
  let text = ''
  for await (const chunk of socket) text += chunk
  t.strictSame(text.match(/\/number\/\d(?=;)/g), paths)
  await closed
  t.strictSame(closes, paths)
})
