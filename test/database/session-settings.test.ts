// What a database or a role has for settings of sessions: set by the service's connections, or told by name where that cannot be.
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { describeFailure } from '../../src/database/migration-failures.js'
import { migrate } from '../../src/database/migrations.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { createTestDatabase } from '../support/database.js'
import { startPooler } from '../support/pooler.js'

/** Each of them breaks something where a session has it: the timeouts are below a second, and as long as a busy machine needs them. */
const hostile: Record<string, string> = {
  timezone: "'Asia/Kolkata'",
  datestyle: "'SQL, DMY'",
  standard_conforming_strings: 'off',
  bytea_output: 'escape',
  intervalstyle: "'sql_standard'",
  default_transaction_isolation: "'serializable'",
  transform_null_equals: 'on',
  statement_timeout: "'900ms'",
  lock_timeout: "'900ms'",
  idle_in_transaction_session_timeout: "'900ms'",
  idle_session_timeout: "'900ms'",
  enable_seqscan: 'on',
}

async function createHostileDatabase(settings = hostile): Promise<string> {
  const { url } = await createTestDatabase()
  await setAll(url, settings)
  return url
}

async function setAll(url: string, settings: Record<string, string>): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  const statements = Object.entries(settings).map(([key, value]) => `ALTER DATABASE "${name}" SET ${key} = ${value}`)
  await withConnection(url, (client) => client.query(statements.join('; ')))
}

/** The way in for who mends it, whom neither a busy machine nor a lock of another test may end. */
function unhindered(url: string): string {
  const timeouts = ['statement_timeout', 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout']
  return `${url}?options=${encodeURIComponent(timeouts.map((name) => `-c ${name}=0`).join(' '))}`
}

const open = (t: Test, url: string, more = {}) => {
  const database = openDatabase({ url, directUrl: url, poolSize: 2, namedStatements: true, ...more })
  t.teardown(() => database.$disconnect())
  return database
}

t.test('a service on a database with a will of its own works, migrations and commands too', async (t) => {
  const url = await createHostileDatabase()
  t.match(await migrate(url), { applied: [] })
  const service = await startApp(t, { databaseUrl: url })
  t.equal((await service.get('/health/ready')).status, 200)
  t.match(await service.database.examine(), { faults: [], advice: [], isPooled: false })
  const email = 'asha@example.com'
  await service.post('/auth/request-otp', { email })
  const signedIn = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  t.equal(signedIn.status, 200)
  t.ok(Math.abs(Date.parse(signedIn.body.user.created_at) - Date.now()) < 60_000)
  const [settings] = await service.database.run<object[]>({
    text: `SELECT current_setting('statement_timeout') AS statement, current_setting('default_transaction_isolation') AS isolation,
      current_setting('idle_session_timeout') AS idle, current_setting('standard_conforming_strings') AS strings`,
    values: [],
  })
  t.strictSame(settings, { statement: '2500ms', isolation: 'read committed', idle: '0', strings: 'on' })
})

t.test('what a connection string says is overruled too', async (t) => {
  const { url } = await createTestDatabase()
  const options = encodeURIComponent('-c statement_timeout=1 -c default_transaction_isolation=serializable')
  t.match(await open(t, `${url}?options=${options}&lock_timeout=1`).examine(), { faults: [], isPooled: false })
})

t.test('through a pooler, which carries no settings, each is told with the statement that mends it', async (t) => {
  const url = await createHostileDatabase()
  const pooled = await startPooler(t, url)
  const service = await startApp(t, { databaseUrl: pooled })
  const answer = await service.get('/health/ready')
  t.match(answer, { status: 503, body: { errors: [/settings that the service cannot work with/] } })
  const { faults, advice, isPooled } = await service.database.examine()
  t.ok(isPooled)
  const names = faults.map((fault) => fault.split(' ')[0])
  const unmended = ['default_transaction_isolation', 'transform_null_equals', 'statement_timeout', 'lock_timeout']
  const timeouts = ['idle_in_transaction_session_timeout', 'idle_session_timeout']
  t.strictSame(names, [...unmended, ...timeouts], 'what PgBouncer keeps for a client is set')
  t.match(service.logged(), /"fault":"database_settings",.*"settings":\["default_transaction_isolation is serializable/)
  t.match(service.logged(), /"advice":\["ALTER ROLE .* SET enable_seqscan = 'off'/)

  const run = await runCommand(['cleanup'], { environment: { DATABASE_URL: pooled } })
  t.equal(run.code, 1)
  t.match(run.errors, [/^DATABASE_URL: default_transaction_isolation is serializable .*; DATABASE_URL: /])

  const statements = [...faults.map((fault) => fault.slice(fault.indexOf('ALTER ROLE'))), ...advice]
  t.teardown(() => withConnection(unhindered(url), (client) => client.query(statements.map(undo).join('; '))))
  await withConnection(unhindered(url), (client) => client.query(statements.join('; ')))
  t.match(await open(t, pooled).examine(), { faults: [], advice: [], isPooled: true }, 'those statements are enough')
})

const undo = (statement: string) => statement.replace(/ SET (\w+) = .*$/, ' RESET $1')

t.test('read-only by a setting is told at once, and is no fault of the connection', async (t) => {
  const url = await createHostileDatabase({ default_transaction_read_only: 'on' })
  const service = await startApp(t, { databaseUrl: url })
  t.match(await service.get('/health/ready'), { status: 503, body: { errors: ['The database takes no writes'] } })
  t.match(
    service.logged(),
    /"settings":\["default_transaction_read_only is on .* SET default_transaction_read_only = 'off'"\]/,
  )
})

t.test('a pooled connection string alone works, except for migrations, which say why', async (t) => {
  const { url } = await createTestDatabase()
  for (const options of [{}, { ignores: true }]) {
    const pooled = await startPooler(t, url, options)
    const database = open(t, pooled)
    t.strictSame(await database.$queryRaw`SELECT 1 AS one`, [{ one: 1 }])
    t.match(await database.examine(), { faults: [], isPooled: true, hasLostNames: false })
    t.strictSame(await database.run({ text: 'SHOW statement_timeout', values: [] }), [{ statement_timeout: '0' }])
    const error = await migrate(pooled).catch(describeFailure)
    t.match(error, /^Set DIRECT_DATABASE_URL: DATABASE_URL leads through a pooler/)
  }
})

t.test('where a pooler loses the names of statements, they are given none', async (t) => {
  const { url } = await createTestDatabase()
  const pooled = await startPooler(t, url, { isShared: true })
  const service = await startApp(t, { databaseUrl: pooled })
  t.equal((await service.get('/health/ready')).status, 200)
  t.match(service.logged(), /set DATABASE_NAMED_STATEMENTS=false/)
  const ask = () => service.post('/auth/verify-otp', { email: 'asha@example.com', otp: '123456' })
  for (const { status } of await Promise.all([ask(), ask(), ask()])) t.equal(status, 401)

  const careless = open(t, pooled)
  const named = { text: 'SELECT 2', values: [] }
  const errors = await Promise.all([1, 2].map(() => careless.run(named).catch((error: object) => error)))
  t.ok(
    errors.some((error) => Object(error).code === '42P05'),
    'nothing was looked at',
  )
  t.match(await open(t, pooled, { poolSize: 1 }).examine(), { isPooled: true })
})
