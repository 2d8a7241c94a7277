// Bodies that do not come in time, or come broken: an answer in the one shape, in its turn, and the connection ends.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { openConnection } from '../support/connection.js'

const head = (path: string, more: string) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${more}\r\n\r\n`
const slow = (path: string) => `${head(path, 'content-length: 50')}{`
const broken = (path: string) => `${head(path, 'transfer-encoding: chunked')}1\r\n{\r\nnonsense\r\n`

function openServer(t: Test): FastifyInstance {
  const waits = { request: 200, headers: 150, checkEvery: 50 }
  const app = createServer({ logger: createLogger('silent', { write: () => {} }), trustProxy: [], waits })
  t.teardown(() => app.close())
  app.post('/read', async () => 'read')
  app.get('/late', () => new Promise((resolve) => setTimeout(resolve, 400, 'late')))
  // Let nobody in before it is known who asks, which takes longer than a body may.
  const onRequest = () => new Promise<void>((resolve) => setTimeout(resolve, 1_000))
  app.post('/asking', { onRequest }, async () => 'asked')
  app.post('/refused', { onRequest: async (_request, reply) => reply.code(403).send('no') }, async () => 'never')
  return app
}

/** All that comes back until the connection ends. */
async function answersTo(t: Test, app: FastifyInstance, bytes: string): Promise<string> {
  const { socket } = await openConnection(t, app)
  socket.write(bytes)
  return textOf(socket)
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

t.test('a body that is not there in time is 408, one in broken chunks is 400', async (t) => {
  const app = openServer(t)
  for (const [bytes, status, code] of [
    [slow('/read'), 408, 'request_timeout'],
    [broken('/read'), 400, 'validation_failed'],
  ] as const) {
    const text = await answersTo(t, app, bytes)
    t.match(text, new RegExp(`^HTTP/1.1 ${status} `))
    t.match(text, new RegExp(`"code":"${code}"`))
    t.match(text, /x-request-id: /)
    t.match(text, /connection: close/)
    t.equal(text.split('HTTP/1.1').length, 2, 'one answer')
  }
})

t.test('behind another request on the connection, its answer comes second', async (t) => {
  const app = openServer(t)
  const text = await answersTo(t, app, `GET /late HTTP/1.1\r\nhost: a\r\n\r\n${slow('/read')}`)
  t.strictSame(text.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 408'])
})

t.test('who has an answer gets no second one, and whose body nobody reads yet gets none', async (t) => {
  const app = openServer(t)
  const text = await answersTo(t, app, slow('/refused'))
  t.match(text, /^HTTP\/1.1 403 /)
  t.equal(text.split('HTTP/1.1').length, 2)
  t.equal(await answersTo(t, app, slow('/asking')), '')
})
