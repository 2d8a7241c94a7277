// Fills tables with millions of rows: what the indexes and constraints are is taken from the catalogue, put away, and made again
// over the rows, which is many times as fast as keeping them up row by row.
import { type Client, escapeIdentifier } from 'pg'
import { progressLine } from '../../src/cli/progress.js'

export type Fill = Readonly<{
  table: string
  rows: number
  /** inserts the rows numbered from `$1` to `$2`, beginning with 0 */
  insert: string
}>

type Definition = Readonly<{ drop: string; make: string }>

/** Rows inserted by one statement. */
const batchSize = 500_000

/**
 * Empties the tables and fills them, in one transaction: with `wal_level=minimal` PostgreSQL then writes the rows to the tables
 * alone. They end as `VACUUM ANALYZE` and a checkpoint leave them, with nothing left to be done by whoever is measured.
 */
export async function fillTables(client: Client, fills: readonly Fill[], tell: (line: string) => void): Promise<void> {
  const tables = fills.map(({ table }) => table)
  await client.query('BEGIN')
  await client.query("SET LOCAL maintenance_work_mem = '1GB'")
  // Only rows made here refer to each other: the foreign keys are checked when they are made again.
  const definitions = await definitionsOf(client, tables)
  for (const { drop } of definitions) await client.query(drop)
  await client.query(`TRUNCATE ${tables.map(escapeIdentifier).join()}`)
  for (const fill of fills) await insertAll(client, fill, tell)
  for (const { make } of definitions.toReversed()) {
    tell(make)
    await client.query(make)
  }
  await client.query('COMMIT')
  for (const table of tables) {
    tell(`VACUUM ANALYZE ${table}`)
    await client.query(`VACUUM ANALYZE ${escapeIdentifier(table)}`)
  }
  await client.query('CHECKPOINT')
}

async function insertAll(client: Client, { table, rows, insert }: Fill, tell: (line: string) => void): Promise<void> {
  const begin = performance.now()
  for (let done = 0; done < rows; ) {
    const end = Math.min(done + batchSize, rows)
    await client.query(insert, [done, end - 1])
    done = end
    tell(`${table} ${progressLine({ done, total: rows, elapsed: (performance.now() - begin) / 1000 })}`)
  }
}

/** How the keys and indexes of the tables are dropped, in an order in which that can be done, and made in the opposite one. */
async function definitionsOf(client: Client, tables: readonly string[]): Promise<Definition[]> {
  const { rows } = await client.query<Definition>(
    `WITH ours AS (SELECT unnest($1::regclass[]) AS oid), definitions AS (
      SELECT CASE contype WHEN 'f' THEN 1 ELSE 2 END AS place, conname AS name,
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
      FROM pg_constraint
      WHERE contype = 'f' AND (conrelid IN (TABLE ours) OR confrelid IN (TABLE ours))
        OR contype IN ('p', 'u') AND conrelid IN (TABLE ours)
      UNION ALL
      SELECT 3, relname, format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE indrelid IN (TABLE ours) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ) SELECT drop, make FROM definitions ORDER BY place, name`,
    [tables],
  )
  return rows
}
