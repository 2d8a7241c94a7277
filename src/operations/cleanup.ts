// Removes what is over, in small batches with a rest after each, on a schedule or once: no batch holds locks for long, requests
// get their turn in between, and replicas share the work.
import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import type { Logger } from 'pino'
import { failureFields } from '../database/migration-failures.js'

/** Deletes up to `most` rows that are over and returns how many it deleted. */
export type DeleteBatch = (most: number) => Promise<number>

export type CleanupTasks = Readonly<Record<string, DeleteBatch>>

/**
 * Rows deleted by one statement. Its commit puts all of them on the disk at once, and the commit of a sign-in in the same moment
 * waits for that.
 */
const batchSize = 500

/** How many times as long as the batch before it a rest is. */
const restForWork = 3

/**
 * Runs every task until it finds no full batch any more. After a full one it rests for three times as long as that took: a cleanup
 * has a quarter of what one connection can do at the most, and gives way to a database that is busy.
 * @param onBatch told after each batch how many rows of the task are gone so far
 * @param signal leaves what is left for another time, after the batch under way
 * @returns rows deleted by each task that was begun
 */
export async function cleanUp(
  tasks: CleanupTasks,
  onBatch: (task: string, deleted: number) => void = () => {},
  signal?: AbortSignal,
) {
  const deletedByTask: Record<string, number> = {}
  for (const [task, deleteBatch] of Object.entries(tasks)) {
    for (;;) {
      if (signal?.aborted) return deletedByTask
      const begun = performance.now()
      const batch = await deleteBatch(batchSize)
      const deleted = (deletedByTask[task] ?? 0) + batch
      deletedByTask[task] = deleted
      onBatch(task, deleted)
      if (batch < batchSize) break
      await rest(restForWork * (performance.now() - begun), signal)
    }
  }
  return deletedByTask
}

function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return sleep(milliseconds, undefined, { signal }).catch(() => {})
}

/** Cleans up on a cron schedule, one run at a time. `stop` waits for the batch under way. */
export function scheduleCleanup(pattern: string, tasks: CleanupTasks, logger: Logger) {
  let running: Promise<void> = Promise.resolve()
  const stopping = new AbortController()
  const job = new Cron(pattern, { protect: true }, () => {
    running = cleanUp(tasks, () => {}, stopping.signal).then(
      (deleted) => logger.info({ deleted }, 'cleanup'),
      // The next run finds the same rows again.
      (error: unknown) => logger.error(failureFields(error), 'cleanup failed'),
    )
    return running
  })

  return {
    async stop(): Promise<void> {
      stopping.abort()
      job.stop()
      await running
    },
  }
}
