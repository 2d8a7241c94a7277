// The migrations on a real server: that they run once, where a database is said to stand, and what happens on failure.
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connectForMigrations, statement } from '../../src/database/migration-adapter.js'
import { readMigrationNames, writeMigration } from '../../src/database/migration-files.js'
import { isAllOrNothing, lockPatienceFor } from '../../src/database/migration-script.js'
import { markRolledBack, migrate, migrationStatus, nextMigration } from '../../src/database/migrations.js'
import { createEmptyDatabase, createMigrations, listDatabases, query } from './scratch.js'

const names = await readMigrationNames()

/** Leads to a server, until it is cut: as when a process is killed, or its machine. */
async function startWire(t: Test, { hostname, port }: URL) {
  const sockets = new Set<Socket>()
  const server = createServer((here) => {
    const there = connect(Number(port), hostname)
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {}).pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, cut }
}

t.test('an empty database is migrated once', async (t) => {
  const url = await createEmptyDatabase(t)
  t.match(await migrationStatus(url), { state: 'pending', pending: names, edited: [], failed: [], unknown: [] })
  t.strictSame(await query(url, "SELECT FROM pg_tables WHERE schemaname = 'public'"), [], 'the status changes nothing')

  const lines: string[] = []
  t.match(await migrate(url, { onProgress: (line) => lines.push(line) }), { applied: names, functions: /^latchkey_/ })
  const applying = names.map((name) => `applying ${name}`)
  t.match(lines, [...applying, /^created the functions of this release/])
  t.equal(lines.length, names.length + 1)
  t.strictSame(await migrate(url), { applied: [], functions: null })
  t.match(await migrationStatus(url), { state: 'current', pending: [] })
})

t.test('of processes that migrate at once, one applies', async (t) => {
  const url = await createEmptyDatabase(t)
  const results = await Promise.all([migrate(url), migrate(url), migrate(url)])
  t.strictSame(
    results.map(({ applied }) => applied).sort((one, other) => other.length - one.length),
    [names, [], []],
  )
  t.match(await migrationStatus(url), { state: 'current' })
})

t.test('a process that waits says so', async (t) => {
  const url = await createEmptyDatabase(t)
  const other = await connectForMigrations(url)
  await other.executeRaw(statement('SELECT pg_advisory_lock(72707369)'))
  const lines: string[] = []
  const migrated = migrate(url, { onProgress: (line) => lines.push(line) })
  while (lines.length === 0) await sleep(20)
  t.match(lines, [/^waiting for another process to finish its migrations/])
  await other.dispose()
  t.match(await migrated, { applied: names })
})

t.test('migrations and schema agree, and a shadow database tells', async (t) => {
  const url = await createEmptyDatabase(t)
  t.equal(await nextMigration(url), '')
  t.match(await nextMigration(url, createMigrations(t, {})), /CREATE TABLE "users".*CREATE TABLE "sessions"/s)

  const broken = createMigrations(t, { '20260101000000_broken': 'CREATE TABLE users (id uuid); SELECT 1 / 0;' })
  await t.rejects(nextMigration(url, broken), /20260101000000_broken.*division by zero/s)
  t.strictSame(await query(url, "SELECT FROM pg_tables WHERE schemaname = 'public'"), [], 'not run in the database')
  t.notMatch((await listDatabases()).join(), /shadow/, 'the shadow database is dropped')
})

t.test('a database that is newer than the files is let be', async (t) => {
  const url = await createEmptyDatabase(t)
  await migrate(url, { directory: createMigrations(t, { '20260101000000_a': 'CREATE TABLE a ()' }) })
  const older = createMigrations(t, {})
  t.match(await migrationStatus(url, older), { state: 'ahead', unknown: ['20260101000000_a'] })
  t.strictSame(await migrate(url, { directory: older }), { applied: [], functions: null })
})

t.test('a file that was changed after it was applied is told', async (t) => {
  const url = await createEmptyDatabase(t)
  const directory = createMigrations(t, { '20260101000000_a': 'CREATE TABLE a ()' })
  await migrate(url, { directory })
  await writeFile(join(directory, '20260101000000_a', 'migration.sql'), 'CREATE TABLE a (id int)')
  t.match(await migrationStatus(url, directory), { state: 'edited', edited: ['20260101000000_a'] })
  const lines: string[] = []
  await migrate(url, { directory, onProgress: (line) => lines.push(line) })
  t.strictSame(lines, ['warning: 20260101000000_a was changed after it was applied'])
})

t.test('a migration that fails leaves nothing behind, blocks the rest, and can be tried again', async (t) => {
  const url = await createEmptyDatabase(t)
  const directory = createMigrations(t, {
    '20260101000000_good': 'CREATE TABLE good ()',
    '20260102000000_bad': 'CREATE TABLE half ();\nSELECT 1 / 0;',
  })
  const blocked = /^Migration 20260102000000_bad failed before .* --rolled-back 20260102000000_bad$/
  await t.rejects(migrate(url, { directory }), {
    message: 'Migration 20260102000000_bad failed: ERROR: division by zero',
  })
  t.strictSame(await query(url, "SELECT to_regclass('good')::text, to_regclass('half')::text"), [['good', null]])
  t.match(await migrationStatus(url, directory), { state: 'failed', failed: ['20260102000000_bad'] })
  await t.rejects(migrate(url, { directory }), { message: blocked })

  const other = await connectForMigrations(url)
  await other.executeRaw(statement('SELECT pg_advisory_lock(72707369)'))
  t.match(await migrationStatus(url, directory), { state: 'running' }, 'not failed while somebody holds the lock')
  await other.dispose()

  await t.rejects(markRolledBack(url, '20260101000000_good'), /20260101000000_good/)
  await markRolledBack(url, '20260102000000_bad')
  await writeFile(join(directory, '20260102000000_bad', 'migration.sql'), 'CREATE TABLE whole ()')
  t.strictSame(await migrate(url, { directory }), { applied: ['20260102000000_bad'], functions: null })
})

t.test('a migration whose process is ended is undone, and can be tried again', async (t) => {
  const url = await createEmptyDatabase(t)
  const directory = createMigrations(t, { '20260101000000_a': 'CREATE TABLE a (); SELECT pg_sleep(600);' })
  const { port, cut } = await startWire(t, new URL(url))
  const through = new URL(url)
  through.host = `127.0.0.1:${port}`
  const isRunning = async () => {
    const found = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()`
    return (await query(url, `SELECT EXISTS (${found})`))[0]?.[0] === true
  }
  const migrated = migrate(through.href, { directory })
  migrated.catch(() => {})
  while (!(await isRunning())) await sleep(20)
  cut()
  await t.rejects(migrated, { message: /^Migration 20260101000000_a failed: / })
  while (await isRunning()) await sleep(50)
  t.strictSame(await query(url, "SELECT to_regclass('a')::text"), [[null]], 'the server has not gone on to its end')
  t.match(await migrationStatus(url, directory), { state: 'failed', failed: ['20260101000000_a'] })
  await markRolledBack(url, '20260101000000_a')
  await writeFile(join(directory, '20260101000000_a', 'migration.sql'), 'CREATE TABLE a ()')
  t.strictSame(await migrate(url, { directory }), { applied: ['20260101000000_a'], functions: null })
})

t.test('a migration waits five seconds for a lock, is undone, and the next run tries it again', async (t) => {
  const url = await createEmptyDatabase(t)
  const impatient = "SET lock_timeout = '50ms'; CREATE TABLE half (); ALTER TABLE a ADD COLUMN b int;"
  const scripts = { '20260101000000_a': "CREATE TABLE a AS SELECT current_setting('lock_timeout') AS patience" }
  await migrate(url, { directory: createMigrations(t, scripts) })
  t.strictSame(await query(url, 'SELECT patience FROM a'), [['5s']])

  const directory = createMigrations(t, {
    ...scripts,
    '20260102000000_b': impatient,
    '20260103000000_c': "CREATE TABLE c AS SELECT current_setting('lock_timeout') AS patience",
  })
  const other = await connectForMigrations(url)
  await other.executeRaw(statement('BEGIN'))
  await other.executeRaw(statement('LOCK a IN ACCESS SHARE MODE'))
  const line = 'another session held a lock that is needed here for more than 5 s: try again'
  for (const run of ['first', 'second']) {
    await t.rejects(
      migrate(url, { directory }),
      { message: `Migration 20260102000000_b failed: ${line} (all of it is undone)` },
      run,
    )
    t.strictSame(await query(url, "SELECT to_regclass('half')::text"), [[null]])
    t.match(await migrationStatus(url, directory), { state: 'pending', failed: [] })
  }

  const script = join(directory, '20260102000000_b', 'migration.sql')
  await writeFile(script, `CREATE TABLE part (); COMMIT; ${impatient}`)
  await t.rejects(migrate(url, { directory }), {
    message: `Migration 20260102000000_b failed: ${line}. When its part is undone, run latchkey migrate --rolled-back 20260102000000_b`,
  })
  t.strictSame(await query(url, "SELECT to_regclass('part')::text"), [['part']])
  await markRolledBack(url, '20260102000000_b')
  await writeFile(script, impatient)

  await other.executeRaw(statement('COMMIT'))
  await other.dispose()
  t.strictSame((await migrate(url, { directory })).applied, ['20260102000000_b', '20260103000000_c'])
  t.strictSame(await query(url, 'SELECT patience FROM c'), [['5s']], 'whatever the script before it had set')
})

t.test('what a script says of how it runs', async (t) => {
  for (const [script, patience, whole] of [
    ['CREATE TABLE a (); -- COMMIT; CONCURRENTLY\n/* CALL\nEND */ DROP TABLE a', 5_000, true],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$', 5_000, true],
    ["SELECT CASE WHEN true THEN 'END' END; SELECT 1", 5_000, true],
    ['CREATE TABLE a (); commit; CREATE TABLE b ()', 5_000, false],
    ['CREATE TABLE a ();\nEND;\nCREATE TABLE b ()', 5_000, false],
    ['CALL fill()', 5_000, false],
    ['DO $$ BEGIN COMMIT; END $$', 5_000, false],
    ['-- alone\ncreate index concurrently a_id_idx ON a (id)', 0, false],
  ] as const) {
    t.strictSame([lockPatienceFor(script), isAllOrNothing(script)], [patience, whole], script)
  }
})

t.test(
  'a script is one piece, whatever it has semicolons in; one statement may do without a transaction',
  async (t) => {
    const url = await createEmptyDatabase(t)
    const directory = createMigrations(t, {
      '20260101000000_function': `-- one; two
      CREATE FUNCTION answer() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN ';'; END $$;
      CREATE TABLE a (id int DEFAULT 1)`,
      '20260102000000_index': '-- alone\nCREATE INDEX CONCURRENTLY a_id_idx ON a (id);\n',
    })
    await migrate(url, { directory })
    t.strictSame(await query(url, 'SELECT answer()'), [[';']])
  },
)

t.test('what is missing or cannot be reached is named, without a password', async (t) => {
  const url = await createEmptyDatabase(t)
  const directory = createMigrations(t, {})
  await mkdir(join(directory, '20260101000000_empty'))
  await t.rejects(migrate(url, { directory }), /20260101000000_empty/)
  await t.rejects(migrate('postgresql://me:secret@127.0.0.1:1/x'), { message: 'No database answers at 127.0.0.1:1' })
  await t.rejects(migrate('postgresql://me:secret@:1:2/x'), {
    message: 'The connection string of the database is not a URL',
  })
  const missing = new URL(url)
  missing.pathname = '/missing'
  await t.rejects(migrationStatus(missing.href), { message: 'database "missing" does not exist' })
})

t.test('a new migration is a folder with a time and a name', async (t) => {
  const directory = createMigrations(t, {})
  const path = await writeMigration('add_locale', 'SELECT 1;\n', directory)
  t.equal(await readFile(path, 'utf8'), 'SELECT 1;\n')
  t.match(await readMigrationNames(directory), [/^20\d{12}_add_locale$/])
  await t.rejects(writeMigration('Add Locale', '', directory), /lower-case letters/)
  t.equal((await readdir(directory)).length, 2)
})
