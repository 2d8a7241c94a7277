// Waiting for what happens in the database, for tests of races.
import type { TestApp } from '../support/app.js'

/** How many statements wait for locks that others hold. */
export async function countBlocked({ database }: TestApp): Promise<number> {
  const [{ count }] = await database.$queryRaw<[{ count: bigint }]>`
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return Number(count)
}

/** Until so many do. */
export async function untilBlocked(service: TestApp, statements = 1): Promise<void> {
  while ((await countBlocked(service)) < statements);
}

/** Until so many do, or the call is answered; returns whether it is. */
export async function untilBlockedOrDone(service: TestApp, call: Promise<unknown>, statements = 1): Promise<boolean> {
  let isDone = false
  call.finally(() => {
    isDone = true
  })
  while (!isDone && (await countBlocked(service)) < statements);
  return isDone
}
