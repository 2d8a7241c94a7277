// A database of its own for a test: a copy of the migrated template, dropped when the test ends.
import { randomBytes } from 'node:crypto'
import { escapeIdentifier } from 'pg'
import type { Test } from 'tap'
import { urlOfDatabase, withConnection } from '../../src/development/postgres-query.js'
import { testDatabasePrefix } from './template.js'

// Any number that the test runs agree on.
const copyLock = 7_246_001

/** Creates the test's database; it is dropped, ending its connections, when `t` ends. */
export async function createTestDatabase(t: Pick<Test, 'teardown'>): Promise<{ url: string }> {
  const adminUrl = process.env['TEST_DATABASE_ADMIN_URL']
  const template = process.env['TEST_DATABASE_TEMPLATE']
  if (!adminUrl || !template) throw new Error('there is no test database server here: run `npm test [-- <test file>]`')

  const name = `${testDatabasePrefix}${process.pid}_${randomBytes(4).toString('hex')}`
  const identifier = escapeIdentifier(name)
  await withConnection(adminUrl, async (client) => {
    // Copying files is half the work of copying pages through the log, and so is dropping them. One copy at a time: PostgreSQL refuses to copy a database that it is busy with. Closing frees the lock.
    await client.query('SELECT pg_advisory_lock($1)', [copyLock])
    await client.query(`CREATE DATABASE ${identifier} TEMPLATE ${escapeIdentifier(template)} STRATEGY FILE_COPY`)
  })
  t.teardown(() =>
    withConnection(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${identifier} WITH (FORCE)`)),
  )
  return { url: urlOfDatabase(adminUrl, name) }
}
