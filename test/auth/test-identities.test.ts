// Test identities: a fixed code for reviewers of app stores, and nothing that anybody else could gain by it.
import t, { type Test } from 'tap'
import { ConfigError } from '../../src/config/reader.js'
import { IdentifierParser } from '../../src/identifiers/parser.js'
import { TestIdentities } from '../../src/otp/test-identities.js'
import { startApp, type TestApp, testConfig } from '../support/app.js'
import { createOtp } from '../support/otp.js'
import { join, joinAsAdmin } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

const phone = '+919999900001'
const email = 'reviewer@example.com'
const byPhone = { phonePrefix: '+91', phone: '9999900001' }
const otp = '123456'
const settings = { TEST_OTPS: `${phone}:${otp}@2099-12-31, ${email}:654321@2099-12-31` }

function start(t: Test, more: Record<string, string> = {}) {
  return startApp(t, { settings: { ...settings, ...more } })
}

const send = (service: TestApp, body: object = byPhone) => service.post('/auth/request-otp', body)
const verify = (service: TestApp, code = otp, body: object = byPhone) =>
  service.post('/auth/verify-otp', { ...body, otp: code })

async function guessWrongly(service: TestApp, times: number) {
  for (let guess = 0; guess < times; guess++) await verify(service, '000000')
}

const eventsOf = async ({ database }: TestApp) =>
  (await database.authEvent.findMany({ orderBy: { id: 'asc' } })).map(({ event, detail }) => `${event}: ${detail}`)

t.test('the fixed code signs in, in both flows, and no message goes out', async (t) => {
  const service = await start(t)
  t.strictSame((await send(service)).body, {
    message: 'OTP sent',
    expires_in: 300,
    resend_after: 0,
    attempts_allowed: 5,
  })
  t.match(await verify(service), { status: 200, body: { isNewUser: true, user: { phone } } })
  t.equal((await verify(service)).status, 401, 'once for each send')
  await service.post('/api/auth/send-otp', { mobile_number: '9999900001', mode: 'login' })
  t.equal((await service.post('/api/auth/verify-otp', { mobile_number: '9999900001', otp })).status, 200)
  await send(service, { email })
  t.equal((await verify(service, '654321', { email })).status, 200, 'by email')
  t.strictSame(service.messages, [])
  t.strictSame((await eventsOf(service)).slice(0, 5), [
    'authn_token_created: otp sms, test identity',
    'user_created: null',
    'authn_login_success: newcomer, test identity',
    'authn_login_fail: null',
    'authn_token_created: otp sms, test identity',
  ])
})

t.test('without a send the fixed code opens nothing', async (t) => {
  const service = await start(t)
  t.equal((await verify(service)).status, 401)
})

t.test('no cooldown and no count of sends: a pipeline asks as often as it likes', async (t) => {
  const service = await start(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(service)))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(await service.database.identifierLimit.count(), 0)
  t.equal((await verify(service)).status, 200)
})

t.test('the limits of the address hold', async (t) => {
  const service = await start(t, { IP_SEND_PER_HOUR: '2', IP_VERIFY_PER_10_MIN: '2' })
  const statuses = []
  for (let round = 0; round < 3; round++) statuses.push((await send(service)).status, (await verify(service)).status)
  t.strictSame(statuses, [200, 200, 200, 200, 429, 429])
})

t.test('no budget of SMS is spent and no breaker told, neither by a send nor by a first sign-in', async (t) => {
  const service = await start(t, { SMS_BUDGET_PER_HOUR: '1' })
  for (let round = 0; round < 3; round++) t.equal((await send(service)).status, 200)
  t.equal((await verify(service)).status, 200)
  const keys = (await service.database.limitCounter.findMany()).map(({ key }) => key)
  t.strictSame(
    keys.filter((key) => /^(sms|country)_/.test(key)),
    [],
  )
})

t.test('five guesses a code, twenty wrong ones a day, whatever the number of sends', async (t) => {
  const service = await start(t)
  await send(service)
  await guessWrongly(service, 3)
  t.equal((await send(service)).body.attempts_allowed, 2, 'another send is the same code')
  await guessWrongly(service, 2)
  t.equal((await verify(service)).status, 401, 'used up')
  for (let round = 0; round < 3; round++) {
    t.equal((await send(service)).body.attempts_allowed, 5)
    await guessWrongly(service, 6)
  }
  t.match(await service.database.otp.findFirst(), { failures: 20 })
  const refused = await send(service)
  t.match(refused, { status: 429, body: { code: 'rate_limited' } })
  t.ok(refused.body.retry_after > 86_300 && refused.body.retry_after <= 86_400)
  t.equal((await verify(service)).status, 401)
  await service.database.$executeRaw`UPDATE otps SET failures_started_at = now() - interval '24 hours'`
  await send(service)
  t.equal((await verify(service)).status, 200, 'the next day')
})

t.test('an admin is not signed in: the answer is that of a wrong code, and the event says why', async (t) => {
  const service = await start(t)
  const { database } = service
  await send(service)
  await verify(service)
  await database.user.updateMany({ data: { role: 'ADMIN' } })
  const sent = await send(service)
  const refused = await verify(service)
  const wrong = await verify(service, '000000')
  t.strictSame([refused.status, refused.text], [401, wrong.text])
  t.match(sent, { status: 200 })
  t.match(await database.otp.findFirst(), { attempts: 2, failures: 2 }, 'counted like any other guess')
  t.equal(await database.session.count(), 1)
  t.strictSame((await eventsOf(service)).slice(-2), [
    'authn_login_fail: admin, test identity',
    'authn_login_fail: test identity',
  ])
  await database.user.updateMany({ data: { role: 'USER' } })
  t.equal((await verify(service)).status, 200)
})

t.test('a replica that knows of no test identity refuses an admin all the same', async (t) => {
  const service = await start(t)
  await send(service)
  await verify(service)
  await service.database.user.updateMany({ data: { role: 'ADMIN' } })
  await send(service)
  const other = await startApp(t, { databaseUrl: service.config.database.url })
  t.equal((await verify(other)).status, 401)
})

t.test('login mode: unknown is told, strict hides it, as with everybody', async (t) => {
  const body = { mobile_number: '9999900001', mode: 'login' }
  const service = await start(t)
  t.match(await service.post('/api/auth/send-otp', body), { status: 404, body: { needs_signup: true } })
  t.equal((await verify(service)).status, 401)
  const strict = await start(t, { ACCOUNT_DISCLOSURE: 'strict' })
  t.equal((await strict.post('/api/auth/send-otp', body)).status, 200)
  t.equal((await verify(strict)).status, 401, 'a row without a code')
  await send(strict)
  await verify(strict)
  t.equal((await strict.post('/api/auth/send-otp', body)).status, 200)
  t.equal((await verify(strict)).status, 200)
  t.strictSame(strict.messages, [])
})

t.test('no other purpose takes the fixed code', async (t) => {
  const service = await start(t)
  await send(service)
  const identifiers = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms'] })
  const { testCodes } = testConfig(settings).otp
  const testIdentities = new TestIdentities({
    testCodes: testCodes.slice(0, 1),
    identifiers,
    onEnded: () => t.fail(),
  })
  const { database, config } = service
  const codes = createOtp({ database, url: config.database.url, settings: config.otp, testIdentities })
  const identifier = { method: 'phone', identifier: phone } as const
  for (const purpose of ['step_up', 'change_identifier'] as const) {
    const issued = await codes.issue({ purpose, identifier })
    t.match(issued, { outcome: 'issued', resendAfter: 30 }, 'a code like any other')
    if (issued.outcome === 'issued' && issued.code !== otp)
      t.equal(await codes.verify({ purpose, identifier }, otp), false)
    t.equal((await codes.issue({ purpose, identifier })).outcome, 'refused', 'with a cooldown')
  }
  t.equal(await codes.verify({ purpose: 'sign_in', identifier }, otp), false, 'and only signing in takes it')
})

t.test('the fixed code ends with its last day, by the clock of the database', async (t) => {
  const now = new Date()
  const day = now.toISOString().slice(0, 10)
  const service = await start(t, { TEST_OTPS: `${phone}:${otp}@${day}`, OTP_TTL: '600' })
  await send(service)
  const [row] = await service.database.$queryRaw<{ ends: Date }[]>`SELECT expires_at AS ends FROM otps`
  const endOfDay = Date.parse(`${day}T00:00:00Z`) + 86_400_000
  t.ok((row?.ends.getTime() ?? Number.NaN) <= endOfDay)
  t.match(service.config.otp.testCodes, [{ endsAt: new Date(endOfDay) }], 'the whole of it counts')
})

t.test('after its last day it is an identifier like any other, and the start says so', async (t) => {
  const service = await start(t, { TEST_OTPS: `${phone}:${otp}@2020-01-31` })
  t.match(service.logged(), /"level":"?(40|warn)"?.*TEST_OTPS names test identities whose last day is over/)
  t.notMatch(service.logged(), /99999/)
  t.match(await send(service), { status: 200, body: { resend_after: 30 } })
  t.equal(service.messages.length, 1)
  const { code = '' } = service.messages[0] ?? {}
  if (code !== otp) t.equal((await verify(service)).status, 401)
  t.equal((await verify(service, code)).status, 200)
})

t.test('a fixed code that is still live gives way to the first ordinary one', async (t) => {
  const service = await start(t)
  await send(service)
  const later = await startApp(t, { databaseUrl: service.config.database.url })
  t.match(await send(later), { status: 200, body: { attempts_allowed: 5 } })
  const { code = '' } = later.messages[0] ?? {}
  if (code !== otp) t.equal((await verify(later)).status, 401)
  t.equal((await verify(later, code)).status, 200)
})

t.test('an identifier that could not sign in here stops the start, and its value is not printed', async (t) => {
  const identifiers = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms', 'email'] })
  const smsOnly = new IdentifierParser({ defaultCountry: 'IN', countries: ['IN'], channels: ['sms'] })
  const refused = [
    '+91 9999900001',
    '+9109999900001',
    '+14155552671',
    '+911123456789',
    '+000',
    '9999900001',
    'Reviewer@example.com',
    'reviewer',
  ]
  const make = (identifier: string, parser = identifiers) => {
    const testCodes = [{ identifier, code: otp, endsAt: new Date('2099-01-01') }]
    return new TestIdentities({ testCodes, identifiers: parser, onEnded: () => t.fail() })
  }
  for (const identifier of refused) {
    t.throws(() => make(identifier), { name: 'ConfigError', message: /^TEST_OTPS names an identifier/ }, identifier)
  }
  t.throws(() => make(email, smsOnly), ConfigError)
  t.match(make(email).codeOf({ identifier: email }), { code: otp })
  t.equal(make(email).codeOf({ identifier: 'other@example.com' }), undefined)
  const failed = start(t, { TEST_OTPS: `Reviewer@example.com:${otp}@2099-12-31` })
  const { message } = await failed.then(
    () => new Error('it started'),
    (error: Error) => error,
  )
  t.match(message, /^TEST_OTPS /)
  t.notMatch(message, /Reviewer|123456/)
})

t.test('a session of a fixed code is no recent proof, and ends when its user becomes an admin', async (t) => {
  const service = await start(t)
  await send(service)
  const { token, user } = (await verify(service)).body
  const authorized = { headers: { authorization: `Bearer ${token}` } }
  t.equal((await service.get('/users/me', authorized)).status, 200)
  t.match(await service.get('/users/me/export', authorized), { status: 403, body: { code: 'step_up_required' } })

  const later = await startApp(t, { databaseUrl: service.config.database.url })
  const admin = await joinAsAdmin(later, 'admin@example.com')
  t.equal((await admin.patch(`/users/${user.id}`, { role: 'ADMIN' })).status, 200, 'once the setting is gone')
  t.equal((await service.get('/users/me', authorized)).status, 401)
  t.equal((await admin.get('/users/me')).status, 200, 'other sessions go on')
})

t.test('a session that a fixed code opens while its user becomes an admin ends at once', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const admin = await joinAsAdmin(service, 'admin@example.com')
  const user = await join(service, email)
  const id = '01890000-0000-7000-8000-000000000001'
  const promotion = await database.$transaction(async (signingIn) => {
    await signingIn.$queryRaw`SELECT id FROM users WHERE id = ${user.id}::uuid FOR NO KEY UPDATE`
    const waiting = admin.patch(`/users/${user.id}`, { role: 'ADMIN' })
    await untilBlocked(service)
    const expiresAt = new Date(Date.now() + 60_000)
    await signingIn.session.create({ data: { id, userId: user.id, expiresAt, byTestCode: true } })
    return { waiting }
  })
  t.match(await promotion.waiting, { status: 200, body: { data: { role: 'ADMIN' } } })
  t.equal(await database.session.count({ where: { byTestCode: true } }), 0)
  t.equal((await user.get('/users/me')).status, 200, 'the session of a real code goes on')
})

t.test('nobody with a fixed code becomes an admin: neither by the one nor by another identifier', async (t) => {
  const service = await start(t, { TEST_OTPS: `${phone}:${otp}@2099-12-31,${email}:654321@2020-01-31` })
  const { database } = service
  const admin = await joinAsAdmin(service, 'admin@example.com')
  const refused = {
    status: 403,
    body: { code: 'forbidden', errors: ['A fixed test code is configured for this account'] },
  }
  for (const identifiers of [{ phone }, { email }, { phone, email: 'other@example.com' }]) {
    t.match(await admin.post('/users', { ...identifiers, role: 'ADMIN' }), refused, 'made as one')
    const made = await admin.post('/users', identifiers)
    t.equal(made.status, 201)
    const { id } = made.body.data
    t.match(await admin.patch(`/users/${id}`, { role: 'ADMIN', user_name: 'Eve' }), refused, 'promoted')
    t.match(await database.user.findUnique({ where: { id } }), { role: 'USER', userName: null })
    t.equal((await admin.patch(`/users/${id}`, { role: 'USER', user_name: 'Eve' })).status, 200)
    await database.user.update({ where: { id }, data: { role: 'ADMIN' } })
    t.equal((await admin.patch(`/users/${id}`, { role: 'ADMIN' })).status, 200, 'who is one stays one')
    t.equal((await admin.delete(`/users/${id}`)).status, 200)
  }
  t.equal(await database.authEvent.count({ where: { event: 'authz_change' } }), 0)
})

t.test('whoever becomes an admin while a fixed code is checked is not signed in by it', async (t) => {
  const service = await start(t)
  await send(service)
  const { user } = (await verify(service)).body
  await send(service)
  const pending = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`UPDATE users SET user_name = 'Asha', role = 'ADMIN' WHERE id = ${user.id}::uuid`
    const waiting = verify(service)
    await untilBlocked(service)
    return { waiting }
  })
  t.equal((await pending.waiting).status, 401)
  t.equal((await eventsOf(service)).at(-1), 'authn_login_fail: admin, test identity')
})
