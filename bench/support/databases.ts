// The databases of the benches: a PostgreSQL of their own that writes through to the disk, and a fresh migrated database for each run.
import { fileURLToPath } from 'node:url'
import { escapeIdentifier } from 'pg'
import { urlOfDatabase, withConnection } from '../../src/development/postgres-query.js'
import { startPostgresServer } from '../../src/development/postgres-server.js'
import { prepareTemplate, templateName, testDatabasePrefix } from '../../test/support/template.js'

export type BenchDatabases = {
  /** what PostgreSQL says of itself, for the report */
  version: string
  /** lends a fresh, migrated database to `work` and drops it after */
  withDatabase: <Result>(work: (url: string) => Promise<Result>) => Promise<Result>
  stop: () => Promise<void>
}

/** @param settings of the server, beside its defaults: `fsync` and `synchronous_commit` are on */
export async function startBenchDatabases(
  settings: Record<string, string>,
  tell: (line: string) => void,
): Promise<BenchDatabases> {
  const projectDirectory = fileURLToPath(new URL('../..', import.meta.url))
  const server = await startPostgresServer({ projectDirectory, name: 'bench-postgres', settings, onProgress: tell })
  const admin = (sql: string) => withConnection(server.adminUrl, async (client) => (await client.query(sql)).rows)
  try {
    await prepareTemplate(server.adminUrl)
    const [place] = await admin(
      "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync",
    )
    if (place?.fsync !== 'on') throw new Error('fsync is off: what it measures would be something else')
    let count = 0
    return {
      version: String(place.version),
      async withDatabase(work) {
        count += 1
        const name = `${testDatabasePrefix}bench_${count}`
        await admin(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(templateName)}`)
        try {
          // So that no run pays for what the one before left to be written.
          await admin('CHECKPOINT')
          return await work(urlOfDatabase(server.adminUrl, name))
        } finally {
          await admin(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)
        }
      },
      stop: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}
