// Finds and reads what migrations are made of: prisma/schema.prisma and prisma/migrations. Knows nothing of a database.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Both src/database and dist/database lie two levels below the project's root. */
const prismaDirectory = join(import.meta.dirname, '..', '..', 'prisma')

/** Where the service's own migrations are. */
export const migrationsDirectory = join(prismaDirectory, 'migrations')

const lockfileName = 'migration_lock.toml'
const scriptName = 'migration.sql'

/** A folder of migrations as it stands on disk, in the order in which they are applied. */
export type MigrationFiles = Readonly<{
  directory: string
  lockfile: Readonly<{ name: string; content: string | null }>
  migrations: readonly Readonly<{ name: string; scriptName: string; sql: string }>[]
}>

/** The names of the migrations in a folder, in the order in which they are applied. */
export async function readMigrationNames(directory: string = migrationsDirectory): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  // By code unit, as the engine sorts: a locale's order would differ.
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

/**
 * The migrations of a folder with their SQL.
 *
 * @throws Error naming the migration that has no script
 */
export async function readMigrationFiles(directory: string = migrationsDirectory): Promise<MigrationFiles> {
  const names = await readMigrationNames(directory)
  const readScript = async (name: string) => {
    const sql = await readIfThere(join(directory, name, scriptName))
    if (sql === null) throw new Error(`Migration ${name} has no ${scriptName}: restore it or remove the folder`)
    return { name, scriptName, sql }
  }
  const lockfile = { name: lockfileName, content: await readIfThere(join(directory, lockfileName)) }
  return { directory, lockfile, migrations: await Promise.all(names.map(readScript)) }
}

/** The text of prisma/schema.prisma and the path to name it by. */
export async function readSchema(): Promise<{ path: string; content: string }> {
  const path = join(prismaDirectory, 'schema.prisma')
  return { path, content: await readFile(path, 'utf8') }
}

/**
 * Writes a new migration.
 *
 * @param label what the migration does: lower-case letters, digits and underscores
 * @param sql its script
 * @returns the path of the script
 * @throws Error when the label cannot be a part of a migration's name
 */
export async function writeMigration(
  label: string,
  sql: string,
  directory: string = migrationsDirectory,
): Promise<string> {
  if (!/^[a-z][a-z0-9_]{0,99}$/.test(label)) {
    throw new Error('The name of a migration consists of lower-case letters, digits and underscores: add_user_locale')
  }
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const folder = join(directory, `${timestamp}_${label}`)
  await mkdir(folder)
  const path = join(folder, scriptName)
  await writeFile(path, sql)
  return path
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    /* c8 ignore start -- a file that is there and cannot be read: not to be had as root */
    throw error
  }
}
/* c8 ignore stop */
