// Applies the pending migrations: `latchkey migrate`. With `--rolled-back NAME`, lets a failed one be tried again; with `--diff` it shows,
// and with `--write NAME` it writes the next one, for those who develop the service.
import { relative } from 'node:path'
import { UsageError } from '../config/command-line.js'
import { parseDatabaseSettings } from '../config/config.js'
import { migrationsDirectory, writeMigration } from '../database/migration-files.js'
import { markRolledBack, migrate, nextMigration } from '../database/migrations.js'
import { type Command, defineCommand, type WorkContext } from './command.js'
import { migrate as declared } from './declarations.js'

type Context = WorkContext<typeof declared.options>

/** The command for the migrations of that directory. */
export function createMigrateCommand(directory: string): Command {
  return defineCommand(declared, (context) => chooseWork(context, directory))
}

function chooseWork(context: Context, directory: string): Promise<number> {
  const { 'rolled-back': rolledBack, write, diff } = context.values
  const ways = [rolledBack !== undefined, write !== undefined, diff].filter(Boolean)
  if (ways.length > 1) throw new UsageError('--rolled-back, --diff and --write are three different things: give one')
  const { directUrl } = parseDatabaseSettings(context.environment)
  if (rolledBack !== undefined) return allowAgain(context, directUrl, rolledBack)
  return diff || write !== undefined
    ? showDifference(context, directUrl, directory)
    : applyMigrations(context, directUrl)
}

async function applyMigrations({ say, answer }: Context, url: string): Promise<number> {
  const { applied, functions } = await migrate(url, { onProgress: say })
  const nothing = functions === null ? ['nothing to apply'] : []
  answer({ applied, functions }, applied.length > 0 ? [`applied: ${applied.join(', ')}`] : nothing)
  return 0
}

async function allowAgain({ answer }: Context, url: string, name: string): Promise<number> {
  await markRolledBack(url, name)
  answer({ rolledBack: name }, [`${name} counts as undone: the next run applies it again`])
  return 0
}

async function showDifference({ values, answer }: Context, url: string, directory: string): Promise<number> {
  const sql = await nextMigration(url, directory)
  if (sql === '') {
    answer({ sql, file: null }, ['schema and migrations agree'])
  } else if (values.write === undefined) {
    answer({ sql, file: null }, [sql.trimEnd()])
  } else {
    const file = relative(process.cwd(), await writeMigration(values.write, sql, directory))
    answer({ sql, file }, [`wrote ${file}`])
  }
  return 0
}

export const migrateCommand = createMigrateCommand(migrationsDirectory)
