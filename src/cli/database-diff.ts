// Shows the SQL that the migrations lack to reach prisma/schema.prisma: `npm run db:diff`. With `-- NAME`, writes it as
// the next migration.
import { relative } from 'node:path'
import { parseDatabaseSettings } from '../config/config.js'
import { migrationsDirectory, writeMigration } from '../database/migration-files.js'
import { nextMigration } from '../database/migrations.js'
import { type Command, defineCommand, runIfMain, type WorkContext } from './command.js'

/** The command for the migrations of that directory. */
export function createDatabaseDiffCommand(directory: string): Command {
  return defineCommand(
    {
      script: 'db:diff',
      summary: 'Shows the SQL that the migrations lack to reach prisma/schema.prisma.',
      words: {
        usage: '[NAME]',
        description: 'writes it as the next migration, of this name: words joined by underscores',
        minimum: 0,
        maximum: 1,
      },
    },
    (context) => showDifference(context, directory),
  )
}

async function showDifference({ words, environment, print }: WorkContext, directory: string): Promise<number> {
  const [name] = words
  const { directUrl } = parseDatabaseSettings(environment)
  const sql = await nextMigration(directUrl, directory)
  if (sql === '') print('schema and migrations agree')
  else if (name === undefined) print(sql.trimEnd())
  else print(`wrote ${relative(process.cwd(), await writeMigration(name, sql, directory))}`)
  return 0
}

export const databaseDiffCommand = createDatabaseDiffCommand(migrationsDirectory)

await runIfMain(import.meta.url, databaseDiffCommand)
