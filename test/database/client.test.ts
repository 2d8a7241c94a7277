// The connections of the database: which of them end by themselves.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { createTestDatabase } from '../support/database.js'

t.test('a connection that is asked nothing stays, however long the server says nothing', async (t) => {
  const { url } = await createTestDatabase(t)
  const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements: true })
  t.teardown(() => database.$disconnect())
  const backend = () => database.run<{ pid: number }[]>({ text: 'SELECT pg_backend_pid() AS pid', values: [] })
  const first = await backend()
  // Longer than whoever waits for an answer would be left waiting: it is time passing that must do nothing.
  await sleep(3_300)
  t.equal(database.poolUse().idle, 1)
  t.strictSame(await backend(), first)
})
