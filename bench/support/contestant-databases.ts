// The PostgreSQL of the contestants, which brings everything safely to the disk, with one database for each contestant: a copy of
// a template that was migrated and filled once.
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { escapeIdentifier } from 'pg'
import { withConnection } from '../../src/development/postgres-query.js'
import { startPostgresServer } from '../../src/development/postgres-server.js'
import type { SchemaName } from '../contestants.js'
import { distanceOf, firstUser } from '../generator/numbers.js'
import { makeTables } from './installation.js'

export type Databases = Readonly<{
  /** of the postmaster, whose children are the rest */
  pid: number
  version: string
  /** as the server says it: `512MB` */
  sharedBuffers: string
  /** A copy of the template, made now. */
  create: (schema: SchemaName, name: string) => Promise<string>
  /** One with tables and nobody in them. */
  createEmpty: (schema: SchemaName, name: string) => Promise<string>
  stop: () => Promise<void>
}>

const prefix = 'latchkey_bench_'

const commonSettings = {
  // The point of a benchmark: a commit is one on the disk.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  autovacuum: 'on',
  shared_buffers: '512MB',
  // So that no checkpoint falls into one window and not into another.
  max_wal_size: '8GB',
  checkpoint_timeout: '1h',
  max_connections: '300',
}

/** Of a server whose tables do not fit into what `commonSettings` has: a quarter of the memory, as PostgreSQL's documentation advises. */
export const largeTables = {
  shared_buffers: `${Math.floor(Math.min(totalmem(), process.constrainedMemory() || totalmem()) / 4 / 2 ** 20)}MB`,
}

type Schema = Readonly<{
  /** makes the tables in the database of `DATABASE_URL`, when it gets these words */
  program: string
  words: readonly string[]
  /** `$1` people, the first of whom has the number `$2` without its plus sign, and the others every `$3`th after it */
  seed: string
}>

const schemas: Readonly<Record<SchemaName, Schema>> = {
  latchkey: {
    program: 'dist/cli/main.js',
    words: ['migrate'],
    seed: `INSERT INTO users (id, phone, phone_verified_at, user_name)
      SELECT gen_random_uuid(), '+' || ($2::bigint + i * $3::bigint), now(), 'Person ' || i FROM generate_series(0, $1::int - 1) AS i`,
  },
  'better-auth': {
    program: 'bench/servers/better-auth-migrate.mjs',
    words: [],
    seed: `INSERT INTO "user" (
        id, name, email, "emailVerified", "createdAt", "updatedAt", "phoneNumber", "phoneNumberVerified"
      )
      SELECT replace(gen_random_uuid()::text, '-', ''), 'Person ' || i, ($2::bigint + i * $3::bigint) || '@bench.example', false,
        now(), now(), '+' || ($2::bigint + i * $3::bigint), true
      FROM generate_series(0, $1::int - 1) AS i`,
  },
}

export type DatabasesOptions = Readonly<{
  projectDirectory: string
  /** in the template */
  users: number
  tell: (line: string) => void
  /** of PostgreSQL, beside those that all measurements share */
  settings?: Readonly<Record<string, string>>
}>

export async function startDatabases({
  projectDirectory,
  users,
  tell,
  settings = {},
}: DatabasesOptions): Promise<Databases> {
  const server = await startPostgresServer({
    projectDirectory,
    name: 'bench-load-postgres',
    settings: { ...commonSettings, ...settings },
    onProgress: tell,
  })
  const templates = new Map<SchemaName, string>()
  const admin = (sql: string) => withConnection(server.adminUrl, (client) => client.query<{ name: string }>(sql))

  async function dropOurs(): Promise<void> {
    const { rows } = await admin(`SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${prefix}')`)
    for (const { name } of rows) await admin(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)
  }

  async function stop(): Promise<void> {
    await dropOurs().finally(() => server.stop())
  }

  async function createEmpty(schema: SchemaName, name: string): Promise<string> {
    const database = databaseName(name)
    await admin(`CREATE DATABASE ${escapeIdentifier(database)}`)
    const { program, words } = schemas[schema]
    await makeTables([join(projectDirectory, program), ...words], server.urlOf(database))
    return server.urlOf(database)
  }

  async function makeTemplate(schema: SchemaName): Promise<string> {
    const name = `template_${schema}`
    tell(`filling a database of ${schema} with ${users.toLocaleString('en')} people`)
    await withConnection(await createEmpty(schema, name), async (client) => {
      await client.query(schemas[schema].seed, [users, firstUser, distanceOf(users)])
      await client.query('VACUUM ANALYZE')
    })
    templates.set(schema, databaseName(name))
    return databaseName(name)
  }

  async function create(schema: SchemaName, name: string): Promise<string> {
    const template = templates.get(schema) ?? (await makeTemplate(schema))
    const database = databaseName(name)
    await admin(`CREATE DATABASE ${escapeIdentifier(database)} TEMPLATE ${escapeIdentifier(template)}`)
    return server.urlOf(database)
  }

  try {
    // Settings do not reach a server that runs already: the numbers would be of another one.
    if (server.reused) throw new Error('the benchmark is running already: one at a time')
    await dropOurs()
    const settingOf = async (name: string) =>
      String((await admin(`SELECT current_setting('${name}') AS name`)).rows[0]?.name)
    const [version, sharedBuffers] = [await settingOf('server_version'), await settingOf('shared_buffers')]
    const pid = Number((await readFile(join(server.dataDirectory, 'postmaster.pid'), 'utf8')).split('\n')[0])
    return { pid, version, sharedBuffers, create, createEmpty, stop }
  } catch (error) {
    await server.stop()
    throw error
  }
}

function databaseName(name: string): string {
  return `${prefix}${name.replaceAll(/\W/g, '_')}`
}
