// Waiting for what happens in the database, for tests of races.
import type { TestApp } from '../support/app.js'

/** Until so many statements wait for locks that others hold. */
export async function untilBlocked({ database }: TestApp, statements = 1): Promise<void> {
  for (;;) {
    const [{ count }] = await database.$queryRaw<[{ count: bigint }]>`
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    if (count >= statements) return
  }
}
