// The schema of the tables: that of the connection string, or where the search_path of the role finds them; one for everything.
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { tableNames } from '../../src/database/schema-of-tables.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { createTestDatabase } from '../support/database.js'
import { startPooler } from '../support/pooler.js'
import { createEmptyDatabase } from './scratch.js'

async function run(command: string, url: string, words: string[] = []) {
  const lines: string[] = []
  const environment = { DATABASE_URL: url, NODE_ENV: 'test' }
  const { code } = await runCommand([...command.split(' '), ...words], {
    environment,
    onLine: (line) => lines.push(line),
  })
  return [code, ...lines]
}

const ask = (url: string, text: string) => withConnection(url, async (client) => (await client.query(text)).rows)
const countIn = async (url: string, schema: string) =>
  (await ask(url, `SELECT count(*)::int FROM ${schema}.users`))[0].count

/** Signs somebody in, reads and changes by models and by raw statements. */
async function useService(t: Test, databaseUrl: string): Promise<void> {
  const service = await startApp(t, { databaseUrl })
  t.equal((await service.get('/health/ready')).status, 200)
  const email = 'asha@example.com'
  await service.post('/auth/request-otp', { email })
  const { status, body } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  t.equal(status, 200)
  const headers = { authorization: `Bearer ${body.token}` }
  t.match((await service.get('/users/me/export', { headers })).body.data, { user: { email } })
  t.equal(await service.database.user.count(), 1)
}

t.test('?schema= is where everything is, beside another service of the same database', async (t) => {
  const url = await createEmptyDatabase(t)
  for (const schema of ['latch', 'Ein Schema']) {
    const there = `${url}?schema=${encodeURIComponent(schema)}`
    t.match(await run('status', there), [1, /^migrations are pending/])
    t.strictSame(await ask(url, `SELECT FROM pg_namespace WHERE nspname = '${schema}'`), [], 'a question makes nothing')
    t.equal((await run('migrate', there))[0], 0)
    t.strictSame(await run('migrate', there), [0, 'nothing to apply'])
    t.match(await run('status', there), [0, 'the database is up to date'])
    await useService(t, there)
    t.match(await run('admin', there, ['grant', 'asha@example.com']), [0, /is an admin/])
    t.equal((await run('cleanup', there))[0], 0)
  }
  t.equal((await run('seed', `${url}?schema=latch`, ['--users', '5', '--force']))[0], 0)
  t.equal(await countIn(url, 'latch'), 6)
  t.equal(await countIn(url, '"Ein Schema"'), 1, 'the other one has its own functions and tables')
  t.strictSame(await ask(url, "SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"), [])
  t.strictSame(await run('migrate --diff', `${url}?schema=latch`), [0, 'schema and migrations agree'])
  t.match(await run('status', url), [1, /^migrations are pending/], 'public has none')
})

t.test('the search_path of the database is followed', async (t) => {
  const url = await createEmptyDatabase(t)
  const name = new URL(url).pathname.slice(1)
  const followed = async (path: string) => ask(url, `ALTER DATABASE "${name}" SET search_path = ${path}`)
  await ask(url, 'CREATE SCHEMA app; CREATE SCHEMA later')
  await followed('app')
  t.equal((await run('migrate', url))[0], 0)
  await useService(t, url)
  t.equal(await countIn(url, 'app'), 1)
  t.strictSame(await run('migrate --diff', url), [0, 'schema and migrations agree'])

  await followed('later, app')
  t.match(await run('status', url), [0, 'the database is up to date'], 'where the tables are found')
  await useServiceAgain(t, url)
  await ask(url, 'CREATE TABLE later.users (id int)')
  t.match(await run('admin', url, ['list']), [1, /finds our tables in app and later: name one with \?schema=/])

  await followed('nowhere')
  t.match(await run('admin', url, ['list']), [
    1,
    /search_path is nowhere, which names no schema .* SET search_path = public/,
  ])
  await followed('public')
  t.match((await run('migrate', url)).at(-1), /are there for the tables of another schema: .*\?schema=/)
})

async function useServiceAgain(t: Test, databaseUrl: string): Promise<void> {
  const service = await startApp(t, { databaseUrl })
  t.equal((await service.get('/health/ready')).status, 200)
  t.equal(await service.database.user.count(), 1)
}

t.test('a schema that a pooler does not carry has to be the role’s, and is told by name', async (t) => {
  const { url } = await createTestDatabase()
  await ask(url, 'CREATE SCHEMA app')
  const pooled = await startPooler(t, url)
  t.match(await run('admin', `${pooled}?schema=app`, ['list']), [
    1,
    /not \?schema=app: ALTER ROLE .* SET search_path = "app"/,
  ])
  t.match(await run('admin', `${pooled}?schema=public`, ['list']), [0, /./], 'whose it is already')
})

t.test('Prisma asks for the schema again where it could not be asked at first', async (t) => {
  const { url } = await createTestDatabase()
  const database = openDatabase({ url, directUrl: url, poolSize: 1, namedStatements: true })
  t.teardown(() => database.$disconnect())
  const name = new URL(url).pathname.slice(1)
  const admin = String(process.env['TEST_DATABASE_ADMIN_URL'])
  await ask(admin, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`)
  await t.rejects(database.user.count())
  const known = openDatabase({ url: `${url}?schema=public`, directUrl: url, poolSize: 1, namedStatements: true })
  t.teardown(() => known.$disconnect())
  await t.rejects(known.$transaction(async (transaction) => transaction.user.count()))
  await ask(admin, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`)
  t.equal(await database.user.count(), 0)
})

t.test('the list of our tables is whole', async (t) => {
  const { url } = await createTestDatabase()
  const rows = await ask(
    url,
    "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  )
  const names = rows.map(({ name }) => name).filter((name) => name !== '_prisma_migrations')
  t.strictSame(names.sort(), [...tableNames].sort())
})
