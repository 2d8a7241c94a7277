// One query on one connection: all that the development tools and the tests ask of a server themselves.
import { Client, escapeIdentifier } from 'pg'

const timeoutMilliseconds = 5_000

/** Opens a connection for `work` and closes it after. Rejects with the driver's error. */
export async function withConnection<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeoutMilliseconds })
  // A server that goes away is reported by the next query; an unheard error event would end our process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The same server's URL for another database. */
export function urlOfDatabase(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** Creates the database if it is missing; rejects with the driver's error. */
export async function ensureDatabase(adminUrl: string, database: string): Promise<void> {
  await withConnection(adminUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (found.rowCount) return
    await client.query(`CREATE DATABASE ${escapeIdentifier(database)}`).catch((error: { code?: string }) => {
      const otherStartWasFaster = error.code === '42P04' || error.code === '23505'
      if (!otherStartWasFaster) throw error
    })
  })
}
