// db:migrate, db:status and db:diff: what they print, and their exit codes.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { type Command, perform } from '../../src/cli/command.js'
import { createDatabaseDiffCommand, databaseDiffCommand } from '../../src/cli/database-diff.js'
import { databaseStatusCommand } from '../../src/cli/database-status.js'
import { migrateCommand } from '../../src/cli/migrate.js'
import { readMigrationNames } from '../../src/database/migration-files.js'
import { createEmptyDatabase, createMigrations, query } from '../database/scratch.js'

const names = await readMigrationNames()
const latest = names.at(-1) ?? ''

async function run(command: Command, words: string[], environment: Record<string, string>) {
  const output: string[] = []
  const errors: string[] = []
  const print = (line: string) => output.push(line)
  const code = await perform(command, { words, environment, print, printError: (line) => errors.push(line) })
  return { code, output, errors }
}

t.test('the commands from an empty database to one that is up to date', async (t) => {
  const environment = { DATABASE_URL: await createEmptyDatabase(t) }

  const pending = await run(databaseStatusCommand, [], environment)
  t.match(pending, {
    code: 1,
    errors: [],
    output: [/^migrations are pending/, ...names.map((name) => `  pending: ${name}`)],
  })
  const migrated = await run(migrateCommand, [], environment)
  t.match(migrated, {
    code: 0,
    errors: [],
    output: [
      ...names.map((name) => `applying ${name}`),
      /^created the functions of this release \(latchkey_[0-9a-f]{16}\)$/,
      `applied: ${names.join(', ')}`,
    ],
  })
  const again = await run(migrateCommand, [], environment)
  t.strictSame(again, { code: 0, errors: [], output: ['nothing to apply'] })
  const current = await run(databaseStatusCommand, [], environment)
  t.strictSame(current, { code: 0, errors: [], output: ['the database is up to date'] })
})

t.test('the SQL of the next migration', async (t) => {
  const environment = { DATABASE_URL: await createEmptyDatabase(t) }
  for (const words of [[], ['add_nothing']]) {
    const diff = await run(databaseDiffCommand, words, environment)
    t.strictSame(diff, { code: 0, errors: [], output: ['schema and migrations agree'] })
  }
  t.strictSame(await readMigrationNames(), names, 'an empty migration is not written')

  const directory = createMigrations(t, {})
  const diffThere = createDatabaseDiffCommand(directory)
  t.match(await run(diffThere, [], environment), { code: 0, output: [/^-- CreateEnum\n/] })
  t.strictSame(await readMigrationNames(directory), [], 'without a name nothing is written')
  t.match(await run(diffThere, ['initial'], environment), { code: 0, output: [/^wrote .*_initial\/migration\.sql$/] })
  t.match(await run(diffThere, [], environment), { output: ['schema and migrations agree'] })
})

t.test('a failed migration is shown, and let try again', async (t) => {
  const url = await createEmptyDatabase(t)
  // The direct URL wins over the pooler's.
  const environment = { DIRECT_DATABASE_URL: url, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/pooler' }
  await run(migrateCommand, [], environment)
  await query(url, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${latest}'`)

  const failed = await run(databaseStatusCommand, [], environment)
  t.match(failed, { code: 1, output: [/^a migration failed/, `  unfinished: ${latest}`] })
  t.match(await run(migrateCommand, [], environment), { code: 1, output: [], errors: [/^Migration .* failed before/] })
  const undone = await run(migrateCommand, ['--rolled-back', latest], environment)
  t.match(undone, { code: 0, output: [`${latest} counts as undone: the next run applies it again`] })
  t.match(await run(databaseStatusCommand, [], environment), { code: 1, output: [/pending/, `  pending: ${latest}`] })
})

t.test('what cannot be done is said in one line', async (t) => {
  const environment = { DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/x' }
  const refusals: [Command, string[], Record<string, string>, RegExp][] = [
    [migrateCommand, [], {}, /^DATABASE_URL is required$/],
    [databaseStatusCommand, [], environment, /^No database answers at 127\.0\.0\.1:1$/],
  ]
  for (const [command, words, variables, error] of refusals) {
    t.match(
      await run(command, words, variables),
      { code: 1, output: [], errors: [error] },
      `${command.declaration.script} ${words}`,
    )
  }
})

t.test('programs of their own, with an exit code', async (t) => {
  const environment = { ...process.env, DATABASE_URL: await createEmptyDatabase(t) }
  const start = (name: string) => {
    const program = join(import.meta.dirname, '..', '..', 'src', 'cli', `${name}.js`)
    return spawnSync(process.execPath, [program], { env: environment, encoding: 'utf8' })
  }
  t.match(start('database-status'), { status: 1, stdout: /^migrations are pending/, stderr: '' })
  const begin = Date.now()
  t.match(start('migrate'), { status: 0, stdout: /^applying .*\napplied: /s, stderr: '' })
  t.ok(Date.now() - begin < 10_000, 'the engine keeps no timer that the process waits for')
})
