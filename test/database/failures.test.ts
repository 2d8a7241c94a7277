// Failures of the database, as node-postgres throws them bare and as Prisma wraps them: which of them mean "not now", and which "taken".
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/database/client.js'
import { isDatabaseUnavailable, isRefusedByPostgres, isUniqueViolation } from '../../src/database/failures.js'
import { Prisma } from '../../src/generated/prisma/client.js'
import { startApp } from '../support/app.js'
import { createTestDatabase } from '../support/database.js'
import { insertUser, nobody } from '../users/people.js'

/** What a statement past Prisma throws on the database of that address. */
async function failureOf(t: Test, url: string, statement: Prisma.Sql, directUrl = url): Promise<unknown> {
  const database = openDatabase({ url, directUrl, poolSize: 1, namedStatements: true })
  t.teardown(() => database.$disconnect())
  return database.run({ text: statement.text, values: statement.values }).then(
    () => t.fail('it did not fail'),
    (error: unknown) => error,
  )
}

t.test('a database that cannot be asked is told from a statement that is wrong', async (t) => {
  const { url } = await createTestDatabase()
  const one = Prisma.sql`SELECT 1`
  const changed = (change: (url: URL) => void) => {
    const other = new URL(url)
    change(other)
    return other.href
  }
  const unavailable: [string, Promise<unknown>][] = [
    ['refused', failureOf(t, 'postgresql://127.0.0.1:1/none', one)],
    ['no such host', failureOf(t, 'postgresql://nowhere.invalid/none', one)],
    [
      'no such database',
      failureOf(
        t,
        changed((other) => Object.assign(other, { pathname: '/none' })),
        one,
      ),
    ],
    [
      'no encryption',
      failureOf(
        t,
        changed(({ searchParams }) => searchParams.set('sslmode', 'require')),
        one,
      ),
    ],
    ['terminated', failureOf(t, url, Prisma.sql`SELECT pg_terminate_backend(pg_backend_pid())`)],
    ['too long for the server', failureOf(t, url, Prisma.sql`SELECT pg_sleep(10)`)],
    ['too long for the client', failureOf(t, url, Prisma.sql`SELECT pg_sleep(10)`, 'postgresql://elsewhere/')],
  ]
  for (const [name, failing] of unavailable) {
    const error = await failing
    t.ok(isDatabaseUnavailable(error), `${name}: ${error}`)
  }
  for (const code of [
    '08000',
    '08001',
    '08003',
    '08004',
    '08006',
    '08007',
    '08P01',
    '26000',
    '28P01',
    '28000',
    '40001',
    '42P05',
    '53300',
    '55P03',
    '57P01',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ]) {
    t.ok(isDatabaseUnavailable(Object.assign(new Error('raw'), { code })), code)
  }
  for (const statement of [Prisma.sql`SELECT 1 / 0`, Prisma.sql`SELECT nothing`]) {
    t.notOk(isDatabaseUnavailable(await failureOf(t, url, statement)), statement.sql)
  }
})

t.test('a value that another row has is told from one that no row may have, whoever asked', async (t) => {
  const service = await startApp(t)
  const { database } = service
  await insertUser(service, nobody, 'Asha', { email: 'asha@example.com' })
  const insert = (email: string) =>
    Prisma.sql`INSERT INTO users (id, email) VALUES (gen_random_uuid(), ${email}) RETURNING id`
  const runners: Record<string, (email: string) => Promise<unknown>> = {
    'a statement past Prisma': (email) => database.run(insert(email)),
    'a statement of Prisma': (email) => database.$queryRaw(insert(email)),
    'a model of Prisma': (email) => database.user.create({ data: { id: crypto.randomUUID(), email } }),
  }
  for (const [name, run] of Object.entries(runners)) {
    const failure = (email: string) =>
      run(email).then(
        () => t.fail('it did not fail'),
        (error: unknown) => error,
      )
    t.ok(isUniqueViolation(await failure('asha@example.com')), `${name}: taken`)
    t.notOk(isUniqueViolation(await failure('Upper@example.com')), `${name}: refused by a check`)
  }
})

t.test('a send and a guess that find no time in the database are told to come again', async (t) => {
  const service = await startApp(t)
  const person = { email: 'asha@example.com' }
  await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`LOCK TABLE otps`
    const answers = [
      service.post('/auth/request-otp', person),
      service.post('/auth/verify-otp', { ...person, otp: '123456' }),
    ]
    for (const { status, body, headers } of await Promise.all(answers)) {
      t.match(
        { status, code: body.code, headers },
        { status: 503, code: 'service_unavailable', headers: { 'retry-after': '2' } },
      )
    }
  })
})

t.test('only where PostgreSQL itself says that it did nothing may a statement be asked again', async (t) => {
  const { url } = await createTestDatabase()
  const refused = (sql: string) => Prisma.sql`DO ${Prisma.raw(`$$BEGIN RAISE SQLSTATE '${sql}'; END$$`)}`
  for (const state of ['22012', '23505', '40001', '40P01', '55P03', '57014'])
    t.equal(isRefusedByPostgres(await failureOf(t, url, refused(state))), true, state)
  for (const state of ['42601', '08P01', '57P01', '25006', 'P0001'])
    t.equal(isRefusedByPostgres(await failureOf(t, url, refused(state))), false, state)
  const ended = await failureOf(t, url, Prisma.sql`SELECT pg_terminate_backend(pg_backend_pid())`)
  t.equal(isRefusedByPostgres(ended), false, 'ended in the middle: nobody knows what was committed')
  const nowhere = await failureOf(t, 'postgresql://postgres@127.0.0.1:1/none', Prisma.sql`SELECT 1`)
  t.equal(isRefusedByPostgres(nowhere), false)
})
