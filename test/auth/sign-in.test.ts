// What happens when signing in breaks half way, or meets somebody else on the way.
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { untilBlocked } from '../users/waiting.js'

const body = { phonePrefix: '+91', phone: '9876543210' }
const to = '+919876543210'

/** Makes every insert into a table fail, as a full disk or a lost constraint would. */
async function breakInserts(service: TestApp, table: string) {
  await service.database.$executeRawUnsafe(`ALTER TABLE ${table} ADD CONSTRAINT broken CHECK (false) NOT VALID`)
  return () => service.database.$executeRawUnsafe(`ALTER TABLE ${table} DROP CONSTRAINT broken`)
}

for (const [table, url, request] of [
  ['users', '/auth/verify-otp', body],
  ['sessions', '/auth/verify-otp', body],
  ['signup_tickets', '/api/auth/verify-otp', { mobile_number: '9876543210' }],
] as const) {
  t.test(`where ${table} cannot be written the code is given back`, async (t) => {
    const service = await startApp(t)
    await service.post('/auth/request-otp', body)
    const otp = service.lastCode(to)
    const mend = await breakInserts(service, table)
    const failed = await service.post(url, { ...request, otp })
    t.match(
      [failed.status, failed.body.code, failed.body.errors],
      [500, 'internal_error', ['Something went wrong on our side']],
    )
    t.notMatch(failed.text, /broken|constraint|sql|prisma/i, 'nothing of the inside')
    await mend()
    t.equal((await service.post(url, { ...request, otp })).status, 200, 'the same code works')
    t.equal((await service.post(url, { ...request, otp })).status, 401, 'once')
  })
}

t.test('where the session of a known user cannot be written the guess is undone as a whole', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', body)
  await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(to) })
  await service.post('/auth/request-otp', body)
  const otp = service.lastCode(to)
  const mend = await breakInserts(service, 'sessions')
  t.equal((await service.post('/auth/verify-otp', { ...body, otp })).status, 500)
  await mend()
  t.match((await service.post('/auth/verify-otp', { ...body, otp })).body, { isNewUser: false })
})

const id = '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10'

/**
 * Another transaction holds the code's row and makes the user before it lets go: the snapshot of our statement, which waits for
 * the row, is older than the user.
 */
async function verifyWhileUserAppears(service: TestApp, disabledAt: Date | null) {
  await service.post('/auth/request-otp', body)
  const otp = service.lastCode(to)
  let answer: ReturnType<TestApp['post']> | undefined
  await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`UPDATE otps SET attempts = attempts`
    answer = service.post('/api/auth/verify-otp', { mobile_number: '9876543210', otp })
    for (let waiting = 0; waiting === 0; ) {
      const [row] = await service.database.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%sign_in_batch(%'`
      waiting = row?.count ?? 0
    }
    await transaction.user.create({ data: { id, phone: to, disabledAt } })
  })
  return answer
}

t.test('a user who appears while the code is checked is found, not called new', async (t) => {
  const service = await startApp(t)
  t.match((await verifyWhileUserAppears(service, null))?.body, { isNewUser: false, user: { id } })
  t.equal(await service.database.signupTicket.count(), 0)
})

t.test('a disabled user who appears meanwhile does not get in', async (t) => {
  const service = await startApp(t)
  t.match(await verifyWhileUserAppears(service, new Date()), { status: 403, body: { code: 'forbidden' } })
  t.equal(await service.database.session.count(), 0)
})

t.test('a device that is revoked while its code is checked is a new one', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', body)
  const { device_token } = (await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(to) })).body
  await service.post('/auth/request-otp', { ...body, device_token })
  const verify = { ...body, device_token, otp: service.lastCode(to) }
  let answer: ReturnType<TestApp['post']> | undefined
  await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`UPDATE otps SET attempts = attempts`
    answer = service.post('/auth/verify-otp', verify)
    await untilBlocked(service)
    await transaction.device.deleteMany()
  })
  t.match(await answer, { status: 200, body: { device_token: /./ } })
  const [{ id } = { id: '' }, ...others] = await service.database.device.findMany()
  t.strictSame(others, [])
  t.match(await service.database.session.findFirst({ orderBy: { id: 'desc' } }), { deviceId: id })
})

t.test('parallel first sign-ins by users who are made elsewhere at the same time end in one user', async (t) => {
  const service = await startApp(t)
  const { UsersService } = await import('../../src/users/service.js')
  const users = new UsersService({ database: service.database })
  const identifier = { method: 'email', identifier: 'asha@example.com' } as const
  const made = await Promise.all(Array.from({ length: 20 }, () => users.createFromIdentifier(identifier, null)))
  t.equal(made.filter(({ isNewUser }) => isNewUser).length, 1)
  t.equal(new Set(made.map(({ user }) => user.id)).size, 1)
})

t.test('a code sent to one identifier does not open another', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', body)
  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  const answer = await service.post('/auth/verify-otp', { email: 'asha@example.com', otp: service.lastCode(to) })
  const same = service.lastCode(to) === service.lastCode('asha@example.com')
  t.equal(answer.status, same ? 200 : 401)
})
