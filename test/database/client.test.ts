// The connections of the database: which of them end by themselves.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { createTestDatabase } from '../support/database.js'

t.test('a connection that is asked nothing stays, however long the server says nothing', async (t) => {
  const { url } = await createTestDatabase()
  const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements: true })
  t.teardown(() => database.$disconnect())
  const backend = () => database.run<{ pid: number }[]>({ text: 'SELECT pg_backend_pid() AS pid', values: [] })
  const first = await backend()
  // Longer than whoever waits for an answer would be left waiting: it is time passing that must do nothing.
  await sleep(3_300)
  t.equal(database.poolUse().idle, 1)
  t.strictSame(await backend(), first)
})

t.test('a plan goes by an index also where the table was nearly empty when it was made', async (t) => {
  const { url } = await createTestDatabase()
  const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements: true })
  t.teardown(() => database.$disconnect())
  await database.$executeRaw`
    INSERT INTO signup_tickets (token_hash, phone, expires_at) VALUES (sha256('a ticket'), '+919876543210', now())`
  await database.$executeRaw`ANALYZE signup_tickets`
  const plan = await database.run<{ 'QUERY PLAN': string }[]>({
    text: "EXPLAIN SELECT phone FROM signup_tickets WHERE token_hash = sha256('a ticket')",
    values: [],
  })
  t.match(plan[0]?.['QUERY PLAN'], /^Index Scan using signup_tickets_pkey/)
  const jit = await database.run<{ jit: string }[]>({ text: 'SHOW jit', values: [] })
  t.strictSame(jit, [{ jit: 'off' }], 'and is not compiled')
})

for (const namedStatements of [true, false]) {
  t.test(`statements past Prisma are prepared by name: ${namedStatements}`, async (t) => {
    const { url } = await createTestDatabase()
    const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements })
    t.teardown(() => database.$disconnect())
    const add = (left: number) =>
      database.run<{ sum: number }[]>({ text: 'SELECT $1::int + 100 AS sum', values: [left] })
    t.strictSame([await add(1), await add(2)], [[{ sum: 101 }], [{ sum: 102 }]])
    const prepared = await database.$queryRaw<object[]>`
      SELECT FROM pg_prepared_statements WHERE statement = 'SELECT $1::int + 100 AS sum'`
    t.equal(prepared.length, namedStatements ? 1 : 0, 'one plan for all calls')
  })
}
