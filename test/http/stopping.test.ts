// A stop waits for answers that are under way and for nothing else: a connection on which nothing is asked, whose request comes slowly,
// or which is kept alive after its answer does not hold it until its time is over.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { startApp } from '../support/app.js'
import { openConnection } from '../support/connection.js'

const waits = { silent: 100, request: 300, owed: 60_000 }

async function open(t: Test, settings = waits) {
  let logged = ''
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const write = (line: string) => {
    logged += line
  }
  const logger = createLogger('info', { write })
  const app = createServer({ logger, trustProxy: [], waits: settings })
  app.get('/held', () => answered.then(() => 'held'))
  app.get('/begun', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': 5 }).write('be')
    return answered.then(() => reply.raw.end('gun'))
  })
  app.post('/', async () => 'posted')
  const ends: Socket[] = []
  app.server.on('connection', (end: Socket) => ends.push(end))
  const { socket, received } = await openConnection(t, app)
  let heard = ''
  const ended = once(socket, 'close')
  socket.on('data', (chunk) => {
    heard += chunk
  })
  async function close() {
    const started = performance.now()
    await app.close()
    await ended
    return performance.now() - started
  }
  const hear = async (text: string) => {
    while (!heard.includes(text)) await once(socket, 'data')
  }
  const end = () => ends[0] as Socket
  return { socket, end, received, answer, close, hear, heard: () => heard, logged: () => logged }
}

/** In milliseconds, with what a loaded machine may add. */
const isWithin = (took: number, least: number) => took > least - 20 && took < least + 10_000

t.test('before the stop, while load balancers are told of it, each ends with its next answer', async (t) => {
  const { app, health } = await startApp(t)
  const kept = await openConnection(t, app)
  const ask = async ({ socket }: typeof kept) => {
    socket.write('GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n')
    const [answer] = await once(socket, 'data')
    return String(answer)
  }
  t.match(await ask(kept), /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: keep-alive\r\n/i)
  health.drain()
  const ended = once(kept.socket, 'end')
  t.match(await ask(kept), /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n/i)
  await ended
  // Whoever has not noticed yet is served all the same.
  t.match(await ask(await openConnection(t, app)), /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n/i)
})

t.test('one on which nothing is asked', async (t) => {
  const { end, close } = await open(t)
  // Known to the server, which otherwise has nothing to end.
  while (!end()) await new Promise((resolve) => setImmediate(resolve))
  const took = await close()
  // Node.js 26 may end it at once.
  t.ok(took < waits.silent + 10_000, `${took}`)
})

t.test('one on which no request is in: half a head, half a body', async (t) => {
  for (const part of [
    'GET / HT',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
  ]) {
    const { socket, end, close } = await open(t)
    socket.write(part)
    while (end().bytesRead < part.length) await new Promise((resolve) => setImmediate(resolve))
    const took = await close()
    t.ok(isWithin(took, waits.request), `${took}`)
  }
})

t.test('an answer under way is written, and its connection is not kept', async (t) => {
  const { socket, received, answer, close, heard, logged } = await open(t, { ...waits, silent: 60_000 })
  socket.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n')
  await received(1)
  const closing = close()
  setTimeout(answer, 400)
  const took = await closing
  t.ok(isWithin(took, 400), `${took}`)
  t.match(heard(), /^HTTP\/1\.1 200[\s\S]*connection: close[\s\S]*held$/i)
  t.notMatch(logged(), /given up/)
})

t.test('one whose answer had begun, and is kept alive by what its head says', async (t) => {
  const { socket, answer, close, hear, heard } = await open(t)
  socket.write('GET /begun HTTP/1.1\r\nhost: a\r\n\r\n')
  await hear('be')
  const closing = close()
  setTimeout(answer, 400)
  const took = await closing
  t.ok(isWithin(took, 400), `${took}`)
  t.match(heard(), /begun$/)
})

t.test('an answer that is not written in time is given up, and the log says so', async (t) => {
  const { socket, received, close, heard, logged } = await open(t, { ...waits, owed: 300 })
  socket.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n')
  await received(1)
  const took = await close()
  t.ok(isWithin(took, 300), `${took}`)
  t.equal(heard(), '')
  t.match(logged(), /"answers":1,"msg":"stopping: answers that were not written in time are given up"/)
})
