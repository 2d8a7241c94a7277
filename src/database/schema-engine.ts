// Prisma's schema engine as WebAssembly. The only file that knows its package, whose API is not promised.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import type * as Engine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { connectForMigrations, createAdapterFactory } from './migration-adapter.js'
import type { MigrationFiles } from './migration-files.js'

/** The part of WebAssembly that is used here; TypeScript declares it with the browser's types only. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>
}

export type MigrationDiagnosis = { pending: string[]; edited: string[]; failed: string[]; unknown: string[] }

/** The engine on one database. */
export type SchemaEngine = Readonly<{
  /** Applies what is pending; returns the names. Stops at the first migration that fails. */
  apply(files: MigrationFiles): Promise<string[]>
  /** Holds the database against the files; changes nothing. */
  diagnose(files: MigrationFiles): Promise<MigrationDiagnosis>
  /** The SQL that leads from the migrations to a schema, '' where they agree. Works in a shadow database. */
  diff(files: MigrationFiles, schema: { path: string; content: string }): Promise<string>
  /** Notes that a failed migration was undone, so that it is applied again. */
  markRolledBack(migrationName: string): Promise<void>
  /** The engine's own connection, one session for as long as it is open. */
  connection: SqlDriverAdapter
}>

const filters = { externalTables: [], externalEnums: [] }

let loading: Promise<typeof Engine> | undefined

export type EngineOptions = {
  /** is called with each line that the engine logs, a JSON object */
  onLog?: (line: string) => void
  /** the schema of the tables, where it is not the connection string that says it */
  schema?: string
}

/**
 * Opens the engine on a database, lets `work` use it, and closes it.
 *
 * @throws what `work` throws, and the driver's error where the database cannot be reached; `describeFailure` reads both
 */
export async function withSchemaEngine<Result>(
  connectionString: string,
  work: (engine: SchemaEngine) => Promise<Result>,
  { onLog = () => {}, schema }: EngineOptions = {},
): Promise<Result> {
  loading ??= load()
  const { SchemaEngine } = await loading
  const connection = await connectForMigrations(connectionString, schema)
  try {
    const factory = bindMigrationAwareSqlAdapterFactory(createAdapterFactory(connection, connectionString))
    const datamodel: [string, string] = ['schema.prisma', 'datasource db {\n  provider = "postgresql"\n}\n']
    const engine = await SchemaEngine.new({ datamodels: [datamodel] }, onLog, factory)
    try {
      return await work(wrap(engine, connection))
    } finally {
      engine.free()
    }
  } finally {
    await connection.dispose()
  }
}

function wrap(engine: Engine.SchemaEngine, connection: SqlDriverAdapter): SchemaEngine {
  return {
    connection,
    apply: async (files) =>
      (await engine.applyMigrations({ migrationsList: listOf(files), filters })).appliedMigrationNames,
    diagnose: async (files) => {
      const migrationsList = listOf(files)
      const found = await engine.diagnoseMigrationHistory({ migrationsList, filters, optInToShadowDatabase: false })
      const { history } = found
      return {
        pending: history && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [],
        unknown: history && 'unpersistedMigrationNames' in history ? history.unpersistedMigrationNames : [],
        edited: found.editedMigrationNames,
        failed: found.failedMigrationNames,
      }
    },
    diff: async (files, schema) => {
      const { exitCode, stdout } = await engine.diff({
        from: { tag: 'migrations', ...listOf(files) },
        to: { tag: 'schemaDatamodel', files: [schema] },
        script: true,
        // asks for 2 where there is a difference: the script itself is never empty
        exitCode: true,
        filters,
      })
      return exitCode === 0 ? '' : String(stdout)
    },
    markRolledBack: async (migrationName) => {
      await engine.markMigrationRolledBack({ migrationName })
    },
  }
}

function listOf({ directory, lockfile, migrations }: MigrationFiles): Engine.MigrationList {
  return {
    baseDir: directory,
    lockfile: { path: lockfile.name, content: lockfile.content },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, scriptName, sql }) => ({
      path: name,
      migrationFile: { path: scriptName, content: { tag: 'ok', value: sql } },
    })),
  }
}

/** The package's own entry imports the .wasm as a module, which Node 20 cannot do; this is what it would amount to. */
async function load(): Promise<typeof Engine> {
  // Looked up by the engine's panic handler. Without it a panic leaves its caller waiting for ever.
  const panicRegistry = {
    /* c8 ignore next 3 -- a panic is a defect of the engine, which no input of ours is known to cause */
    set_message: (message: string) => {
      throw new Error(`The schema engine panicked: ${message}`)
    },
  }
  Reflect.set(globalThis, 'PRISMA_WASM_PANIC_REGISTRY', panicRegistry)
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const directory = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'))
  const bytes = await readFile(join(directory, 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': withoutLingering(glue) })
  Reflect.get(glue, '__wbg_set_wasm')(instance.exports)
  instance.exports.__wbindgen_start()
  return glue
}

/** The engine never clears the timer by which it gives up a lock, and the process would wait for it for ten seconds. */
function withoutLingering(glue: object): object {
  const setTimer = (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds).unref()
  const replace = ([name, value]: [string, unknown]) => [name, name.startsWith('__wbg_setTimeout_') ? setTimer : value]
  return Object.fromEntries(Object.entries(glue).map(replace))
}
