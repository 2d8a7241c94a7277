// Who owns an identifier: what an admin stored lets nobody in, and goes to the first who proves it.
import t from 'tap'
import { UsersService } from '../../src/users/service.js'
import { startApp, type TestApp } from '../support/app.js'
import { insertUser, join, joinAsAdmin, nobody, verify } from './people.js'

const phone = '+919876543210'
const email = 'asha@example.com'

async function claim(service: TestApp, identifiers: object, role = 'USER') {
  const admin = await joinAsAdmin(service)
  const { body } = await admin.post('/users', { ...identifiers, user_name: 'Asha', role })
  return { admin, id: body.data.id as string }
}
const rowOf = (service: TestApp, id: string) => service.database.user.findUnique({ where: { id } })

t.test('an account that waits belongs to the first who proves something of it', async (t) => {
  const service = await startApp(t)
  const { id } = await claim(service, { phone, email })
  t.match(await rowOf(service, id), { phoneVerifiedAt: null, emailVerifiedAt: null })
  const { body } = await verify(service, phone)
  t.match(body, { isNewUser: false, user: { id, user_name: 'Asha', phone, email: null } })
  t.match(await rowOf(service, id), { phoneVerifiedAt: Date, email: null }, 'the other one goes until it is proved')
  t.match(await service.database.authEvent.findFirst({ where: { event: 'user_updated', userId: id } }), {
    detail: 'email removed, not proved',
    identifierHash: null,
  })

  const proved = (await rowOf(service, id))?.phoneVerifiedAt
  await verify(service, phone)
  t.strictSame((await rowOf(service, id))?.phoneVerifiedAt, proved, 'written once')
})

t.test('who proves the other identifier gets an account of their own, and the claim ends', async (t) => {
  const service = await startApp(t)
  const { id } = await claim(service, { phone, email })
  await verify(service, phone)
  // A claim on an account that has an owner: it was moved in beside what was proved elsewhere.
  await service.database.user.update({ where: { id }, data: { email } })
  const { body } = await verify(service, email)
  t.match(body, { isNewUser: true, user: { email, phone: null, user_name: null } })
  t.not(body.user.id, id)
  t.match(await rowOf(service, id), { phone, email: null, emailVerifiedAt: null })
  t.match(await rowOf(service, body.user.id), { emailVerifiedAt: Date, phoneVerifiedAt: null })
})

t.test('the same in the mobile flow: a newcomer signs up', async (t) => {
  const service = await startApp(t)
  const { id } = await claim(service, { phone, email })
  await verify(service, email)
  await service.database.user.update({ where: { id }, data: { phone } })
  const mobile_number = '9876543210'
  const unknown = await service.post('/api/auth/send-otp', { mobile_number, mode: 'login' })
  t.match([unknown.status, unknown.body.code], [404, 'account_not_found'], 'the claim does not lead in')
  await service.post('/api/auth/send-otp', { mobile_number })
  const proof = await service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode(phone) })
  t.match(proof.body, { isNewUser: true, signup_token: String })
  t.match(await rowOf(service, id), { phone: null, email })
  const home = { house_number: '1', street_locality: 'MG Road', city: 'B', state: 'K', pincode: '560001' }
  const form = { mobile_number, user_name: 'Ravi', ...home, signup_token: proof.body.signup_token }
  const { body } = await service.post('/api/auth/signup', form)
  t.match(await rowOf(service, body.user.id), { phone, phoneVerifiedAt: Date, nameKey: 'ravi' })
})

t.test('two people who prove two identifiers of a waiting account at once: one gets it', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  for (let round = 0; round < 5; round += 1) {
    await service.database.user.deleteMany({ where: { id: { not: admin.id } } })
    await service.database.$executeRaw`DELETE FROM otps`
    const { id } = (await admin.post('/users', { phone, email })).body.data
    const bodies = [{ phonePrefix: '+91', phone: '9876543210' }, { email }]
    for (const body of bodies) await service.post('/auth/request-otp', body)
    const codes = [service.lastCode(phone), service.lastCode(email)]
    const answers = await Promise.all(
      bodies.map((body, index) => service.post('/auth/verify-otp', { ...body, otp: codes[index] })),
    )
    t.strictSame(
      answers.map(({ status }) => status),
      [200, 200],
    )
    const ids = answers.map(({ body }) => body.user.id)
    t.equal(ids.filter((each) => each === id).length, 1)
    const kept = await rowOf(service, id)
    t.equal([kept?.phone, kept?.email].filter((each) => each !== null).length, 1, 'with what was proved alone')
    t.equal(new Set(ids).size, 2, 'the other one an account of their own')
  }
})

t.test('what was open before the first proof ends with it', async (t) => {
  const service = await startApp(t)
  const { id } = await claim(service, { phone })
  const later = new Date(Date.now() + 1e6)
  const { session, device } = service.database
  await session.create({ data: { id: nobody, userId: id, expiresAt: later } })
  await device.create({ data: { id: nobody, userId: id, tokenHash: new Uint8Array(32), expiresAt: later } })
  t.equal((await verify(service, phone)).body.user.id, id)
  t.strictSame([await session.count({ where: { userId: id } }), await device.count({ where: { userId: id } })], [1, 1])
  t.strictSame([await session.count({ where: { id: nobody } }), await device.count({ where: { id: nobody } })], [0, 0])
})

t.test('a claim is sent to as to a number that was never verified', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '1' } })
  await claim(service, { phone })
  const sent = () => service.database.limitCounter.count({ where: { key: 'country_sent:IN' } })
  await service.post('/api/auth/send-otp', { mobile_number: '9876543210', mode: 'login' })
  t.equal(await sent(), 1)
  await service.post('/api/auth/verify-otp', { mobile_number: '9876543210', otp: service.lastCode(phone) })
  t.match(await service.database.limitCounter.findFirst({ where: { key: 'country_verified:IN' } }), { count: 1 })
  const again = await service.post('/api/auth/send-otp', { mobile_number: '9876543210', mode: 'login' })
  t.equal(again.status, 200, 'out of the budget of those that were verified')
  t.match(await service.database.limitCounter.findMany({ where: { key: 'country_sent:IN' } }), [{ count: 1 }])
})

t.test('an account that waits but is disabled stays shut', async (t) => {
  const service = await startApp(t)
  const { admin, id } = await claim(service, { phone })
  await admin.patch(`/users/${id}`, { disabled: true })
  t.match(await verify(service, phone), { status: 403, body: { code: 'forbidden' } })
})

t.test('a user whom an admin makes', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const made = await admin.post('/users', {
    phone: '+91 98765-43210',
    email: 'Asha@Example.com',
    user_name: ' Asha ',
    role: 'ADMIN',
  })
  t.match(
    [made.status, made.body.data],
    [201, { phone, email, user_name: 'Asha', mobile_number: '9876543210', role: 'ADMIN' }],
  )
  t.match(await service.database.authEvent.findFirst({ where: { event: 'user_created', actorId: admin.id } }), {
    userId: made.body.data.id,
    detail: 'role ADMIN',
  })
  t.match((await admin.post('/users', { email: 'b@example.com' })).body.data, {
    role: 'USER',
    phone: null,
    user_name: null,
  })
  for (const taken of [{ phone }, { email }, { phone, email: 'new@example.com' }, { phone: '+919876543211', email }]) {
    const { status, body } = await admin.post('/users', taken)
    t.match([status, body.code], [409, 'already_registered'], JSON.stringify(taken))
  }
  const refused: [object | undefined, string][] = [
    [undefined, 'validation_failed'],
    [{}, 'validation_failed'],
    [{ user_name: 'Asha' }, 'validation_failed'],
    [{ phone: '9876543210' }, 'validation_failed'],
    [{ phone: '+9198765' }, 'validation_failed'],
    [{ phone: '+' }, 'validation_failed'],
    [{ phone: '+00000' }, 'validation_failed'],
    [{ phone: '++919876543211' }, 'validation_failed'],
    [{ phone: '+91 98765 43211 ext 5' }, 'validation_failed'],
    [{ phone: '+12015550123' }, 'country_not_supported'],
    [{ phone: '+911123456789' }, 'number_type_not_supported'],
    [{ email: 'no address' }, 'validation_failed'],
    [{ email: 'c@example.com', role: 'ROOT' }, 'validation_failed'],
    [{ email: 'c@example.com', id: nobody }, 'validation_failed'],
    [{ email: 'c@example.com', user_name: 'a\nb' }, 'validation_failed'],
  ]
  for (const [body, code] of refused) {
    const answer = await admin.post('/users', body)
    t.match([answer.status, answer.body.code], [400, code], JSON.stringify(body))
  }
  const asha = await join(service, 'c@example.com')
  t.match(await asha.post('/users', { email: 'eve@example.com', role: 'ADMIN' }), { status: 403 })
  t.equal(await service.database.user.count(), 4)
})

t.test('the name key knows names apart by what people see', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const name = 'ﬁ'.repeat(150)
  t.equal((await admin.patch('/users/me', { user_name: name })).status, 200, 'a key longer than its column is cut')
  t.match(await rowOf(service, admin.id), { nameKey: 'fi'.repeat(100) })
  await insertUser(service, nobody, 'ÉLODIE  Brûlé', { phone })
  t.match(await rowOf(service, nobody), { nameKey: 'élodie brûlé' })
})

t.test('the same for who makes a user of a verified identifier without a request', async (t) => {
  const service = await startApp(t)
  const users = new UsersService({ database: service.database })
  const { id } = await claim(service, { phone, email })
  const first = await users.createFromIdentifier({ method: 'phone', identifier: phone }, 'hi')
  t.match(first, { isNewUser: false, user: { id } }, 'the account waited for it')
  t.match(await rowOf(service, id), { phoneVerifiedAt: Date, email: null }, 'without what nobody had verified')
  await service.database.user.update({ where: { id }, data: { email } })
  const second = await users.createFromIdentifier({ method: 'email', identifier: email }, 'hi')
  t.match(second, { isNewUser: true, user: { email, phone: null } })
  t.match(await rowOf(service, second.user.id), { emailVerifiedAt: Date, locale: 'hi' })
  t.match(await rowOf(service, id), { email: null }, 'nobody had verified it there')
  const again = await users.createFromIdentifier({ method: 'email', identifier: email }, null)
  t.match(again, { isNewUser: false, user: { id: second.user.id } })
  t.strictSame(await users.verifiedIdentifiersOf(id), [phone])
  t.strictSame(await users.verifiedIdentifiersOf(nobody), [])
})
