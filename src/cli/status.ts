// Tells how the database stands to the migrations, and whether it takes writes: `latchkey status`. Exit code 1 unless the service can run on it.
import { parseDatabaseSettings } from '../config/config.js'
import { type MigrationState, migrationStatus, type ReadOnly } from '../database/migrations.js'
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

const readOnlySummaries: Readonly<Record<ReadOnly, string>> = {
  standby: 'it takes no writes: it is a standby, which follows a primary; let DATABASE_URL lead to that one',
  setting: 'it takes no writes: default_transaction_read_only is on, for this role, this database or all of them',
}

export const statusCommand = defineCommand(declared, showStatus)

async function showStatus({ environment, answer }: WorkContext): Promise<number> {
  const { url, directUrl } = parseDatabaseSettings(environment)
  const { state, readOnly, pending, edited, failed, unknown } = await migrationStatus(directUrl)
  const ok = (state === 'current' || state === 'ahead') && readOnly === null
  const lists = { unfinished: failed, edited, pending, 'not in the files': unknown }
  const names = Object.entries(lists).flatMap(([label, names]) => names.map((name) => `  ${label}: ${name}`))
  const writes = readOnly === null ? [] : [readOnlySummaries[readOnly]]
  // The service itself comes by the other way, as a role that may have no rights yet, or another password.
  const asWhom =
    url === directUrl ? [] : ['asked by DIRECT_DATABASE_URL: whether DATABASE_URL gets in, latchkey doctor tells']
  answer({ ok, state, readOnly, pending, edited, failed, unknown }, [
    migrationSummaries[state],
    ...names,
    ...writes,
    ...asWhom,
  ])
  return ok ? 0 : 1
}
