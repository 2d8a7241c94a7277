// For the tests of the migrations: empty databases, single statements, and folders of migrations.
import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { connectForMigrations, statement } from '../../src/database/migration-adapter.js'

/** The URL of a database on the tests' server; without a name, that of the administrator. */
function serverUrl(name?: string): string {
  const url = new URL(process.env['TEST_DATABASE_ADMIN_URL'] ?? '')
  if (name !== undefined) url.pathname = `/${name}`
  return url.href
}

/** A database without anything in it, dropped when the test ends. */
export async function createEmptyDatabase(t: Test): Promise<string> {
  const name = `scratch_${randomBytes(8).toString('hex')}`
  await query(serverUrl(), `CREATE DATABASE "${name}" TEMPLATE template0`)
  t.teardown(() => query(serverUrl(), `DROP DATABASE "${name}" WITH (FORCE)`))
  return serverUrl(name)
}

/** The names of all databases on the server. */
export async function listDatabases(): Promise<string[]> {
  const rows = await query(serverUrl(), 'SELECT datname FROM pg_database')
  return rows.map(([name]) => String(name))
}

/** Runs one statement and returns its rows. */
export async function query(url: string, sql: string): Promise<unknown[][]> {
  const connection = await connectForMigrations(url)
  try {
    const { rows } = await connection.queryRaw(statement(sql))
    return rows
  } finally {
    await connection.dispose()
  }
}

/** A folder of migrations, made of a script for each name. */
export function createMigrations(t: Test, scripts: Record<string, string>): string {
  const folders = Object.entries(scripts).map(([name, sql]) => [name, { 'migration.sql': sql }] as const)
  return t.testdir({ 'migration_lock.toml': 'provider = "postgresql"\n', ...Object.fromEntries(folders) })
}
