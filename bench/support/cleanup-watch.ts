// Watches a cleanup from outside: how many rows of each table it has deleted, and what it costs.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { withConnection } from '../../src/development/postgres-query.js'
import { cpuSecondsOf, cpuSecondsOfTree, memoryOf } from './proc.js'

export type Sample = Readonly<{
  /** milliseconds since the epoch */
  at: number
  /** by table, since the first sample; connections tell of their deletes every second */
  deleted: Readonly<Record<string, number>>
  /** MiB; null where the system does not tell */
  memory: number | null
  /** CPU seconds so far; null where the system does not tell */
  serverCpu: number | null
  postgresCpu: number | null
}>

type Watched = Readonly<{ databaseUrl: string; tables: readonly string[]; serverPid: number; postgresPid: number }>

/** Milliseconds between two looks. */
const pause = 200

/** Milliseconds without a deleted row after which a cleanup has failed. */
const patience = 60_000

/**
 * Looks until as many rows of every table are gone, and then for so long.
 * @param begins when the cleanup is due, in milliseconds since the epoch
 * @param after seconds
 * @throws Error where it does not go on
 */
export function watchCleanup(watched: Watched, rows: number, begins: number, after: number): Promise<Sample[]> {
  return withConnection(watched.databaseUrl, async (client) => {
    const start = await deletedSoFar(client, watched.tables)
    const samples: Sample[] = []
    for (let [most, lastGrowth, end] = [0, begins, Number.POSITIVE_INFINITY]; Date.now() < end; await sleep(pause)) {
      const sample = await look(client, watched, start)
      samples.push(sample)
      const total = Object.values(sample.deleted).reduce((sum, count) => sum + count, 0)
      if (total > most) [most, lastGrowth] = [total, sample.at]
      if (sample.at > lastGrowth + patience + after * 1000) throw new Error(`the cleanup ended after ${most} rows`)
      const isDone = watched.tables.every((table) => Number(sample.deleted[table]) >= rows)
      if (isDone) end = Math.min(end, sample.at + after * 1000)
    }
    return samples
  })
}

async function look(client: Client, { tables, serverPid, postgresPid }: Watched, start: Deleted): Promise<Sample> {
  const now = await deletedSoFar(client, tables)
  return {
    at: Date.now(),
    deleted: Object.fromEntries(tables.map((table) => [table, Number(now[table]) - Number(start[table])])),
    memory: await memoryOf(serverPid, 'VmRSS'),
    serverCpu: await cpuSecondsOf(serverPid),
    postgresCpu: await cpuSecondsOfTree(postgresPid),
  }
}

type Deleted = Readonly<Record<string, number>>

async function deletedSoFar(client: Client, tables: readonly string[]): Promise<Deleted> {
  const { rows } = await client.query<{ name: string; deleted: string }>(
    'SELECT relname AS name, n_tup_del AS deleted FROM pg_stat_user_tables WHERE relname = ANY($1)',
    [tables],
  )
  return Object.fromEntries(rows.map(({ name, deleted }) => [name, Number(deleted)]))
}
