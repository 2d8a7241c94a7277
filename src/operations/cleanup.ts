// Removes what is over, in small batches with a rest after each, on a schedule or once: no batch holds locks for long, requests
// get their turn in between, and replicas share the work.
import { setTimeout as sleep } from 'node:timers/promises'
import { Cron } from 'croner'
import type { Logger } from 'pino'

/** Deletes up to `most` rows that are over and returns how many it deleted. */
export type DeleteBatch = (most: number) => Promise<number>

export type CleanupTasks = Readonly<Record<string, DeleteBatch>>

/**
 * Rows deleted by one statement. Its commit puts all of them on the disk at once, and the commit of a sign-in in the same moment
 * waits for that.
 */
const batchSize = 500

/**
 * Runs every task until it finds no full batch any more. After a full one it rests for as long as that took: a cleanup has half
 * of what one connection can do at the most, and gives way to a database that is busy.
 * @param onBatch told after each batch how many rows of the task are gone so far
 * @param isOver asked between batches whether to leave the rest for another time
 * @returns rows deleted by each task
 */
export async function cleanUp(
  tasks: CleanupTasks,
  onBatch: (task: string, deleted: number) => void = () => {},
  isOver: () => boolean = () => false,
) {
  const deletedByTask: Record<string, number> = {}
  for (const [task, deleteBatch] of Object.entries(tasks)) {
    let deleted = 0
    let batch: number
    do {
      const begun = performance.now()
      batch = await deleteBatch(batchSize)
      deleted += batch
      onBatch(task, deleted)
      if (batch === batchSize && !isOver()) await sleep(performance.now() - begun)
    } while (batch === batchSize && !isOver())
    deletedByTask[task] = deleted
  }
  return deletedByTask
}

/** Cleans up on a cron schedule, one run at a time. `stop` waits for the batch under way. */
export function scheduleCleanup(pattern: string, tasks: CleanupTasks, logger: Logger) {
  let running: Promise<void> = Promise.resolve()
  let isStopping = false
  const job = new Cron(pattern, { protect: true }, () => {
    running = cleanUp(
      tasks,
      () => {},
      () => isStopping,
    ).then(
      (deleted) => logger.info({ deleted }, 'cleanup'),
      // The next run finds the same rows again.
      (error: unknown) => logger.error({ err: error }, 'cleanup failed'),
    )
    return running
  })

  return {
    async stop(): Promise<void> {
      isStopping = true
      job.stop()
      await running
    },
  }
}
