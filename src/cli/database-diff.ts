// Shows the SQL that the migrations lack to reach prisma/schema.prisma: `npm run db:diff`. With `-- NAME`, writes it as
// the next migration.
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { readDatabaseSettings } from '../config/config.js'
import { migrationsDirectory, writeMigration } from '../database/migration-files.js'
import { nextMigration } from '../database/migrations.js'
import { type CommandContext, runIfMain } from './command.js'

export async function databaseDiffCommand(
  { words, environment, print }: CommandContext,
  directory: string = migrationsDirectory,
): Promise<number> {
  const { positionals } = parseArgs({ args: words, allowPositionals: true })
  const [name, ...more] = positionals
  if (more.length > 0) throw new Error('Give one name for the migration, its words joined by underscores')
  const { directUrl } = readDatabaseSettings(environment)
  const sql = await nextMigration(directUrl, directory)
  if (sql === '') print('schema and migrations agree')
  else if (name === undefined) print(sql.trimEnd())
  else print(`wrote ${relative(process.cwd(), await writeMigration(name, sql, directory))}`)
  return 0
}

await runIfMain(import.meta.url, databaseDiffCommand)
