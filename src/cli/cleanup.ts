// Removes expired codes, tickets and sessions once, for an outside scheduler: `latchkey cleanup`.
import { createCleanupTasks } from '../cleanup-tasks.js'
import { parseMaintenanceSettings } from '../config/config.js'
import { cleanUp } from '../operations/cleanup.js'
import { defineCommand, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'
import { counted } from './counted.js'
import { cleanup as declared } from './declarations.js'

export const cleanupCommand = defineCommand(declared, cleanUpOnce)

async function cleanUpOnce({ environment, say, answer }: WorkContext): Promise<number> {
  const { database: settings, audit, events, recycleAfter } = parseMaintenanceSettings(environment)
  return withDatabase(settings, async (database) => {
    const tasks = createCleanupTasks(database, audit.retention, recycleAfter, events.retention)
    const deleted = await cleanUp(tasks, (task, rows) => {
      if (rows > 0) say(`${task}: ${counted(rows, 'row')} so far`)
    })
    const lines = Object.entries(deleted).map(([task, rows]) => `${task}: ${counted(rows, 'row')} deleted`)
    answer({ deleted }, lines)
    return 0
  })
}
