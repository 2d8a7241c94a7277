// Endpoints that answer as no server should: none of them holds others back, keeps connections for ever, or keeps a replica from stopping.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import { EventDispatcher } from '../../src/events/dispatcher.js'
import type { EventTelemetry } from '../../src/events/event-telemetry.js'
import { createSignedPost } from '../../src/http/signed-post.js'
import { startApp } from '../support/app.js'
import { insertUser } from '../users/people.js'
import { secret, startReceiver } from './receiver.js'

type Tap = Parameters<typeof startApp>[0]

const keys = [Buffer.from(secret.slice(6), 'base64')]
const idOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [asha, ravi] = [idOf(1), idOf(2)]

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A server that speaks no HTTP of its own: what it writes to whoever comes, and who is connected. */
async function startRaw(t: Tap, serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.once('data', () => serve(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, target: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, keys } }
}

/** Writes again and again until the connection is gone. */
function writeEvery(socket: Socket, milliseconds: number, text: string): void {
  const timer = setInterval(() => socket.write(text), milliseconds)
  socket.on('close', () => clearInterval(timer))
}

t.test('answers on the way to an answer (1xx) buy no more time than one more of it', { timeout: 8_000 }, async (t) => {
  const { target } = await startRaw(t, (socket) => writeEvery(socket, 20, 'HTTP/1.1 103 Early Hints\r\n\r\n'))
  const post = createSignedPost({ timeout: 300, maxAnswer: 1_000 })
  t.teardown(post.close)
  await t.rejects(post.tell(target, { id: 'x', body: '{}' }))
})

t.test('a body that never ends, or that nobody ends, keeps no connection', { timeout: 8_000 }, async (t) => {
  const post = createSignedPost({ timeout: 300, maxAnswer: 1_000 })
  t.teardown(post.close)
  const slow = await startRaw(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n')
    writeEvery(socket, 20, 'x')
  })
  t.equal((await post.tell(slow.target, { id: 'x', body: '{}' })).status, 200)
  await until(() => slow.sockets.size === 0)

  const long = await startRaw(t, (socket) => writeEvery(socket, 5, `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(900)}`))
  await post.tell(long.target, { id: 'x', body: '{}' })
  await until(() => long.sockets.size === 0)

  const silent = await startRaw(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n'))
  for (let n = 0; n < 100; n += 1) await post.tell(silent.target, { id: 'x', body: '{}' })
  await until(() => silent.sockets.size <= 32)
  await until(() => silent.sockets.size === 0)
})

t.test('one whose bodies do not end takes no connection from others', { timeout: 8_000 }, async (t) => {
  const post = createSignedPost({ timeout: 5_000, maxAnswer: 1_000 })
  t.teardown(post.close)
  const silent = await startRaw(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n'))
  for (let n = 0; n < 70; n += 1) await post.tell(silent.target, { id: 'x', body: '{}' })
  await until(() => silent.sockets.size === 64)
  let connections = 0
  const well = await startRaw(t, (socket) => {
    connections += 1
    const answer = () => socket.write('HTTP/1.1 204 No Content\r\n\r\n')
    answer()
    socket.on('data', answer)
  })
  for (let n = 0; n < 5; n += 1) {
    await post.tell(well.target, { id: 'x', body: '{}' })
    // Its end comes with the next turn, or a second connection would be made.
    await new Promise(setImmediate)
  }
  t.equal(connections, 1)
})

t.test('how long it wants to be left alone is read in both forms, and nothing else is', async (t) => {
  const post = createSignedPost({ timeout: 300, maxAnswer: 1_000 })
  t.teardown(post.close)
  const inAMinute = new Date(Date.now() + 60_000).toUTCString()
  for (const [lines, expected] of [
    ['Retry-After: 120', [120, 120]],
    [`Retry-After: ${inAMinute}`, [50, 60]],
    ['Retry-After: Fri, 27 Nov 2026 00:00:00 GMT', [0, 0]],
    ['Retry-After: soon', null],
    ['Retry-After: -5', null],
    ['Retry-After: 1\r\nRetry-After: 2', null],
    ['X: y', null],
  ] as const) {
    const { target } = await startRaw(t, (socket) =>
      socket.end(`HTTP/1.1 503 No\r\n${lines}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`),
    )
    const { retryAfter } = await post.tell(target, { id: 'x', body: '{}' })
    if (expected === null) t.equal(retryAfter, undefined, lines)
    else t.ok(Number(retryAfter) >= expected[0] && Number(retryAfter) <= expected[1], `${lines}: ${retryAfter}`)
  }
})

t.test('a user of whom much is to be told holds nobody else back', { timeout: 30_000 }, async (t) => {
  const service = await startApp(t)
  await insertUser(service, asha, 'Asha', { phone: '+919876543210' })
  await insertUser(service, ravi, 'Ravi', { email: 'ravi@example.com' })
  const receiver = await startReceiver(t)
  receiver.judgeBy(() => new Promise((resolve) => setTimeout(resolve, 20, 200)))
  const telemetry: EventTelemetry[] = []
  const dispatcher = new EventDispatcher({
    database: service.database,
    endpoints: [{ url: receiver.url, keys }],
    tellsIdentifiers: false,
    onTelemetry: (event) => void telemetry.push(event),
    times: { idle: 5, follow: 5, slow: 400 },
  })
  dispatcher.start()
  t.teardown(() => dispatcher.stop())
  await until(async () => (await service.database.eventEndpoint.count()) === 1)
  await service.database.$executeRaw`
    INSERT INTO event_outbox (type, user_id, data)
    SELECT 'user.updated', ${asha}::uuid, jsonb_build_object('n', n) FROM generate_series(1, 150) AS n`
  await until(() => receiver.taken.length > 0)
  await service.database.user.update({ where: { id: ravi }, data: { userName: 'Ravi Rao' } })
  const isOfRavi = ({ data }: { data: { user_id: string | null } }) => data.user_id === ravi
  await receiver.until((taken) => taken.some(isOfRavi))
  const before = receiver.taken.findIndex(isOfRavi)
  t.ok(before < 100, `after ${before} of another user`)
  await receiver.until(({ length }) => length === 151)
  const told = receiver.taken.filter((event) => !isOfRavi(event)).map(({ data }) => data['n'])
  t.strictSame(
    told,
    Array.from({ length: 150 }, (_, n) => n + 1),
    'in order, each once',
  )
  t.notOk(telemetry.some(({ kind }) => kind === 'failed'))
  await until(async () => (await service.database.eventDelivery.count()) === 0)
  t.ok(telemetry.length < 75, `${telemetry.length} looks: what waits goes on by more than one a look`)
})

t.test(
  'one that gives no answer keeps no replica from stopping, and is tried by the next one',
  { timeout: 8_000 },
  async (t) => {
    const service = await startApp(t)
    await insertUser(service, asha, 'Asha', { phone: '+919876543210' })
    await insertUser(service, ravi, 'Ravi', { email: 'ravi@example.com' })
    const silent = await startRaw(t, () => {})
    const failures: EventTelemetry[] = []
    const dispatcher = new EventDispatcher({
      database: service.database,
      endpoints: [silent.target],
      tellsIdentifiers: false,
      onTelemetry: (event) => void failures.push(event),
      times: { idle: 5, slow: 50, farewell: 100 },
    })
    dispatcher.start()
    await until(async () => (await service.database.eventEndpoint.count()) === 1)
    const rename = (id: string) => service.database.user.update({ where: { id }, data: { userName: 'Somebody' } })
    const waiting = (where: object) => service.database.eventDelivery.count({ where })
    await rename(asha)
    await until(async () => (await waiting({})) === 1)
    await rename(ravi)
    await until(() => silent.sockets.size === 2)
    const start = performance.now()
    await dispatcher.stop()
    t.ok(performance.now() - start < 8_000)
    t.equal(await waiting({ attempts: 0, error: null, nextAt: { lte: new Date() } }), 2)
    t.strictSame(failures, [])
  },
)
