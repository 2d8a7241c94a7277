// The stop of the process: in order, within a time, and never without a line of the log that says why it ends with 1.
import type { Logger } from 'pino'
import type { OpenService } from './opening.js'

/** Milliseconds that a stop may take. */
const limit = 10_000

/** Of close-with-grace, which would end the process without a word where its logger is off, and past ours where it is on. */
export function stopOptions(logger: Logger) {
  return {
    delay: limit,
    logger: false as const,
    onTimeout: () => logger.fatal({ waitsFor: counted(process.getActiveResourcesInfo()) }, 'the stop took too long'),
    onSecondError: (error: unknown) => logger.fatal({ err: error }, 'an error that nothing handled ended the stop'),
  }
}

export type Stop = Readonly<{
  service: Pick<OpenService, 'health' | 'close'>
  logger: Logger
  /** milliseconds that load balancers get to notice that the replica is not ready any more */
  notice: number
  signal?: NodeJS.Signals | undefined
  /** that nothing handled, where one stops the process */
  error?: Error | undefined
}>

/** @throws what keeps the service from closing, which the log has then */
export async function stop({ service, logger, notice, signal, error }: Stop): Promise<void> {
  if (error) logger.fatal({ err: error }, 'stopping after an error that nothing handled')
  else logger.info({ signal }, 'stopping')
  service.health.drain()
  await new Promise((resolve) => setTimeout(resolve, notice))
  try {
    await service.close()
  } catch (failure) {
    logger.fatal({ err: failure }, 'the stop failed')
    throw failure
  }
  logger.info('stopped')
}

/** Supervisors and terminals send the same signal more than once, and close-with-grace would take the second for "at once". */
export function ignoreFurtherSignals(): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal)
    process.on(signal, () => {})
  }
}

/** How many there are of each kind. */
function counted(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
