// `latchkey init`: a first .env that the service starts with, and the service's own role, which can do all that the service does and
// nothing to the tables.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { parseEnv } from 'node:util'
import type { Client } from 'pg'
import t, { type Test } from 'tap'
import { createCleanupTasks } from '../../src/cleanup-tasks.js'
import { parseConfig } from '../../src/config/config.js'
import { settingNames } from '../../src/config/table/table.js'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { tableNames } from '../../src/database/schema-of-tables.js'
import { scramVerifier } from '../../src/database/service-role.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { cleanUp } from '../../src/operations/cleanup.js'
import { createEmptyDatabase, query } from '../database/scratch.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { ageProofs, join, joinAsAdmin } from '../users/people.js'

t.test('a first .env', async (t) => {
  const folder = t.testdir({})
  const file = joinPath(folder, '.env')
  const { code, output, errors } = await runCommand(['init', '--output', file])
  t.match({ code, errors, output: output.length }, { code: 0, errors: [], output: 2 })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const text = readFileSync(file, 'utf8')
  const secrets = parseEnv(text)
  const names = ['JWT_PRIVATE_KEY', 'OTP_PEPPER', 'EVENT_KEY', 'SENDER_WEBHOOK_SECRET', 'METRICS_TOKEN']
  t.strictSame(Object.keys(secrets).sort(), [...names].sort())
  for (const [name, value] of Object.entries(secrets))
    t.notMatch(output.join('\n'), String(value), `${name} is not shown`)

  const whole = parseEnv(text.replace(/^#([A-Z_]+=)/gm, '$1'))
  t.strictSame(
    Object.keys(whole).filter((name) => !(settingNames as readonly string[]).includes(name)),
    [],
    'each is a setting',
  )
  const missing = { TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef' }
  t.doesNotThrow(() => parseConfig({ ...whole, ...missing }), 'and as they stand production takes them')

  const again = await runCommand(['init', '--output', file, '--json'])
  t.match(again, { code: 1, output: [] })
  t.match(JSON.parse(String(again.errors[0])), {
    error: { kind: 'failure', message: /is there already; it is not touched/ },
  })
  t.equal(readFileSync(file, 'utf8'), text)
  const json = await runCommand(['init', '--output', `${file}.2`, '--json'])
  t.strictSame(JSON.parse(json.output.join('')), { file: `${file}.2`, settings: names })
  t.match(await runCommand(['init', '--output', joinPath(folder, 'none', '.env')]), { code: 1, errors: [/^ENOENT/] })

  const printed = parseEnv(`${(await runCommand(['init', '--print'])).output.join('\n')}\n`)
  t.notSame(printed, secrets, 'new ones each time')
  t.strictSame(Object.keys(printed).sort(), [...names].sort())
  const printedJson = JSON.parse((await runCommand(['init', '--print', '--json'])).output.join(''))
  t.strictSame(Object.keys(printedJson.settings), names)
  t.notOk(existsSync('.env.2'))
})

const password = 'secret word ü!'

/** An owner of a database who migrates, and a role that is still to be made. */
async function createOwner(t: Test, rights = 'CREATEROLE') {
  const suffix = randomBytes(4).toString('hex')
  const [owner, role] = [`owner_${suffix}`, `service_${suffix}`]
  const admin = String(process.env['TEST_DATABASE_ADMIN_URL'])
  await query(admin, `CREATE ROLE ${owner} LOGIN PASSWORD 'x' ${rights}`)
  // Torn down after the database.
  t.teardown(async () => {
    await query(admin, `DROP ROLE IF EXISTS ${role}`)
    await query(admin, `DROP ROLE ${owner}`)
  })
  const url = await createEmptyDatabase(t)
  await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO ${owner}`)
  const as = (name: string, word: string) => Object.assign(new URL(url), { username: name, password: word }).href
  const [ownerUrl, serviceUrl] = [as(owner, 'x'), as(role, password)]
  const environment = { DATABASE_URL: serviceUrl, DIRECT_DATABASE_URL: ownerUrl }
  const init = (...words: string[]) => runCommand(['init', '--database', ...words], { environment })
  return { owner, role, url, ownerUrl, serviceUrl, environment, init }
}

const attempt = (client: Client, sql: string) =>
  client.query(sql).then(
    () => 'done',
    ({ code }: { code: string }) => code,
  )

t.test('a role of its own: the whole service works with it, and no statement changes a table', async (t) => {
  const { role, url, ownerUrl, serviceUrl, environment, init } = await createOwner(t)
  const early = await init()
  t.match(early, { code: 1, errors: [/has no tables of the service there: run latchkey migrate with it first$/] })
  t.equal((await runCommand(['migrate'], { environment })).code, 0)
  const made = await init()
  t.match(made, { code: 0, errors: [], output: [new RegExp(`^${role} is made, and has what the service needs in `)] })
  t.equal(made.output.length, 1, 'nothing is left for an administrator')
  t.notMatch(made.output.join(), password)
  const rights = () =>
    query(url, `SELECT relname, relacl::text FROM pg_class WHERE relname = ANY('{${tableNames.join()}}') ORDER BY 1`)
  const before = await rights()
  await withConnection(ownerUrl, (client) => client.query(`GRANT TRUNCATE, UPDATE ON auth_events, users TO ${role}`))
  t.match((await init('--json')).output.join(''), /"created": false,\n {2}"refused": \[\]/)
  t.strictSame(await rights(), before, 'again, and what it has too much is taken back')

  t.match(await runCommand(['status'], { environment: { DATABASE_URL: serviceUrl } }), { code: 0 })
  const file = joinPath(t.testdir({ 'users.ndjson': '{"localId":"1","email":"moved@example.com"}' }), 'users.ndjson')
  for (const word of ['--dry-run', '--events']) {
    const typed = ['users', 'import', file, '--map', 'firebase', word]
    t.match(await runCommand(typed, { environment: { DATABASE_URL: serviceUrl } }), { code: 0 }, word)
  }
  await useEverything(t, serviceUrl)

  await withConnection(serviceUrl, async (client) => {
    const table = `CREATE TABLE mine ()`
    for (const sql of [
      table,
      'CREATE SCHEMA mine',
      'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      `CREATE FUNCTION ${readFunctionFiles().schema}.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$`,
      'CREATE ROLE mine',
      ...tableNames.flatMap((name) => [
        `DROP TABLE ${name}`,
        `ALTER TABLE ${name} ADD COLUMN mine int`,
        `TRUNCATE ${name} CASCADE`,
        `CREATE INDEX ON ${name} ((1))`,
      ]),
      `UPDATE auth_events SET detail = 'x'`,
      'DELETE FROM _prisma_migrations',
      'INSERT INTO _prisma_migrations DEFAULT VALUES',
      'ALTER TABLE auth_events DISABLE TRIGGER ALL',
    ]) {
      t.equal(await attempt(client, sql), '42501', sql)
    }
    const { rows } = await client.query('SHOW statement_timeout')
    t.strictSame(rows, [{ statement_timeout: '2500ms' }])
  })

  // What a later release brings: a table, and functions of another name.
  await withConnection(ownerUrl, async (client) => {
    await client.query('CREATE TABLE later (id bigserial PRIMARY KEY, word text)')
    await client.query(`DROP SCHEMA ${readFunctionFiles().schema} CASCADE`)
  })
  t.equal((await runCommand(['migrate'], { environment })).code, 0)
  await withConnection(serviceUrl, async (client) => {
    for (const sql of [`INSERT INTO later (word) VALUES ('x')`, `UPDATE later SET word = 'y'`, 'DELETE FROM later'])
      t.equal(await attempt(client, sql), 'done', sql)
  })
  const service = await startApp(t, { databaseUrl: serviceUrl })
  t.match(await join(service, 'later@example.com'), { id: /./ }, 'new functions come with rights')
})

/** Each flow, and what users, admins and the cleanup do. */
async function useEverything(t: Test, databaseUrl: string): Promise<void> {
  const service = await startApp(t, { databaseUrl, settings: { RECYCLE_AFTER: '90d' } })
  const { database } = service
  t.equal((await service.get('/health/ready')).status, 200)
  const number = { mobile_number: '9876543210' }
  await service.post('/api/auth/send-otp', number)
  const proved = await service.post('/api/auth/verify-otp', { ...number, otp: service.lastCode('+919876543210') })
  const home = {
    house_number: '12B',
    street_locality: 'MG Road',
    city: 'Bengaluru',
    state: 'Karnataka',
    pincode: '560001',
  }
  const form = { ...number, ...home, user_name: 'Asha Rao', signup_token: proved.body.signup_token }
  t.equal((await service.post('/api/auth/signup', form)).status, 201)

  const asha = await join(service, '+919876543210')
  t.equal((await asha.post('/api/auth/refresh')).status, 200)
  await ageProofs(service)
  await asha.post('/users/me/step-up')
  t.equal((await asha.post('/users/me/step-up/verify', { otp: service.lastCode('+919876543210') })).status, 200)
  t.equal((await asha.post('/users/me/identifiers', { email: 'asha@example.com' })).status, 200)
  const change = { email: 'asha@example.com', otp: service.lastCode('asha@example.com') }
  t.equal((await asha.post('/users/me/identifiers/verify', change)).status, 200)
  t.equal((await asha.get('/users/me/export')).status, 200)

  const admin = await joinAsAdmin(service)
  t.match((await admin.get('/users')).body.data.length, 3, 'one of them moved in')
  t.equal((await admin.patch(`/users/${asha.id}`, { disabled: true })).status, 200)
  t.equal((await admin.delete(`/users/${asha.id}`)).status, 200)

  await database.$executeRaw`UPDATE sessions SET expires_at = now() - interval '1 day' WHERE user_id <> ${admin.id}::uuid`
  const deleted = await cleanUp(createCleanupTasks(database, 86_400, 90 * 86_400))
  t.match(deleted, { otps: 0, auth_events: 0 })
  const environment = { DATABASE_URL: databaseUrl }
  t.equal((await runCommand(['cleanup'], { environment })).code, 0)
  t.equal((await runCommand(['users', 'list'], { environment })).code, 0)
}

t.test('an owner who may not make roles', async (t) => {
  const { owner, url, role, serviceUrl, environment, init } = await createOwner(t, '')
  await runCommand(['migrate'], { environment })
  t.strictSame(await init(), {
    code: 1,
    output: [],
    errors: [
      `${owner} may not make roles: give an administrator what latchkey init --database --print prints, or GRANT it CREATEROLE`,
    ],
  })
  const printed = await init('--print')
  t.match(printed, { code: 0, errors: [] })
  t.notMatch(printed.output.join('\n'), password)
  t.match(JSON.parse((await init('--print', '--json')).output.join('')), { role, sql: [/^CREATE ROLE /] })
  await withConnection(url, (client) => client.query(`SET ROLE ${owner}; RESET ROLE; ${printed.output.join('\n')}`))
  const service = await startApp(t, { databaseUrl: serviceUrl })
  t.match(await join(service, 'asha@example.com'), { id: /./ })
  const again = await init()
  t.equal(again.code, 0, 'whose role is there already')
  t.match(again.output.slice(1), [/^not allowed here, for an administrator: ALTER ROLE .* SET statement_timeout = /])
})

t.test('a role that may do more than the service needs is refused, and nothing is granted to it', async (t) => {
  const { owner, role, url, environment, init } = await createOwner(t)
  await runCommand(['migrate'], { environment })
  const admin = (sql: string) => query(url, sql)
  await admin(`CREATE ROLE ${role} LOGIN`)
  await admin(`CREATE ROLE powers_of_${role} BYPASSRLS`)
  t.teardown(() => query(String(process.env['TEST_DATABASE_ADMIN_URL']), `DROP ROLE IF EXISTS powers_of_${role}`))
  const excesses: [gives: string, takes: string, excess: RegExp][] = [
    ...['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'].map((name): [string, string, RegExp] => [
      `ALTER ROLE ${role} ${name}`,
      `ALTER ROLE ${role} NO${name}`,
      new RegExp(`\\(${name}\\)`),
    ]),
    ...[owner, `powers_of_${role}`, 'pg_write_all_data'].map((name, index): [string, string, RegExp] => [
      `GRANT ${name} TO ${role}`,
      `REVOKE ${name} FROM ${role}`,
      [/\(CREATEROLE, owner of tables\)/, /\(BYPASSRLS\)/, /\(pg_write_all_data\)/][index] as RegExp,
    ]),
    [`ALTER TABLE users OWNER TO ${role}`, `ALTER TABLE users OWNER TO ${owner}`, /\(owner of tables\)/],
  ]
  for (const [gives, takes, excess] of excesses) {
    await admin(gives)
    for (const words of [[], ['--print']])
      t.match(await init(...words), { code: 1, output: [], errors: [excess] }, gives)
    const rights = `SELECT relacl::text FROM pg_class WHERE relname = 'users' AND relacl::text LIKE '%${role}%'`
    t.strictSame(await admin(rights), [], 'nothing is granted')
    await admin(takes)
  }
  t.match(await init(), { code: 0 })
})

t.test('what cannot be used', async (t) => {
  const { owner, ownerUrl, serviceUrl } = await createOwner(t)
  await runCommand(['migrate'], { environment: { DATABASE_URL: ownerUrl } })
  const init = (environment: Record<string, string>) => runCommand(['init', '--database'], { environment })
  t.match(await init({ DATABASE_URL: ownerUrl }), { code: 1, errors: [/they are the same role$/] })
  t.match(await init({ DATABASE_URL: serviceUrl.replace(/\/\/.*@/, '//'), DIRECT_DATABASE_URL: ownerUrl }), {
    code: 2,
    errors: [/have to name their roles$/],
  })
  const noPassword = Object.assign(new URL(serviceUrl), { password: '' }).href
  t.match(await init({ DATABASE_URL: noPassword, DIRECT_DATABASE_URL: ownerUrl }), {
    code: 1,
    errors: [/has to have the password/],
  })
  t.match(await init({}), { code: 1, errors: ['DATABASE_URL is required'] })
  const refused = Object.assign(new URL(serviceUrl), { username: `pg_${owner}` }).href
  t.match(await init({ DATABASE_URL: refused, DIRECT_DATABASE_URL: ownerUrl }), { code: 1, errors: [/reserved/] })
})

t.test('a password is handed over as the server would keep it', async (t) => {
  const name = `scram_${randomBytes(4).toString('hex')}`
  const admin = String(process.env['TEST_DATABASE_ADMIN_URL'])
  await query(admin, `SET password_encryption = 'scram-sha-256'`)
  await query(admin, `CREATE ROLE ${name} PASSWORD 'pencil'`)
  t.teardown(() => query(admin, `DROP ROLE ${name}`))
  const [[kept]] = (await query(admin, `SELECT rolpassword FROM pg_authid WHERE rolname = '${name}'`)) as [[string]]
  const salt = Buffer.from(String(kept.split(/[:$]/)[2]), 'base64')
  t.equal(scramVerifier('pencil', salt), kept)
})
