// A database of its own for a test: a copy of the migrated template. The runner drops them all at the end: each drop makes the
// server write down what it has in memory, and that was a sixth of all it did.
import { randomBytes } from 'node:crypto'
import { escapeIdentifier } from 'pg'
import { urlOfDatabase, withConnection } from '../../src/development/postgres-query.js'
import { testDatabasePrefix } from './template.js'

// Any number that the test runs agree on.
const copyLock = 7_246_001

let next: Promise<string> | undefined

/** Creates a database for the test. The one after it is copied meanwhile: a copy takes 30 ms, which most tests would wait for. */
export async function createTestDatabase(): Promise<{ url: string }> {
  const made = next ?? copyTemplate()
  next = made.then(copyTemplate)
  // Whoever asks for it hears of its failure.
  next.catch(() => undefined)
  return { url: await made }
}

async function copyTemplate(): Promise<string> {
  const adminUrl = process.env['TEST_DATABASE_ADMIN_URL']
  const template = process.env['TEST_DATABASE_TEMPLATE']
  if (!adminUrl || !template) throw new Error('there is no test database server here: run `npm test [-- <test file>]`')

  const name = `${testDatabasePrefix}${process.pid}_${randomBytes(4).toString('hex')}`
  const identifier = escapeIdentifier(name)
  await withConnection(adminUrl, async (client) => {
    // One copy at a time: PostgreSQL refuses to copy a database that it is busy with. Closing frees the lock.
    await client.query('SELECT pg_advisory_lock($1)', [copyLock])
    // Its files as they are: written page by page through the log, a copy takes two to four times the processor time.
    await client.query(`CREATE DATABASE ${identifier} TEMPLATE ${escapeIdentifier(template)} STRATEGY FILE_COPY`)
  })
  return urlOfDatabase(adminUrl, name)
}
