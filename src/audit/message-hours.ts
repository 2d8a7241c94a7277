// What became of messages by channel, country and driver: of hours that are over from the table in which they are added up, of the
// latest from the events themselves.
import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'

export type MessageCounts = Readonly<{
  channel: string
  /** of SMS, ISO 3166-1 alpha-2; null for mail */
  country: string | null
  /** null where no driver took them */
  driver: string | null
  sent: number
  /** as their providers told */
  delivered: number
  failed: number
  /** followed by a sign-in with the identifier within ten minutes */
  verified: number
}>

/** Hours that are added up in one run of the cleanup, the first time or after a pause; each is a statement. */
const hoursAtOnce = 24
/** The oldest hour that anybody asks for, counted back from now. */
export const oldestHour = 168
/** Hours after which an hour is added up: receipts of its last messages have come by then. */
const settledAfter = 2

/**
 * Adds the counts of messages up for hours that are over: the oldest first that is missing. Any number of replicas may do so at once.
 * Raw SQL, since Prisma's `groupBy` knows no FILTER and no EXISTS: it would bring every event here.
 * @returns hours that were added up
 */
export async function addUpHours(database: Database): Promise<number> {
  let hours = 0
  while (hours < hoursAtOnce && (await addUpNextHour(database))) hours += 1
  return hours
}

/**
 * What became of the messages of a time, counted from their events. Somebody may be quicker than the event of their message, which is
 * written when its driver has answered; sign-ins are found by their index.
 * @param time a condition on the event `e`
 */
function countsOf(time: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT e.channel, coalesce(e.country, '') AS country, coalesce(e.driver, '') AS driver,
      count(*) FILTER (WHERE e.event = 'delivery_accepted')::int AS sent,
      count(*) FILTER (WHERE e.event = 'delivery_confirmed')::int AS delivered,
      count(*) FILTER (WHERE e.event IN ('delivery_failed', 'delivery_refused', 'delivery_uncertain'))::int AS failed,
      count(*) FILTER (WHERE e.event = 'delivery_accepted' AND EXISTS (
        SELECT FROM auth_events s WHERE s.identifier_hash = e.identifier_hash AND s.event = 'authn_login_success'
          AND s.happened_at >= e.happened_at - interval '5 seconds' AND s.happened_at < e.happened_at + interval '10 minutes'))::int AS verified
    FROM auth_events e WHERE ${time} AND e.event LIKE 'delivery\_%'
    GROUP BY 1, 2, 3`
}

async function addUpNextHour(database: Database): Promise<boolean> {
  const written = await database.$executeRaw`
    WITH next AS (
      SELECT greatest(
        coalesce((SELECT max(m.hour) FROM message_hours m) + interval '1 hour', '-infinity'),
        date_trunc('hour', now(), 'UTC') - make_interval(hours => ${oldestHour})) AS hour
    ), due AS (
      SELECT n.hour FROM next n WHERE n.hour <= date_trunc('hour', now(), 'UTC') - make_interval(hours => ${settledAfter})
    ), counted AS (
      SELECT due.hour, c.* FROM due CROSS JOIN LATERAL (
        ${countsOf(Prisma.sql`e.happened_at >= due.hour AND e.happened_at < due.hour + interval '1 hour'`)}
      ) AS c
    )
    INSERT INTO message_hours (hour, channel, country, driver, sent, delivered, failed, verified)
    SELECT * FROM counted UNION ALL SELECT due.hour, '', '', '', 0, 0, 0, 0 FROM due
    ON CONFLICT DO NOTHING`
  return written > 0
}

/** The counts of the last so many hours, the current one included, those of most messages first. */
export function readMessageCounts(database: Database, hours: number): Promise<MessageCounts[]> {
  return database.$queryRaw<MessageCounts[]>`
    WITH since AS (
      SELECT date_trunc('hour', now(), 'UTC') - make_interval(hours => ${hours - 1}) AS hour
    ), added AS (
      SELECT greatest(since.hour, coalesce((SELECT max(m.hour) FROM message_hours m) + interval '1 hour', '-infinity')) AS up_to FROM since
    ), parts AS (
      SELECT m.channel, m.country, m.driver, m.sent, m.delivered, m.failed, m.verified
      FROM message_hours m, since WHERE m.hour >= since.hour AND m.channel <> ''
      UNION ALL
      SELECT c.* FROM added CROSS JOIN LATERAL (${countsOf(Prisma.sql`e.happened_at >= added.up_to`)}) AS c
    )
    SELECT p.channel, nullif(p.country, '') AS country, nullif(p.driver, '') AS driver,
      sum(p.sent)::float8 AS sent, sum(p.delivered)::float8 AS delivered, sum(p.failed)::float8 AS failed, sum(p.verified)::float8 AS verified
    FROM parts p GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3`
}

/** Deletes up to `most` rows that are older than the retention of events (seconds) and returns how many. */
export function deleteOldHours(database: Database, retention: number, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM message_hours WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM message_hours WHERE hour < now() - make_interval(secs => ${retention})
      ORDER BY hour LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
