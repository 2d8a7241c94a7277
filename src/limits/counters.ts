// Counters in fixed windows that all replicas share: prisma/functions counts and asks, and what else is known of them stands here.
// PostgreSQL keeps them: they survive a restart, and a limit that cannot be read stops what it limits instead of letting it through.
import { Prisma } from '../generated/prisma/client.js'

/** Shards of what everybody counts: as many writers can count at once, and a reader adds up this many rows. */
export const shards = 16

/** A counter: what is counted, and the seconds of its window. */
export type Counter = Readonly<{ key: string; window: number }>

/** What first verifications of numbers of a country (ISO 3166-1 alpha-2) are counted by. */
export const verifiedKeyOf = (country: string) => `country_verified:${country}`

/** Start of the window that is open now. Windows are the same for everybody: whole multiples since 1970. */
function windowStart(seconds: number): Prisma.Sql {
  return Prisma.sql`date_bin(make_interval(secs => ${seconds}), now(), to_timestamp(0))`
}

/** The count of the open window, over all shards. */
export function countOf({ key, window }: Counter): Prisma.Sql {
  return Prisma.sql`(
    SELECT coalesce(sum(c.count), 0) FROM limit_counters c
    WHERE c.key = ${key} AND c.window_started_at = ${windowStart(window)})`
}

/** Adds one to the open window; answers its count ({@link CountedUp}). */
export function countUpStatement({ key, window }: Counter): Prisma.Sql {
  const start = windowStart(window)
  return Prisma.sql`
    INSERT INTO limit_counters AS c (key, window_started_at, expires_at)
    VALUES (${key}, ${start}, ${start} + make_interval(secs => ${window}))
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = c.count + 1
    RETURNING c.count, greatest(1, ceil(extract(epoch FROM c.expires_at - now())))::int AS "secondsLeft"`
}

/** The counts of many open windows, each with the moment when it ends: `{key, count, endsAt}`. */
export function countsStatement(counters: readonly Counter[]): Prisma.Sql {
  return Prisma.sql`
    SELECT q.key, coalesce(sum(c.count), 0)::float8 AS count, w.start + make_interval(secs => q.seconds) AS "endsAt"
    FROM unnest(${counters.map(({ key }) => key)}::text[], ${counters.map(({ window }) => window)}::int[]) AS q (key, seconds)
    CROSS JOIN LATERAL date_bin(make_interval(secs => q.seconds), now(), to_timestamp(0)) AS w (start)
    LEFT JOIN limit_counters c ON c.key = q.key AND c.window_started_at = w.start
    GROUP BY q.key, q.seconds, w.start`
}

/** How often something was counted in a window, and the whole seconds until that ends. */
export type CountedUp = { count: number; secondsLeft: number }

/** A shard to count on: which one does not matter, as long as others take others. */
export function anyShard(): number {
  return Math.floor(Math.random() * shards)
}

/** Deletes up to `most` counters whose window and memory are over; rows that another replica works on are skipped. */
export function deleteExpiredCountersStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM limit_counters WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM limit_counters WHERE expires_at <= now() - interval '1 hour'
      ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
