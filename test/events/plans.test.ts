// What a look at the outbox reads: as much as is to be told, however long the log is, and however much waits for an endpoint that is away.
import type { Client } from 'pg'
import t, { type Test } from 'tap'
import { functionSchemaOf } from '../../src/database/function-files.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { createTestDatabase } from '../support/database.js'

const owner = '01890000-0000-7000-8000-000000000001'
const log = 20_000
const backlog = 5_000

/** Rows that were read and not reported yet, by this connection. */
async function readSoFar(client: Client) {
  const { rows } = await client.query<{ relname: string; read: number }>(
    `SELECT relname, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS read FROM pg_stat_xact_user_tables
    WHERE relname IN ('events', 'event_deliveries') ORDER BY relname DESC`,
  )
  return rows
}

/** Rows of the log and of the backlog that a call reads. */
async function rowsReadBy<Row extends object>(client: Client, text: string, values: unknown[], end = 'COMMIT') {
  await client.query('BEGIN')
  const before = await readSoFar(client)
  const { rows } = await client.query<Row>(text, values)
  const after = await readSoFar(client)
  await client.query(end)
  return { rows, read: after.map(({ relname, read }, n) => ({ relname, count: read - Number(before[n]?.read) })) }
}

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
    await client.query(`UPDATE event_endpoints SET owner = '${owner}', owned_until = now() + interval '1 hour'`)
    // Of each user the first one is tried again in an hour, and the others wait behind it.
    await client.query(`
      INSERT INTO event_deliveries (endpoint, position, user_id, attempts, next_at)
      SELECT 'away', position, user_id, 1, CASE WHEN position <= ${log - backlog + 500} THEN now() + interval '1 hour' END
      FROM events WHERE position > ${log - backlog}`)
    // All that was ever given up there stands between the first one that waits and the others.
    await client.query(`
      INSERT INTO event_deliveries (endpoint, position, user_id, attempts, parked_at)
      SELECT 'away', position, md5(position::text)::uuid, 1, now() FROM events WHERE position BETWEEN 2 AND ${log - backlog}`)
    await client.query(`
      INSERT INTO event_deliveries (endpoint, position, attempts, next_at, error) VALUES ('away', 1, 1, now() + interval '1 hour', 'x')`)
    await client.query('ANALYZE')

    async function look(t: Test, endpoint: string, outcome: string): Promise<void> {
      await client.query(
        `INSERT INTO event_outbox (type, user_id, data)
        SELECT 'user.updated', md5((n % 500)::text)::uuid, '{}' FROM generate_series(1, 50) AS n`,
      )
      const taken = await rowsReadBy<Taken>(
        client,
        `SELECT (t.event).position::text, (t.event).user_id, (t.event).is_held
        FROM "${schema}".take_events($1, 'h', $2, 5, 500, true, false) AS t WHERE (t.event).position IS NOT NULL`,
        [endpoint, owner],
      )
      t.ok(taken.rows.length >= 50)
      const results = taken.rows.map(({ position, user_id, is_held }) =>
        is_held ? { position, user_id, outcome: 'held' } : { position, user_id, outcome, retry_after: 60 },
      )
      const place = taken.rows.at(-1)?.position
      const settled = await rowsReadBy(client, `SELECT "${schema}".settle_events($1, $2, 5, $3, $4, 86400)`, [
        ...[endpoint, owner, place, JSON.stringify(results)],
      ])
      for (const { read } of [taken, settled]) {
        t.equal(read.length, 2)
        for (const { relname, count } of read) {
          t.ok(count <= 10 * results.length, `${count} rows of ${relname} for ${results.length} events`)
        }
      }
    }

    /** Of what goes through the log, or all that waits, a part at a time. */
    async function readParts(t: Test): Promise<void> {
      for (const [text, values, looksAt] of [
        [`SELECT "${schema}".retry_events('away', $1, 0, 500, true)`, [owner], 500],
        [`SELECT "${schema}".rest_endpoint('away', $1, 5, 500, 0, 'x')`, [owner], 1_000],
        [`SELECT "${schema}".replay_events('-infinity', false, 0, ${log}, 200)`, [], 600],
        [`SELECT "${schema}".replay_events('-infinity', true, 10000, ${log}, 200)`, [], 600],
      ] as const) {
        const { read } = await rowsReadBy(client, text, [...values], 'ROLLBACK')
        for (const { relname, count } of read) t.ok(count <= 10 * looksAt, `${count} rows of ${relname}: ${text}`)
      }
    }

    for (const mode of ['auto', 'force_generic_plan']) {
      await client.query(`SET plan_cache_mode = ${mode}`)
      await t.test(`${mode}: an endpoint that answers`, (t) => look(t, 'well', 'delivered'))
      await t.test(`${mode}: one that answers no more`, (t) => look(t, 'well', 'failed'))
      await t.test(`${mode}: one that was away for long`, (t) => look(t, 'away', 'delivered'))
      await t.test(`${mode}: parts of what waits, and of the log`, readParts)
    }
  })
})

t.test('numbers that readers may see are not lost with the server', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, async (client) => {
    const schema = functionSchemaOf('public')
    await client.query(
      `INSERT INTO event_endpoints (name, host, position, owner, owned_until) VALUES ('a', 'h', 0, '${owner}', now())`,
    )
    /** Whether somebody waits for it to reach the disk. */
    const isKept = async () => {
      await client.query('BEGIN; SET LOCAL synchronous_commit = on')
      await client.query(`SELECT "${schema}".rest_endpoint('a', $1, 5, 500, 86400, 'x')`, [owner])
      const { rows } = await client.query<{ synchronous_commit: string }>('SHOW synchronous_commit')
      await client.query('COMMIT')
      return rows[0]?.synchronous_commit
    }
    await client.query(`INSERT INTO event_outbox (type, data) VALUES ('user.updated', '{}')`)
    t.equal(await isKept(), 'on')
    t.equal(await isKept(), 'off', 'where none is given nobody waits')
  })
})

t.test('so it does while a backlog grows, of which nothing is known to the planner', async (t) => {
  const { url } = await createTestDatabase()
  await withConnection(url, async (client) => {
    const schema = functionSchemaOf('public')
    await client.query(`INSERT INTO event_endpoints (name, host, position) VALUES ('a', 'h', 0)`)
    await client.query(`
      INSERT INTO event_outbox (type, user_id, data)
      SELECT 'user.updated', md5((n % 40)::text)::uuid, '{}' FROM generate_series(1, 5000) AS n`)
    for (let look = 1; look <= 10; look += 1) {
      const taken = await rowsReadBy<Taken>(
        client,
        `SELECT (t.event).position::text, (t.event).user_id, (t.event).is_held
        FROM "${schema}".take_events('a', 'h', $1, 5, 500, false, false) AS t WHERE (t.event).position IS NOT NULL`,
        [owner],
      )
      t.equal(taken.rows.length, 500)
      const results = taken.rows.map(({ position, user_id, is_held }, n) =>
        is_held || n >= 40
          ? { position, user_id, outcome: 'held' }
          : { position, user_id, outcome: 'failed', retry_after: 3_600 },
      )
      const settled = await rowsReadBy(client, `SELECT "${schema}".settle_events('a', $1, 5, $2, $3, 86400)`, [
        ...[owner, taken.rows.at(-1)?.position, JSON.stringify(results)],
      ])
      for (const { read } of [taken, settled]) {
        const waiting = read.find(({ relname }) => relname === 'event_deliveries')
        t.ok(Number(waiting?.count) <= 10 * 500, `look ${look}: ${waiting?.count} rows of what waits`)
      }
    }
  })
})
