// Applies the pending migrations: `npm run db:migrate`. With `-- --rolled-back NAME`, lets a failed one be tried again.
import { parseArgs } from 'node:util'
import { readDatabaseSettings } from '../config/config.js'
import { markRolledBack, migrate } from '../database/migrations.js'
import { type CommandContext, runIfMain } from './command.js'

export async function migrateCommand({ words, environment, print }: CommandContext): Promise<number> {
  const { values } = parseArgs({ args: words, options: { 'rolled-back': { type: 'string' } } })
  const { directUrl: url } = readDatabaseSettings(environment)
  const rolledBack = values['rolled-back']
  if (rolledBack !== undefined) {
    await markRolledBack(url, rolledBack)
    print(`${rolledBack} counts as undone: the next run applies it again`)
    return 0
  }
  const { applied } = await migrate(url, { onProgress: print })
  if (applied.length === 0) print('nothing to apply')
  else print(`applied: ${applied.join(', ')}`)
  return 0
}

await runIfMain(import.meta.url, migrateCommand)
