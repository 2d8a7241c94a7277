// Applies the pending migrations: `npm run db:migrate`. With `-- --rolled-back NAME`, lets a failed one be tried again.
import { parseDatabaseSettings } from '../config/config.js'
import { markRolledBack, migrate } from '../database/migrations.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'

const options = {
  'rolled-back': { type: 'string', value: 'NAME', description: 'lets a migration that failed be applied again' },
} as const

export const migrateCommand = defineCommand(
  { script: 'db:migrate', summary: 'Applies the pending migrations.', options },
  applyMigrations,
)

async function applyMigrations({ values, environment, print }: WorkContext<typeof options>): Promise<number> {
  const { directUrl: url } = parseDatabaseSettings(environment)
  const rolledBack = values['rolled-back']
  if (rolledBack !== undefined) {
    await markRolledBack(url, rolledBack)
    print(`${rolledBack} counts as undone: the next run applies it again`)
    return 0
  }
  const { applied, functions } = await migrate(url, { onProgress: print })
  if (applied.length > 0) print(`applied: ${applied.join(', ')}`)
  else if (functions === null) print('nothing to apply')
  return 0
}

await runIfMain(import.meta.url, migrateCommand)
