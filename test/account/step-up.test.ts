// Stepping up: to one's own proven phone or email alone, for this session alone, under the limits of every code.
import t from 'tap'
import { DeliveryRefused } from '../../src/messaging/sender.js'
import { startApp, type TestApp, wrongCode } from '../support/app.js'
import { ageProofs, join, type Person, verify } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

const phone = '+919876543210'
const email = 'asha@example.com'

/** Somebody with a proven phone and a proven email, whose proof is old. */
async function ashaWithBoth(service: TestApp): Promise<Person> {
  const asha = await join(service, phone)
  await service.database.user.update({ where: { id: asha.id }, data: { email, emailVerifiedAt: new Date() } })
  await ageProofs(service)
  return asha
}

const provenUntil = async (service: TestApp, person: Person) => {
  const session = await service.database.session.findFirst({ where: { userId: person.id }, orderBy: { id: 'desc' } })
  return Number(session?.provedAt) + 900_000
}

t.test('a code to the own phone makes the session freshly proven, which refreshing does not', async (t) => {
  const service = await startApp(t)
  const asha = await ashaWithBoth(service)
  t.match((await asha.delete('/users/me')).body, { code: 'step_up_required' })
  const sent = await asha.post('/users/me/step-up')
  t.match(
    [sent.status, sent.body],
    [200, { success: true, data: { method: 'phone', expires_in: 300, resend_after: 30, attempts_allowed: 5 } }],
  )
  t.match(service.messages.at(-1), { to: phone, channel: 'sms', text: /to confirm it is you/ })
  await service.post('/api/auth/refresh', undefined, { cookies: { jwt: asha.token } })
  t.match((await asha.delete('/users/me')).body, { code: 'step_up_required' })

  const verified = await asha.post('/users/me/step-up/verify', { otp: service.lastCode(phone) })
  t.equal(verified.status, 200)
  t.equal(Date.parse(verified.body.data.proven_until), await provenUntil(service, asha))
  t.ok(Date.parse(verified.body.data.proven_until) > Date.now() + 890_000)
  t.match(await service.database.authEvent.findFirst({ where: { detail: 'step_up' } }), {
    event: 'authn_login_success',
    userId: asha.id,
  })
  t.match(await service.database.authEvent.findFirst({ where: { detail: 'otp sms, step_up' } }), { userId: asha.id })
  t.equal((await asha.delete('/users/me')).status, 200)
})

t.test('method says where to; nobody gets a code at what is not proven', async (t) => {
  const service = await startApp(t)
  const asha = await ashaWithBoth(service)
  t.match((await asha.post('/users/me/step-up', { method: 'email' })).body.data, { method: 'email' })
  t.match(service.messages.at(-1), { to: email, channel: 'email' })
  t.equal((await asha.post('/users/me/step-up/verify', { otp: service.lastCode(email) })).status, 200)
  for (const payload of [{ method: 'pigeon' }, { phone }, { method: 'email', email }]) {
    t.equal((await asha.post('/users/me/step-up', payload)).status, 400, JSON.stringify(payload))
  }
  await service.database.user.update({ where: { id: asha.id }, data: { phoneVerifiedAt: null } })
  const count = service.messages.length
  const refused = await asha.post('/users/me/step-up', { method: 'phone' })
  t.match([refused.status, refused.body.errors], [400, ['You have no phone to send a code to']])
  t.match(refused.body.fields, [{ pointer: '/method' }])
  t.equal(service.messages.length, count)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  t.match((await asha.post('/users/me/step-up', {})).body.data, { method: 'email' }, 'the claim is passed over')
})

t.test('a code that nobody asked for, of another purpose, or of another session is wrong', async (t) => {
  const service = await startApp(t)
  const asha = await ashaWithBoth(service)
  const guess = (otp: string) => asha.post('/users/me/step-up/verify', { otp })
  const none = await guess('123456')
  t.match([none.status, none.body.code], [401, 'otp_invalid'])
  t.equal(await service.database.otp.count({ where: { purpose: 'step_up' } }), 0)

  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543210' })
  const signInCode = service.lastCode(phone)
  await asha.post('/users/me/step-up')
  const code = service.lastCode(phone)
  t.equal((await guess(signInCode)).text, none.text, 'a code for signing in')
  t.equal((await guess(wrongCode(code))).text, none.text)
  t.equal(
    (await service.post('/auth/verify-otp', { phonePrefix: '+91', phone: '9876543210', otp: code })).status,
    401,
    'and it signs nobody in',
  )

  const elsewhere = await join(service, phone)
  await ageProofs(service)
  t.equal((await elsewhere.post('/users/me/step-up/verify', { otp: code })).status, 401, 'another session')
  t.equal((await elsewhere.delete('/users/me')).status, 403)
  t.equal((await guess(code)).status, 200)
  t.equal((await elsewhere.delete('/users/me')).status, 403, 'it proves the one session alone')
  t.equal((await guess(code)).text, none.text, 'once')
})

t.test('a code that another session asks for takes the place of the first one', async (t) => {
  const service = await startApp(t)
  const one = await ashaWithBoth(service)
  const other = await join(service, phone)
  await one.post('/users/me/step-up')
  const first = service.lastCode(phone)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await other.post('/users/me/step-up')
  t.equal((await one.post('/users/me/step-up/verify', { otp: first })).status, 401)
  t.equal((await other.post('/users/me/step-up/verify', { otp: service.lastCode(phone) })).status, 200)
})

t.test('the guess is at the code sent last, and at no two at once', async (t) => {
  const service = await startApp(t)
  const asha = await ashaWithBoth(service)
  await asha.post('/users/me/step-up')
  await asha.post('/users/me/step-up', { method: 'email' })
  const guess = (otp: string) => asha.post('/users/me/step-up/verify', { otp })
  t.equal((await guess(service.lastCode(phone))).status, 401)
  t.match(await service.database.otp.findFirst({ where: { purpose: 'step_up', identifier: phone } }), { attempts: 0 })
  t.match(await service.database.otp.findFirst({ where: { purpose: 'step_up', identifier: email } }), { attempts: 1 })
  t.equal((await guess(service.lastCode(email))).status, 200)
})

t.test('wrong guesses count, lock, and lock no sign-in; cooldown and addresses have their limits', async (t) => {
  const service = await startApp(t, { settings: { IP_VERIFY_PER_10_MIN: '8' } })
  const asha = await ashaWithBoth(service)
  const { device_token } = (await verify(service, phone)).body
  t.equal(device_token === undefined, false)
  await ageProofs(service)
  await asha.post('/users/me/step-up')
  const again = await asha.post('/users/me/step-up')
  t.match([again.status, again.body.code, again.headers['retry-after']], [429, 'rate_limited', /^(30|29)$/])
  const code = service.lastCode(phone)
  const guess = (otp: string, more = {}) => asha.post('/users/me/step-up/verify', { otp, ...more })
  for (let count = 0; count < 5; count++) t.equal((await guess(wrongCode(code))).status, 401)
  t.equal((await guess(code)).status, 401, 'five guesses at one code')
  t.match(await service.database.otp.findFirst({ where: { purpose: 'step_up' } }), { failures: 5, attempts: 5 })
  t.equal((await service.database.limitCounter.count({ where: { key: 'guesses' } })) > 0, true, 'guesses in all')
  const limited = await guess(code)
  t.match([limited.status, limited.body.code], [429, 'rate_limited'], 'the address has had its share')
  t.match(await service.database.authEvent.findFirst({ where: { detail: 'verify: address, step_up' } }), {
    event: 'excess_rate_limit_exceeded',
  })

  await service.database
    .$executeRaw`UPDATE otps SET failures = 20, failures_started_at = now(), resend_at = now() WHERE purpose = 'step_up'`
  t.equal((await asha.post('/users/me/step-up')).status, 429, 'twenty a day')
  const inLane = await asha.post('/users/me/step-up', { device_token })
  t.equal(inLane.status, 200, 'the lane of the device is open')
  t.equal((await guess(service.lastCode(phone), { device_token })).status, 200, 'where the address does not count')
  t.match(await service.database.otp.findFirst({ where: { purpose: 'sign_in', lane: '' } }), { failures: 0 })
})

t.test('a session that ends during the guess gets nothing; one of many guesses at once is right', async (t) => {
  const service = await startApp(t)
  const asha = await ashaWithBoth(service)
  await asha.post('/users/me/step-up')
  const otp = service.lastCode(phone)
  const answers = await Promise.all(Array.from({ length: 8 }, () => asha.post('/users/me/step-up/verify', { otp })))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)])

  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await asha.post('/users/me/step-up')
  const code = service.lastCode(phone)
  const waiting = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM otps WHERE purpose = 'step_up' FOR UPDATE`
    const pending = asha.post('/users/me/step-up/verify', { otp: code })
    await untilBlocked(service)
    await transaction.$executeRaw`DELETE FROM sessions WHERE user_id = ${asha.id}::uuid`
    return { pending }
  })
  const ended = await waiting.pending
  t.match([ended.status, ended.body.code], [401, 'unauthorized'])
})

t.test('the echo of development is in the answer, and nowhere else', async (t) => {
  const service = await startApp(t, { settings: { OTP_ECHO: 'true' } })
  const asha = await join(service, phone)
  t.equal((await asha.post('/users/me/step-up')).body.data.otp, service.lastCode(phone))
  t.equal((await asha.post('/users/me/identifiers', { email })).body.data.otp, service.lastCode(email))
})

t.test('what the settings do not allow any more gets no code', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, phone)
  const mailOnly = await startApp(t, { settings: { CHANNELS: 'email' }, databaseUrl: service.config.database.url })
  const headers = { authorization: `Bearer ${asha.token}` }
  const sent = await mailOnly.post('/users/me/step-up', {}, { headers })
  t.match([sent.status, sent.body.errors], [400, ['You have no phone or email to send a code to']])
  t.equal((await mailOnly.post('/users/me/step-up/verify', { otp: '123456' }, { headers })).status, 401)
})

t.test('a failed delivery is told, and a certain one costs nothing', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, phone)
  const headers = { authorization: `Bearer ${asha.token}` }
  const refusing = await startApp(t, {
    databaseUrl: service.config.database.url,
    senders: [
      {
        name: 'no',
        send: async () => {
          throw new DeliveryRefused('no')
        },
      },
    ],
  })
  for (let count = 0; count < 2; count++) {
    const answer = await refusing.post('/users/me/step-up', {}, { headers })
    t.match([answer.status, answer.body.code], [502, 'delivery_failed'])
  }
  t.match(await service.database.identifierLimit.findFirst(), { hourSends: 1, daySends: 1 }, 'that of the sign-in')
})
