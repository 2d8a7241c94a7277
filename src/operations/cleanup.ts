// Removes what is over, in small batches, on a schedule or once: no batch holds locks for long, and replicas share the work.
import { Cron } from 'croner'
import type { Logger } from 'pino'

/** Deletes up to `most` rows that are over and returns how many it deleted. */
export type DeleteBatch = (most: number) => Promise<number>

export type CleanupTasks = Readonly<Record<string, DeleteBatch>>

/** Rows deleted by one statement. */
const batchSize = 1_000

/**
 * Runs every task until it finds no full batch any more.
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
      batch = await deleteBatch(batchSize)
      deleted += batch
      onBatch(task, deleted)
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
