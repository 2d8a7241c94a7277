// How much of the time connections wait for locks of each other: what a bottleneck of rows looks like, whatever else the machine does.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

/** Milliseconds between two looks. */
const pause = 20

/**
 * Looks at the database while `work` runs.
 * @returns what `work` does, and the share (0 to 1) of its busy connections that waited for a row that another had locked
 */
export async function withLockWaits<Result>(url: string, work: () => Promise<Result>) {
  const client = new Client(url)
  await client.connect()
  let [busy, waiting, isOver] = [0, 0, false]
  const look = async () => {
    while (!isOver) {
      const { rows } = await client.query<{ busy: number; waiting: number }>(
        `SELECT count(*)::int AS busy, count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`,
      )
      busy += rows[0]?.busy ?? 0
      waiting += rows[0]?.waiting ?? 0
      await sleep(pause)
    }
  }
  const looking = look()
  try {
    const result = await work()
    isOver = true
    await looking
    return { result, share: waiting / Math.max(1, busy) }
  } finally {
    isOver = true
    await looking.catch(() => {})
    await client.end()
  }
}
