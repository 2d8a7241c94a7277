// Tells how the database stands to the migrations: `latchkey status`. Exit code 1 unless the service can run on it.
import { parseDatabaseSettings } from '../config/config.js'
import { type MigrationState, migrationStatus } from '../database/migrations.js'
import { defineCommand, type WorkContext } from './command.js'
import { status as declared } from './declarations.js'

export const migrationSummaries: Readonly<Record<MigrationState, string>> = {
  current: 'the database is up to date',
  ahead: 'the database is newer than this version of the service, and has all that it needs',
  pending: 'migrations are pending: latchkey migrate applies them',
  edited: 'migrations were changed after they were applied: restore the files, and write a new migration instead',
  failed: 'a migration failed and blocks the others: undo its part, then run latchkey migrate --rolled-back NAME',
  running: 'another process is applying migrations',
}

export const statusCommand = defineCommand(declared, showStatus)

async function showStatus({ environment, answer }: WorkContext): Promise<number> {
  const { state, pending, edited, failed, unknown } = await migrationStatus(
    parseDatabaseSettings(environment).directUrl,
  )
  const ok = state === 'current' || state === 'ahead'
  const lists = { unfinished: failed, edited, pending, 'not in the files': unknown }
  const names = Object.entries(lists).flatMap(([label, names]) => names.map((name) => `  ${label}: ${name}`))
  answer({ ok, state, pending, edited, failed, unknown }, [migrationSummaries[state], ...names])
  return ok ? 0 : 1
}
