// A database as so many users leave it: each with a code of today, a session and a device.
import type { Client } from 'pg'
import { withConnection } from '../../src/development/postgres-query.js'
import { distanceOf, firstUser } from '../generator/numbers.js'
import { type Fill, fillTables } from './bulk-fill.js'
import { sessionsOf } from './signed-in.js'

/**
 * An id like those of the service: UUIDv7, whose first 48 bits are the milliseconds since the epoch.
 * @param kind four digits that tell the ids of one table from those of another
 */
function idOf(kind: string, time: string, row: string): string {
  const milliseconds = `(extract(epoch FROM ${time}) * 1000)::bigint`
  return `(lpad(to_hex(${milliseconds}), 12, '0') || '7000${kind}' || lpad(to_hex(${row}), 12, '0'))::uuid`
}

/** Users came over the last year, one after the other; the last of them a day ago. */
function userOf(users: number) {
  const time = (row: string) => `$day - interval '365 days' * (1 - (${row})::float / ${users})`
  return { time, id: (row: string) => idOf('8000', time(row), row), phone: phoneOf(users) }
}

function phoneOf(users: number) {
  return (row: string) => `'+' || (${firstUser} + (${row})::bigint * ${distanceOf(users)})`
}

function fillsOf(users: number, day: string): Fill[] {
  const user = userOf(users)
  const sessions = sessionsOf(users)
  const rows = 'generate_series($1::bigint, $2::bigint) AS i'
  const opened = `now() - interval '5 days' * (1 - i::float / ${sessions}) - interval '1 day'`
  const owner = `i % ${users}`
  const scattered = `interval '12 hours' * ((i * 7368787) % ${users})::float / ${users}`
  const fills = [
    {
      table: 'users',
      rows: users,
      insert: `INSERT INTO users (id, phone, phone_verified_at, user_name, name_key, created_at, updated_at)
        SELECT ${user.id('i')}, ${user.phone('i')}, ${user.time('i')}, 'Person ' || i, 'person ' || i, ${user.time('i')},
          ${user.time('i')} FROM ${rows}`,
    },
    {
      table: 'otps',
      rows: users,
      // Their day began within the last 12 hours and is not over when the run is: another send finds a window to count in.
      insert: `INSERT INTO otps (identifier, purpose, code_id, expires_at, consumed_at, attempts, resend_at, send_streak,
          hour_started_at, day_started_at)
        SELECT ${user.phone('i')}, 'sign_in', ${idOf('a000', 'sent', 'i')}, sent + interval '5 minutes', sent, 1, sent, 0, sent, sent
        FROM ${rows}, LATERAL (SELECT now() - interval '1 hour' - ${scattered} AS sent) AS times`,
    },
    {
      table: 'sessions',
      rows: sessions,
      // "Last seen" is written every five minutes, however many sessions there are: here, not within the run.
      insert: `INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, proved_at, device, network, device_id)
        SELECT ${idOf('9000', 'opened', 'i')}, ${user.id(owner)}, opened, now() + interval '1 day', opened + interval '7 days',
          opened, 'Chrome on Android', '10.20.0.0', ${idOf('b000', 'opened', 'i')}
        FROM ${rows}, LATERAL (SELECT ${opened} AS opened) AS times`,
    },
    {
      table: 'devices',
      rows: users,
      insert: `INSERT INTO devices (id, user_id, token_hash, created_at, last_used_at, expires_at)
        SELECT ${idOf('b000', 'opened', 'i')}, ${user.id('i')}, sha256(i::text::bytea), opened, opened,
          opened + interval '180 days'
        FROM ${rows}, LATERAL (SELECT ${opened} AS opened) AS times`,
    },
  ]
  return fills.map((fill) => ({ ...fill, insert: fill.insert.replaceAll('$day', `'${day}'::timestamptz`) }))
}

/** Fills an empty database. */
export function growDatabase(databaseUrl: string, users: number, tell: (line: string) => void): Promise<void> {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString()
  return withConnection(databaseUrl, async (client) => {
    // Nobody has an address: `me` finds none, however many users there are.
    await fillTables(client, fillsOf(users, yesterday), tell)
    await client.query('VACUUM ANALYZE addresses')
  })
}

/**
 * @throws Error unless the rows of `otps` count as many sends and wrong guesses as there are events of them, beside what the
 * database was filled with
 */
export async function checkCodes(databaseUrl: string, users: number): Promise<void> {
  const query = (client: Client) =>
    client.query<{ codes: number; wrong_guesses: number; events_of_codes: number; events_of_guesses: number }>(
      `SELECT (SELECT sum(day_sends) FROM otps)::int - $1 AS codes, (SELECT sum(failures) FROM otps)::int AS wrong_guesses,
        (SELECT count(*) FROM auth_events WHERE event = 'authn_token_created')::int AS events_of_codes,
        (SELECT count(*) FROM auth_events WHERE event IN ('authn_login_fail', 'authn_login_lock'))::int AS events_of_guesses`,
      [users],
    )
  const [found] = await withConnection(databaseUrl, async (client) => (await query(client)).rows)
  if (found?.codes === found?.events_of_codes && found?.wrong_guesses === found?.events_of_guesses) return
  throw new Error(`otps and the events count differently: ${JSON.stringify(found)}`)
}
