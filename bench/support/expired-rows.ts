// A database with much to clean up: in each table as many rows that are over as rows that are not.
import { withConnection } from '../../src/development/postgres-query.js'
import { type Fill, fillTables } from './bulk-fill.js'

/** Users that so many rows over belong to: few enough devices each that no sign-in has to forget one. */
export function usersFor(rowsOver: number): number {
  return Math.max(20_000, Math.ceil((rowsOver * 2) / 5))
}

/** Where rows are renewed, those that are over lie among the others; where they are not, before them. */
const among = 'i % 2 = 0'

function fillsOf(rowsOver: number, users: number): Fill[] {
  const before = `i < ${rowsOver}`
  const series = `generate_series($1::bigint, $2::bigint) AS i`
  /** Between so long ago and so long before that. */
  const ago = (since: string, over: string) =>
    `now() - interval '${since}' - interval '${over}' * (i::float / ${rowsOver * 2})`
  const holder = `JOIN (SELECT id AS user_id, row_number() OVER () - 1 AS place FROM users) AS holders ON place = i % ${users}`
  const inserts = {
    otps: `INSERT INTO otps (identifier, purpose, code_id, expires_at, consumed_at, resend_at, hour_started_at, day_started_at)
      SELECT '+919' || lpad(i::text, 8, '0') || '4', 'sign_in', gen_random_uuid(), sent, sent, sent, sent, sent
      FROM ${series}, LATERAL (SELECT CASE WHEN ${among} THEN ${ago('25 hours', '3 days')} ELSE ${ago('1 hour', '10 hours')} END AS sent)`,
    signup_tickets: `INSERT INTO signup_tickets (token_hash, phone, expires_at)
      SELECT sha256(i::text::bytea), '+919' || lpad(i::text, 8, '0') || '4',
        CASE WHEN ${before} THEN ${ago('1 minute', '1 day')} ELSE now() + interval '1 day' END
      FROM ${series}`,
    sessions: `INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, device, network, device_id)
      SELECT gen_random_uuid(), user_id, seen, seen, seen + interval '7 days', 'Chrome on Android', '10.20.0.0', gen_random_uuid()
      FROM ${series} ${holder},
        LATERAL (SELECT CASE WHEN ${among} THEN ${ago('8 days', '10 days')} ELSE ${ago('1 hour', '5 days')} END AS seen)`,
    devices: `INSERT INTO devices (id, user_id, token_hash, created_at, last_used_at, expires_at)
      SELECT gen_random_uuid(), user_id, sha256(i::text::bytea), used, used, used + interval '180 days'
      FROM ${series} ${holder},
        LATERAL (SELECT CASE WHEN ${among} THEN ${ago('181 days', '30 days')} ELSE ${ago('1 hour', '90 days')} END AS used)`,
    limit_counters: `INSERT INTO limit_counters (key, window_started_at, expires_at)
      SELECT 'send_ip:' || encode(sha256(i::text::bytea), 'base64'), since, since + interval '1 hour'
      FROM ${series}, LATERAL (SELECT CASE WHEN ${before} THEN ${ago('3 hours', '1 day')} ELSE now() END AS since)`,
    auth_events: `INSERT INTO auth_events (happened_at, event, user_id, identifier_hash, network, request_id)
      SELECT CASE WHEN ${before} THEN ${ago('91 days', '30 days')} ELSE ${ago('1 hour', '80 days')} END, 'authn_login_success',
        user_id, sha256(i::text::bytea), '10.20.0.0', gen_random_uuid()
      FROM ${series} ${holder}`,
  }
  return Object.entries(inserts).map(([table, insert]) => ({ table, rows: rowsOver * 2, insert }))
}

/** Fills every table that the cleanup knows, in a database that has the users already. */
export function addRowsToCleanUp(databaseUrl: string, rowsOver: number, tell: (line: string) => void): Promise<void> {
  return withConnection(databaseUrl, (client) => fillTables(client, fillsOf(rowsOver, usersFor(rowsOver)), tell))
}
