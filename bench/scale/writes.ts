// What a window makes PostgreSQL write: bytes of its log, commits, and how often the log was brought to the disk.
import { withConnection } from '../../src/development/postgres-query.js'
import type { Generator } from '../support/generator.js'

export type Writes = Readonly<{
  walBytes: number
  /** pages that went into the log whole, since they changed for the first time after a checkpoint */
  fullPages: number
  /** transactions that wrote something */
  commits: number
  /** of the log to the disk; connections hand their counts in once a second, so it is a second out at most */
  flushes: number
}>

/** The next transaction's number and the end of the log are exact. PostgreSQL 18 counts flushes in `pg_stat_io`. */
const query = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "walBytes",
    (SELECT wal_fpi FROM pg_stat_wal)::float8 AS "fullPages",
    pg_snapshot_xmax(pg_current_snapshot())::text::float8 AS commits,
    (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal')::float8 AS flushes`

/**
 * A generator that notes what was written while it measured.
 * @param afterCheckpoint whether a checkpoint comes right before, so that every page that changes goes into the log whole
 */
export function watchWrites(generator: Generator, databaseUrl: string, afterCheckpoint: boolean) {
  let noted: Writes | undefined
  const watching: Generator = {
    ...generator,
    async measure(command) {
      if (afterCheckpoint) await withConnection(databaseUrl, (client) => client.query('CHECKPOINT'))
      const before = await written(databaseUrl)
      const measurement = await generator.measure(command)
      noted = difference(await written(databaseUrl), before)
      return measurement
    },
  }
  return {
    generator: watching,
    /** Throws before anything was measured. */
    writes(): Writes {
      if (noted === undefined) throw new Error('nothing was measured yet')
      return noted
    },
  }
}

async function written(databaseUrl: string): Promise<Writes> {
  const [row] = await withConnection(databaseUrl, async (client) => (await client.query<Writes>(query)).rows)
  if (row === undefined) throw new Error('PostgreSQL does not tell what it has written')
  return row
}

function difference(after: Writes, before: Writes): Writes {
  return {
    walBytes: after.walBytes - before.walBytes,
    fullPages: after.fullPages - before.fullPages,
    commits: after.commits - before.commits,
    flushes: after.flushes - before.flushes,
  }
}
