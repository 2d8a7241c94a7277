// Tells how the database stands to the migrations: `npm run db:status`. Exit code 1 unless the service can run on it.
import { parseDatabaseSettings } from '../config/config.js'
import { type MigrationState, migrationStatus } from '../database/migrations.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'

export const migrationSummaries: Readonly<Record<MigrationState, string>> = {
  current: 'the database is up to date',
  ahead: 'the database is newer than this version of the service, and has all that it needs',
  pending: 'migrations are pending: run the migrate command',
  edited: 'migrations were changed after they were applied: restore the files, and write a new migration instead',
  failed:
    'a migration failed and blocks the others: undo its part, then run the migrate command with --rolled-back NAME',
  running: 'another process is applying migrations',
}

export const databaseStatusCommand = defineCommand(
  { script: 'db:status', summary: 'Tells whether the service can run on the database: 0 where it can.' },
  showStatus,
)

async function showStatus({ environment, print }: WorkContext): Promise<number> {
  const { state, pending, edited, failed, unknown } = await migrationStatus(
    parseDatabaseSettings(environment).directUrl,
  )
  print(migrationSummaries[state])
  const lists = { unfinished: failed, edited, pending, 'not in the files': unknown }
  for (const [label, names] of Object.entries(lists)) for (const name of names) print(`  ${label}: ${name}`)
  return state === 'current' || state === 'ahead' ? 0 : 1
}

await runIfMain(import.meta.url, databaseStatusCommand)
