// The decisions in the database: releases side by side, rights, and what they refuse to run under.
import { Client, escapeIdentifier } from 'pg'
import t, { type Test } from 'tap'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { applyFunctions } from '../../src/database/functions.js'
import { connectForMigrations } from '../../src/database/migration-adapter.js'
import { migrate, migrationStatus } from '../../src/database/migrations.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { createTestDatabase } from '../support/database.js'

const { schema, sql } = readFunctionFiles()

async function connect(t: Test, url: string) {
  const connection = await connectForMigrations(url)
  t.teardown(() => connection.dispose())
  return connection
}

async function schemasIn(url: string): Promise<string[]> {
  const text = "SELECT nspname::text AS name FROM pg_namespace WHERE starts_with(nspname, 'latchkey_') ORDER BY 1"
  return withConnection(url, async (client) => (await client.query(text)).rows.map(({ name }) => name))
}

t.test(
  'the functions of three releases are there, the oldest of four go, and each serves its own replicas',
  async (t) => {
    const service = await startApp(t)
    const { url } = service.config.database
    const connection = await connect(t, url)
    t.equal(await applyFunctions(connection), null, 'once is enough')
    const releaseOf = (name: string) => ({ schema: `latchkey_${name}`, sql: `${sql}\n-- ${name}` })
    for (const name of ['b', 'c']) t.equal(await applyFunctions(connection, releaseOf(name)), `latchkey_${name}`)
    t.strictSame(await schemasIn(url), [schema, 'latchkey_b', 'latchkey_c'].sort())

    const email = 'asha@example.com'
    await service.post('/auth/request-otp', { email })
    t.equal(
      (await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })).status,
      200,
      'two releases on',
    )
    t.equal((await service.get('/health/ready')).status, 200)

    await applyFunctions(connection, releaseOf('d'))
    t.strictSame(await schemasIn(url), ['latchkey_b', 'latchkey_c', 'latchkey_d'])
    t.match(await service.get('/health/ready'), { status: 503 }, 'three releases on')
    t.equal((await migrationStatus(url)).state, 'pending')
    t.match(await migrate(url), { applied: [], functions: schema }, 'a release that comes back brings them along')
    t.equal((await service.get('/health/ready')).status, 200)
  },
)

t.test('whoever may write codes may call them, and nobody else', async (t) => {
  const { url } = await createTestDatabase()
  const roles = { service: `service_${process.pid}`, stranger: `stranger_${process.pid}` }
  await withConnection(url, async (client) => {
    for (const role of Object.values(roles)) await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
    await client.query(`GRANT INSERT, SELECT, UPDATE ON otps TO ${roles.service}`)
  })
  t.teardown(() =>
    withConnection(url, async (client) => {
      for (const role of Object.values(roles)) {
        await client.query(`DROP OWNED BY ${role}`)
        await client.query(`DROP ROLE ${role}`)
      }
    }),
  )
  const release = { schema: 'latchkey_rights', sql }
  await applyFunctions(await connect(t, url), release)
  const mayCall = (role: string) =>
    withConnection(url, async (client) => {
      const { rows } = await client.query(
        `SELECT has_schema_privilege($1, 'latchkey_rights', 'USAGE')
            AND bool_and(has_function_privilege($1, p.oid, 'EXECUTE')) AS all,
          bool_or(has_function_privilege($1, p.oid, 'EXECUTE')) AS any
        FROM pg_proc p WHERE p.pronamespace = 'latchkey_rights'::regnamespace`,
        [role],
      )
      return rows[0]
    })
  t.strictSame(await mayCall(roles.service), { all: true, any: true })
  t.strictSame(await mayCall(roles.stranger), { all: false, any: false })
})

t.test(
  'they find their own tables whatever the caller’s search_path names, and refuse another isolation',
  async (t) => {
    const { url } = await createTestDatabase()
    const client = new Client({ connectionString: url })
    await client.connect()
    t.teardown(() => client.end())
    const call = `SELECT * FROM ${escapeIdentifier(schema)}.sign_in_batch('[{"method":"email","identifier":"a@example.com",
    "address_key":"verify_ip:x","network":"-"}]', '{"max_per_address":9,"shard":0}', true, false)`
    await client.query('CREATE TEMPORARY TABLE otps (identifier text)')
    await client.query('SET search_path = pg_temp')
    t.match((await client.query(call)).rows, [{ place: 1, outcome: 'refused' }])
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await t.rejects(client.query(call), /need the isolation level read committed, not repeatable read/)
    await client.query('ROLLBACK')
  },
)

t.test('what the service calls settles how it is planned, by itself', async (t) => {
  const { url } = await createTestDatabase()
  const text = `SELECT proname::text AS name, proconfig FROM pg_proc
    WHERE pronamespace = $1::regnamespace AND proname LIKE '%\\_batch' AND proname <> 'begin_batch'`
  const { rows } = await withConnection(url, (client) => client.query(text, [escapeIdentifier(schema)]))
  t.equal(rows.length, 6)
  for (const { name, proconfig } of rows) {
    t.match(
      proconfig,
      [/^search_path=.*public.*pg_temp$/, 'plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'jit=off'],
      name,
    )
  }
})
