// migrate and status: what they print, and their exit codes.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { perform } from '../../src/cli/command.js'
import { createMigrateCommand } from '../../src/cli/migrate.js'
import { readMigrationNames } from '../../src/database/migration-files.js'
import { createEmptyDatabase, createMigrations, query } from '../database/scratch.js'
import { runCommand } from '../support/command.js'

const names = await readMigrationNames()
const latest = names.at(-1) ?? ''

const run = (command: string, words: string[], environment: Record<string, string>) =>
  runCommand([command, ...words], { environment })

t.test('the commands from an empty database to one that is up to date', async (t) => {
  const environment = { DATABASE_URL: await createEmptyDatabase(t) }

  const pending = await run('status', [], environment)
  t.match(pending, {
    code: 1,
    errors: [],
    output: [/^migrations are pending/, ...names.map((name) => `  pending: ${name}`)],
  })
  const migrated = await run('migrate', [], environment)
  t.match(migrated, {
    code: 0,
    errors: [],
    output: [
      ...names.map((name) => `applying ${name}`),
      /^created the functions of this release \(latchkey_[0-9a-f]{16}\)$/,
      `applied: ${names.join(', ')}`,
    ],
  })
  const again = await run('migrate', [], environment)
  t.strictSame(again, { code: 0, errors: [], output: ['nothing to apply'] })
  const current = await run('status', [], environment)
  t.strictSame(current, { code: 0, errors: [], output: ['the database is up to date'] })
  // The service's own way may be closed where the owner's is open.
  const { DATABASE_URL: owner } = environment
  const service = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', DIRECT_DATABASE_URL: owner }
  t.match(await run('status', [], service), {
    code: 0,
    output: ['the database is up to date', /^asked by DIRECT_DATABASE_URL: .*latchkey doctor tells$/],
  })
})

t.test('a database that takes no writes is told of, migrated or not', async (t) => {
  const url = await createEmptyDatabase(t)
  await run('migrate', [], { DATABASE_URL: url })
  const withOptions = (options: string) =>
    `${url}${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(options)}`
  const readOnly = { DATABASE_URL: withOptions('-c default_transaction_read_only=on') }
  t.match(await run('status', [], readOnly), {
    code: 1,
    errors: [],
    output: ['the database is up to date', /^it takes no writes: default_transaction_read_only is on/],
  })
  // Stands for a standby, where the server's own function is not the first one that is found.
  await query(url, `CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true'`)
  const standby = { DATABASE_URL: withOptions('-c search_path=public,pg_catalog') }
  t.match(await run('status', [], standby), { code: 1, output: [/./, /^it takes no writes: it is a standby/] })
  t.match(JSON.parse((await run('status', ['--json'], standby)).output.join('')), {
    ok: false,
    state: 'current',
    readOnly: 'standby',
  })
})

t.test('the SQL of the next migration', async (t) => {
  const environment = { DATABASE_URL: await createEmptyDatabase(t) }
  for (const words of [['--diff'], ['--write', 'add_nothing']]) {
    const diff = await run('migrate', words, environment)
    t.strictSame(diff, { code: 0, errors: [], output: ['schema and migrations agree'] })
  }
  t.strictSame(await readMigrationNames(), names, 'an empty migration is not written')

  const directory = createMigrations(t, {})
  async function diffThere(...words: string[]) {
    const output: string[] = []
    const print = (line: string) => output.push(line)
    const context = { words, environment, print, printError: print }
    return { code: await perform(createMigrateCommand(directory), context), output }
  }
  t.match(await diffThere('--diff'), { code: 0, output: [/^-- CreateEnum\n/] })
  t.strictSame(await readMigrationNames(directory), [], 'without a name nothing is written')
  t.match(await diffThere('--write', 'initial'), { code: 0, output: [/^wrote .*_initial\/migration\.sql$/] })
  t.match(await diffThere('--diff'), { output: ['schema and migrations agree'] })
})

t.test('a failed migration is shown, and let try again', async (t) => {
  const url = await createEmptyDatabase(t)
  // The direct URL wins over the pooler's.
  const environment = { DIRECT_DATABASE_URL: url, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/pooler' }
  await run('migrate', [], environment)
  await query(url, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${latest}'`)

  const failed = await run('status', [], environment)
  t.match(failed, { code: 1, output: [/^a migration failed/, `  unfinished: ${latest}`] })
  t.match(await run('migrate', [], environment), { code: 1, output: [], errors: [/^Migration .* failed before/] })
  const undone = await run('migrate', ['--rolled-back', latest], environment)
  t.match(undone, { code: 0, output: [`${latest} counts as undone: the next run applies it again`] })
  t.match(await run('status', [], environment), { code: 1, output: [/pending/, `  pending: ${latest}`] })
})

t.test('what cannot be done is said in one line', async (t) => {
  const environment = { DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/x' }
  const refusals: [string, Record<string, string>, RegExp][] = [
    ['migrate', {}, /^DATABASE_URL is required$/],
    ['status', environment, /^No database answers at 127\.0\.0\.1:1$/],
  ]
  for (const [command, variables, error] of refusals) {
    t.match(await run(command, [], variables), { code: 1, output: [], errors: [error] }, command)
  }
  t.match(await run('migrate', ['--diff', '--write', 'x'], environment), { code: 2, errors: [/: give one$/] })
})

t.test('programs of their own, with an exit code', async (t) => {
  const environment = { ...process.env, DATABASE_URL: await createEmptyDatabase(t) }
  const start = (name: string) => {
    const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')
    return spawnSync(process.execPath, [program, name], { env: environment, encoding: 'utf8' })
  }
  t.match(start('status'), { status: 1, stdout: /^migrations are pending/, stderr: '' })
  const begin = Date.now()
  t.match(start('migrate'), { status: 0, stdout: /^applying .*\napplied: /s, stderr: '' })
  t.ok(Date.now() - begin < 10_000, 'the engine keeps no timer that the process waits for')
})
