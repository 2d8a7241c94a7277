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
  // As a float: EXTRACT would count in numeric, which takes several times as long.
  const milliseconds = `(date_part('epoch', ${time}) * 1000)::bigint`
  return `(lpad(to_hex(${milliseconds}), 12, '0') || '7000${kind}' || lpad(to_hex(${row}), 12, '0'))::uuid`
}

/** A time of each row, computed once. */
function rowsAt(time: string): string {
  return `FROM generate_series($1::bigint, $2::bigint) AS i, LATERAL (SELECT ${time} AS at OFFSET 0) AS times`
}

/** @param day a day ago, until when the users of a year came, one after the other */
function fillsOf(users: number, day: string): Fill[] {
  const sessions = sessionsOf(users)
  const cameAt = (row: string) => `'${day}'::timestamptz - interval '365 days' * (1 - (${row})::float / ${users})`
  const userId = (time: string, row: string) => idOf('8000', time, row)
  const phone = `'+' || (${firstUser} + i * ${distanceOf(users)})`
  const owner = `(i % ${users})`
  const opened = `'${day}'::timestamptz - interval '5 days' * (1 - i::float / ${sessions})`
  const scattered = `interval '12 hours' * ((i * 7368787) % ${users})::float / ${users}`
  return [
    {
      table: 'users',
      rows: users,
      insert: `INSERT INTO users (id, phone, phone_verified_at, user_name, name_key, created_at, updated_at)
        SELECT ${userId('at', 'i')}, ${phone}, at, 'Person ' || i, 'person ' || i, at, at ${rowsAt(cameAt('i'))}`,
    },
    {
      table: 'otps',
      rows: users,
      // Their day began within the last 13 hours and is not over when the run is: another send finds a window to count in.
      insert: `INSERT INTO otps (identifier, purpose, code_id, expires_at, consumed_at, attempts, resend_at, send_streak,
          hour_started_at, day_started_at)
        SELECT ${phone}, 'sign_in', ${idOf('a000', 'at', 'i')}, at + interval '5 minutes', at, 1, at, 0, at, at
        ${rowsAt(`now() - interval '1 hour' - ${scattered}`)}`,
    },
    {
      table: 'sessions',
      rows: sessions,
      // "Last seen" is written every five minutes, however many sessions there are: here, not within the run.
      insert: `INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, proved_at, device, network, device_id)
        SELECT ${idOf('9000', 'at', 'i')}, ${userId(cameAt(owner), owner)}, at, now() + interval '1 day', at + interval '7 days',
          at, 'Chrome on Android', '10.20.0.0', ${idOf('b000', 'at', 'i')} ${rowsAt(opened)}`,
    },
    {
      table: 'devices',
      rows: users,
      insert: `INSERT INTO devices (id, user_id, token_hash, created_at, last_used_at, expires_at)
        SELECT ${idOf('b000', 'at', 'i')}, ${userId(cameAt('i'), 'i')}, sha256(i::text::bytea), at, at, at + interval '180 days'
        ${rowsAt(opened)}`,
    },
  ]
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
export async function checkCodes(databaseUrl: string): Promise<void> {
  const query = (client: Client) =>
    client.query<{ codes: number; wrong_guesses: number; events_of_codes: number; events_of_guesses: number }>(
      `SELECT (SELECT coalesce(sum(day_sends), 0) FROM identifier_limits)::int AS codes, (SELECT sum(failures) FROM otps)::int AS wrong_guesses,
        (SELECT count(*) FROM auth_events WHERE event = 'authn_token_created')::int AS events_of_codes,
        (SELECT count(*) FROM auth_events WHERE event IN ('authn_login_fail', 'authn_login_lock'))::int AS events_of_guesses`,
    )
  const [found] = await withConnection(databaseUrl, async (client) => (await query(client)).rows)
  if (found?.codes === found?.events_of_codes && found?.wrong_guesses === found?.events_of_guesses) return
  throw new Error(`otps and the events count differently: ${JSON.stringify(found)}`)
}
