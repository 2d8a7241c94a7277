// Reads that share a connection: together on the wire, each with an answer of its own, and none left waiting for another's.
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { isDatabaseUnavailable } from '../../src/database/failures.js'
import { createTestDatabase } from '../support/database.js'

async function open(t: Test, { poolSize = 3, isBehindPooler = false } = {}) {
  const { url } = await createTestDatabase()
  const directUrl = isBehindPooler ? 'postgresql://elsewhere/' : url
  const database = openDatabase({ url, directUrl, poolSize, namedStatements: true })
  t.teardown(() => database.$disconnect())
  const backendOf = async (way: 'run' | 'read') => {
    const [row] = await database[way]<[{ pid: number }]>({ text: 'SELECT pg_backend_pid() AS pid', values: [] })
    return row.pid
  }
  return {
    database,
    backendOf,
    wait: (seconds: number) => database.read({ text: 'SELECT pg_sleep($1)', values: [seconds] }),
    divide: (by: number) => database.read({ text: 'SELECT 6 / $1::int AS result', values: [by] }),
    terminate: (pid: number) => database.$queryRaw`SELECT pg_terminate_backend(${pid}::int)`,
  }
}

/** How often any socket has written what it had gathered. */
function countWrites(t: Test): () => number {
  let count = 0
  const { _writev: write } = Socket.prototype
  function counted(this: Socket, ...parameters: Parameters<NonNullable<typeof write>>): void {
    count += 1
    write?.apply(this, parameters)
  }
  Object.assign(Socket.prototype, { _writev: counted })
  t.teardown(() => Object.assign(Socket.prototype, { _writev: write }))
  return () => count
}

t.test('what is asked in one turn goes out in one write, on one connection', async (t) => {
  const { backendOf } = await open(t)
  const shared = await backendOf('read')
  const writes = countWrites(t)
  const backends = await Promise.all(Array.from({ length: 20 }, () => backendOf('read')))
  t.strictSame(new Set(backends), new Set([shared]))
  t.equal(writes(), 1)
  t.not(await backendOf('run'), shared, 'which is none of the pool')
})

t.test('everybody gets their own answer, and their own error', async (t) => {
  const { divide } = await open(t)
  const answers = await Promise.allSettled([divide(1), divide(0), divide(2), divide(3)])
  t.match(answers, [
    { value: [{ result: 6 }] },
    { status: 'rejected', reason: { code: '22012' } },
    { value: [{ result: 3 }] },
    { value: [{ result: 2 }] },
  ])
})

t.test('a connection that breaks is told to those who wait, and replaced for the next', async (t) => {
  const { backendOf, wait, terminate } = await open(t)
  const first = await backendOf('read')
  const waiting = Promise.allSettled([wait(2), wait(2)])
  await terminate(first)
  for (const answer of await waiting) t.ok(answer.status === 'rejected' && isDatabaseUnavailable(answer.reason))
  const second = await backendOf('read')
  t.not(second, first)
  t.equal(await backendOf('read'), second)
})

t.test('nobody waits for longer than the service does, however busy the connection is with others', async (t) => {
  const { wait, backendOf } = await open(t)
  const [first, ...others] = await Promise.allSettled([wait(2.4), wait(2.4), wait(2.4)])
  t.equal(first?.status, 'fulfilled')
  for (const answer of others) t.ok(answer.status === 'rejected' && isDatabaseUnavailable(answer.reason))
  t.ok(await backendOf('read'))
})

t.test('who asks later has as long as anybody, and an idle connection stays', async (t) => {
  const { backendOf, wait } = await open(t)
  const shared = await backendOf('read')
  await wait(1)
  await wait(2.2)
  t.equal(await backendOf('read'), shared)
  // It is time passing that must do nothing.
  await sleep(3_300)
  t.equal(await backendOf('read'), shared)
})

t.test('a pool of one, and one behind a pooler, keeps its connections to itself', async (t) => {
  for (const options of [{ poolSize: 1 }, { isBehindPooler: true }]) {
    const { backendOf } = await open(t, options)
    t.equal(await backendOf('read'), await backendOf('run'))
  }
})

t.test('the connections of a pool are as many as its setting says', async (t) => {
  const { database, backendOf } = await open(t, { poolSize: 2 })
  await backendOf('read')
  await Promise.all(Array.from({ length: 5 }, () => backendOf('run')))
  const count = () => database.$queryRaw<[{ count: number }]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database()`
  t.strictSame(await count(), [{ count: 2 }])
})
