// Whether a database is as it was.
import { Client, escapeIdentifier } from 'pg'

/** All rows of all tables, as text. */
export async function contentOf(url: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const tables = await client.query(
    `SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`,
  )
  const contents = []
  for (const { schema, name } of tables.rows) {
    const { rows } = await client.query(`SELECT t::text FROM ${escapeIdentifier(schema)}.${escapeIdentifier(name)} t`)
    contents.push([name, rows])
  }
  await client.end()
  return JSON.stringify(contents)
}
