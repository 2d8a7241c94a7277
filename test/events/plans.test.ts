// What a look at the outbox reads: as much as is to be told, however long the log is, and however much waits for an endpoint that is away.
import t, { type Test } from 'tap'
import { functionSchemaOf } from '../../src/database/function-files.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { createTestDatabase } from '../support/database.js'

const owner = '01890000-0000-7000-8000-000000000001'
const log = 20_000
const backlog = 5_000

type Taken = { position: string; user_id: string; is_held: boolean }

t.test('a look reads what it brings', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, async (client) => {
    const schema = functionSchemaOf('public')
    await client.query(`
      INSERT INTO events (position, type, user_id, data, happened_at)
      SELECT n, 'user.updated', md5((n % 500)::text)::uuid, '{}', now() FROM generate_series(1, ${log}) AS n`)
    await client.query(`UPDATE event_numbers SET last = ${log}`)
    await client.query(
      `INSERT INTO event_endpoints (name, host, position) VALUES ('well', 'h', ${log}), ('away', 'h', ${log})`,
    )
    // Of each user the first one is tried again in an hour, and the others wait behind it.
    await client.query(`
      INSERT INTO event_deliveries (endpoint, position, user_id, attempts, next_at)
      SELECT 'away', position, user_id, 1, CASE WHEN position <= ${log - backlog + 500} THEN now() + interval '1 hour' END
      FROM events WHERE position > ${log - backlog}`)
    await client.query('ANALYZE')

    /** Rows that were read and not reported yet, by this connection. */
    async function readSoFar() {
      const { rows } = await client.query<{ relname: string; read: number }>(
        `SELECT relname, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS read FROM pg_stat_xact_user_tables
        WHERE relname IN ('events', 'event_deliveries') ORDER BY relname DESC`,
      )
      return rows
    }

    /** Rows of the log and of the backlog that a call reads. */
    async function rowsReadBy<Row extends object>(text: string, values: unknown[]) {
      await client.query('BEGIN')
      const before = await readSoFar()
      const { rows } = await client.query<Row>(text, values)
      const after = await readSoFar()
      await client.query('COMMIT')
      return { rows, read: after.map(({ relname, read }, n) => ({ relname, count: read - Number(before[n]?.read) })) }
    }

    async function look(t: Test, endpoint: string, outcome: string): Promise<void> {
      await client.query(
        `INSERT INTO event_outbox (type, user_id, data)
        SELECT 'user.updated', md5((n % 500)::text)::uuid, '{}' FROM generate_series(1, 50) AS n`,
      )
      const taken = await rowsReadBy<Taken>(
        `SELECT (t.event).position::text, (t.event).user_id, (t.event).is_held
        FROM "${schema}".take_events($1, 'h', $2, 5, 500, true, false) AS t WHERE (t.event).position IS NOT NULL`,
        [endpoint, owner],
      )
      t.ok(taken.rows.length >= 50)
      const results = taken.rows.map(({ position, user_id, is_held }) =>
        is_held ? { position, user_id, outcome: 'held' } : { position, user_id, outcome, retry_after: 60 },
      )
      const place = taken.rows.at(-1)?.position
      const settled = await rowsReadBy(`SELECT "${schema}".settle_events($1, $2, 5, $3, $4, 86400)`, [
        ...[endpoint, owner, place, JSON.stringify(results)],
      ])
      for (const { read } of [taken, settled]) {
        t.equal(read.length, 2)
        for (const { relname, count } of read) {
          t.ok(count <= 10 * results.length, `${count} rows of ${relname} for ${results.length} events`)
        }
      }
    }

    for (const mode of ['auto', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`)
      await t.test(`${mode}: an endpoint that answers`, (t) => look(t, 'well', 'delivered'))
      await t.test(`${mode}: one that answers no more`, (t) => look(t, 'well', 'failed'))
      await t.test(`${mode}: one that was away for long`, (t) => look(t, 'away', 'delivered'))
    }
  })
})
