// Applies the migrations, tells where a database stands, and writes the SQL of the next one.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import { escapeLiteral } from 'pg'
import { schemaOf } from '../config/connection-string.js'
import { readFunctionFiles } from './function-files.js'
import { applyFunctions, hasFunctions } from './functions.js'
import { connectForMigrations, lockTimeoutLine, statement } from './migration-adapter.js'
import { describeFailure } from './migration-failures.js'
import { type MigrationFiles, readMigrationFiles, readSchema } from './migration-files.js'
import { isAllOrNothing } from './migration-script.js'
import { type MigrationDiagnosis, type SchemaEngine, withSchemaEngine } from './schema-engine.js'

export type MigrateOptions = {
  /** is told what happens, in lines for people */
  onProgress?: (line: string) => void
  /** another folder of migrations than the service's own */
  directory?: string
}

/**
 * `running` while another process applies migrations, `failed` when one has stopped half-way and blocks the rest,
 * `edited` when a file was changed after it was applied, `ahead` when the database knows migrations that the files do
 * not.
 */
export type MigrationState = 'current' | 'pending' | 'ahead' | 'edited' | 'failed' | 'running'
/** Why a database takes no writes: it follows another one, or its sessions begin read-only. */
export type ReadOnly = 'standby' | 'setting'
export type MigrationStatus = { state: MigrationState; readOnly: ReadOnly | null } & MigrationDiagnosis

export type Migrated = Readonly<{
  /** the names of the migrations that were applied, in order */
  applied: string[]
  /** the schema of this release's functions, where they were created now */
  functions: string | null
}>

/** The lock that the engine and Prisma's own CLI take, so that these exclude each other too. */
const lockKey = 72707369

/** Milliseconds. */
const waits = { poll: 250, firstNotice: 1_000, nextNotice: 30_000 }

/**
 * Applies all pending migrations, under a lock: of processes that start at once, one applies them and the others wait
 * and find nothing to do. Then the functions of this release are put beside those of the releases before. Each migration's script runs as one message:
 * PostgreSQL undoes all of it when a part fails. None waits for a lock longer than `lockPatience`.
 *
 * @throws Error in one line that names the migration and why it failed; never with the connection string
 */
export async function migrate(connectionString: string, options: MigrateOptions = {}): Promise<Migrated> {
  const { onProgress = () => {}, directory } = options
  const files = await readMigrationFiles(directory)
  const schema = schemaOf(connectionString)
  let current: string | undefined
  const onLog = (line: string) => {
    const name = /"message":"Applying `([^`]+)`"/.exec(line)?.[1]
    if (name === undefined) return
    current = name
    onProgress(`applying ${name}`)
  }
  const work = async (engine: SchemaEngine) => {
    const { failed, pending, edited } = await engine.diagnose(files)
    if (failed.length > 0) throw new Error(blockedBy(failed))
    for (const name of edited) onProgress(`warning: ${name} was changed after it was applied`)
    const applied = pending.length > 0 ? await applyAll(engine, files, () => current) : []
    current = undefined
    // Another folder than the service's own has tables of its own, which the functions do not know.
    const functions =
      directory === undefined ? await applyFunctions(engine.connection, readFunctionFiles(schema)) : null
    if (functions !== null) onProgress(`created the functions of this release (${functions})`)
    return { applied, functions }
  }
  try {
    const locked = (engine: SchemaEngine) => withLock(engine.connection, onProgress, () => work(engine))
    return await withSchemaEngine(connectionString, locked, { onLog })
  } catch (error) {
    const reason = describeFailure(error)
    throw new Error(current === undefined ? reason : `Migration ${current} failed: ${reason}`)
  }
}

/** Applies what is pending. A migration that had to wait too long for a lock, and is undone, is tried again by the next run. */
async function applyAll(
  engine: SchemaEngine,
  files: MigrationFiles,
  current: () => string | undefined,
): Promise<string[]> {
  try {
    return await engine.apply(files)
  } catch (error) {
    const failed = files.migrations.find(({ name }) => name === current())
    if (failed === undefined || !describeFailure(error).includes(lockTimeoutLine)) throw error
    if (!isAllOrNothing(failed.sql)) throw new Error(`${lockTimeoutLine}. ${remedyOf(failed.name)}`)
    await engine.markRolledBack(failed.name)
    throw new Error(`${lockTimeoutLine} (all of it is undone)`)
  }
}

/**
 * Where a database stands. Changes nothing.
 *
 * @param directory another folder of migrations than the service's own
 * @throws Error in one line when the database cannot be asked
 */
export async function migrationStatus(connectionString: string, directory?: string): Promise<MigrationStatus> {
  const files = await readMigrationFiles(directory)
  return readably(async () => {
    if (!(await hasSchema(connectionString))) {
      const pending = [...files.migrations.map(({ name }) => name), 'functions']
      return { state: 'pending', readOnly: null, pending, edited: [], failed: [], unknown: [] }
    }
    return withSchemaEngine(connectionString, async (engine) => {
      const diagnosis = await engine.diagnose(files)
      if (
        directory === undefined &&
        !(await hasFunctions(engine.connection, readFunctionFiles(schemaOf(connectionString))))
      )
        diagnosis.pending.push('functions')
      // A migration under way looks like a failed one, but for the lock.
      const running = diagnosis.failed.length > 0 && (await isLocked(engine.connection))
      const readOnly = await readOnlyReason(engine.connection)
      return { state: running ? 'running' : stateOf(diagnosis), readOnly, ...diagnosis }
    })
  })
}

/**
 * The SQL that takes the migrations to prisma/schema.prisma; '' when they agree. Runs the migrations in a database of
 * its own on the same server, which it drops; the role must be allowed to create one. The given database is left alone.
 *
 * @param directory another folder of migrations than the service's own
 * @throws Error in one line when that database cannot be made, or when a migration fails in it
 */
export async function nextMigration(connectionString: string, directory?: string): Promise<string> {
  const [files, schema] = await Promise.all([readMigrationFiles(directory), readSchema()])
  // In the one schema that the database of its own has, whatever the given one's tables are in.
  return readably(() =>
    withSchemaEngine(connectionString, (engine) => engine.diff(files, schema), { schema: 'public' }),
  )
}

/**
 * Notes that what a failed migration had done is undone, so that the next `migrate` applies it again.
 *
 * @throws Error in one line when there is no failed migration of that name
 */
export async function markRolledBack(connectionString: string, migrationName: string): Promise<void> {
  await readably(() =>
    withSchemaEngine(connectionString, (engine) =>
      withLock(
        engine.connection,
        () => {},
        () => engine.markRolledBack(migrationName),
      ),
    ),
  )
}

async function readably<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // Without the cause: an error of the driver may carry the settings of its connection.
    throw new Error(describeFailure(error))
  }
}

function stateOf({ failed, edited, pending, unknown }: MigrationDiagnosis): MigrationState {
  if (failed.length > 0) return 'failed'
  if (edited.length > 0) return 'edited'
  if (pending.length > 0) return 'pending'
  return unknown.length > 0 ? 'ahead' : 'current'
}

const remedyOf = (name: string) => `When its part is undone, run latchkey migrate --rolled-back ${name}`

function blockedBy(failed: readonly string[]): string {
  const names = failed.join(', ')
  return `Migration ${names} failed before and blocks the others. ${remedyOf(String(failed[0]))}`
}

/** Whether the schema that the connection string names is there; the engine would make it as soon as it is opened. */
async function hasSchema(connectionString: string): Promise<boolean> {
  const schema = schemaOf(connectionString)
  if (schema === null) return true
  const connection = await connectForMigrations(connectionString)
  try {
    return await isTrue(connection, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ${escapeLiteral(schema)})`)
  } finally {
    await connection.dispose()
  }
}

/** Does the work under the lock, and frees it before it answers: the server notes the end of a session only later. */
async function withLock<Result>(
  connection: SqlDriverAdapter,
  onProgress: (line: string) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  await takeLock(connection, onProgress)
  try {
    return await work()
  } finally {
    // Where this fails the session has ended, and the lock with it. All: the engine takes it a second time.
    await connection.queryRaw(statement('SELECT pg_advisory_unlock_all()')).catch(() => undefined)
  }
}

/**
 * Takes the lock for as long as the session lasts. By trying again and again: a statement that waits in the server
 * would itself be waited for by a CREATE INDEX CONCURRENTLY in another process's migration, and neither would ever end.
 */
async function takeLock(connection: SqlDriverAdapter, onProgress: (line: string) => void): Promise<void> {
  const start = Date.now()
  let nextNotice = start + waits.firstNotice
  while (!(await isTrue(connection, `SELECT pg_try_advisory_lock(${lockKey})`))) {
    if (Date.now() >= nextNotice) {
      onProgress(`waiting for another process to finish its migrations (${Math.round((Date.now() - start) / 1000)} s)`)
      nextNotice += waits.nextNotice
    }
    await sleep(waits.poll)
  }
}

function isLocked(connection: SqlDriverAdapter): Promise<boolean> {
  const locks = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = ${lockKey} AND granted`
  const here = 'database = (SELECT oid FROM pg_database WHERE datname = current_database())'
  return isTrue(connection, `SELECT EXISTS (${locks} AND ${here})`)
}

async function readOnlyReason(connection: SqlDriverAdapter): Promise<ReadOnly | null> {
  if (await isTrue(connection, 'SELECT pg_is_in_recovery()')) return 'standby'
  return (await isTrue(connection, `SELECT current_setting('transaction_read_only')::boolean`)) ? 'setting' : null
}

async function isTrue(connection: SqlDriverAdapter, sql: string): Promise<boolean> {
  const { rows } = await connection.queryRaw(statement(sql))
  return rows[0]?.[0] === true
}
