// Removes expired codes, tickets and sessions once, for an outside scheduler: `npm run cleanup`.
import { createCleanupTasks } from '../cleanup-tasks.js'
import { parseMaintenanceSettings } from '../config/config.js'
import { cleanUp } from '../operations/cleanup.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'

export const cleanupCommand = defineCommand(
  { script: 'cleanup', summary: 'Deletes expired codes, tickets and sessions once, for an outside scheduler.' },
  cleanUpOnce,
)

async function cleanUpOnce({ environment, print }: WorkContext): Promise<number> {
  const { database: settings, audit, recycleAfter } = parseMaintenanceSettings(environment)
  return withDatabase(settings, async (database) => {
    const deleted = await cleanUp(createCleanupTasks(database, audit.retention, recycleAfter), (task, rows) => {
      if (rows > 0) print(`${task}: ${rows} rows so far`)
    })
    for (const [task, rows] of Object.entries(deleted)) print(`${task}: ${rows} rows deleted`)
    return 0
  })
}

await runIfMain(import.meta.url, cleanupCommand)
