// Identifiers that may have gone to somebody else (RECYCLE_AFTER): the account's other one is asked for too, and who has today what was
// somebody's before gets an account of their own once that one had its time to object.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { createCleanupTasks } from '../../src/cleanup-tasks.js'
import { cleanUp } from '../../src/operations/cleanup.js'
import { change, email, fresh, noticesOf, old } from '../account/own-identifiers.js'
import { type Answer, startApp, type TestApp, wrongCode } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { join, type Person, verify } from '../users/people.js'

const settings = { RECYCLE_AFTER: '180d' }
const hours = 3_600
const bodyOf = (identifier: string) =>
  identifier.includes('@') ? { email: identifier } : { phonePrefix: '+91', phone: identifier.replace('+91', '') }
const asked = { status: 403, body: { code: 'second_proof_required', recycle_token: String } }

/** As if nothing had happened for so many days. */
function age(service: TestApp, method: 'phone' | 'email', days = 181) {
  const used = new Date(Date.now() - days * 86_400_000)
  return service.database.user.updateMany({
    data:
      method === 'phone' ? { phoneUsedAt: used, phoneVerifiedAt: used } : { emailUsedAt: used, emailVerifiedAt: used },
  })
}

const started = startApp(t, { settings })

/** Somebody with a proven phone and email, who has not used the phone for long; nobody else is there. */
async function joinWithBoth() {
  const service = await started
  await service.database.user.deleteMany()
  await service.database.otp.deleteMany()
  await service.database.limitCounter.deleteMany()
  const asha = await join(service, old)
  service.messages.length = 0
  await change(service, asha, email)
  while (noticesOf(service).length === 0) await setImmediate()
  service.messages.length = 0
  await age(service, 'phone')
  return { service, asha }
}

/** Verifies with a token of the proof before. */
async function verifyToo(service: TestApp, identifier: string, recycle_token: string): Promise<Answer> {
  await forgetSends(service.database)
  await service.post('/auth/request-otp', bodyOf(identifier))
  const body = { ...bodyOf(identifier), otp: service.lastCode(identifier), recycle_token }
  return service.post('/auth/verify-otp', body)
}

async function askForNewAccount(service: TestApp, identifier = old): Promise<Answer> {
  const { body } = await verify(service, identifier)
  return service.post('/auth/new-account', { recycle_token: body.recycle_token })
}

/** As if it had been asked for so many hours ago, and all before it had been as long before. */
function moveAsked(service: TestApp, ago: number) {
  return service.database.$executeRaw`
    UPDATE users u SET leaving_since = leaving_since - x.by, phone_used_at = phone_used_at - x.by,
      phone_verified_at = phone_verified_at - x.by, email_used_at = email_used_at - x.by, email_verified_at = email_verified_at - x.by
    FROM (SELECT id, leaving_since - now() + make_interval(hours => ${ago}::int) AS by FROM users) AS x
    WHERE x.id = u.id AND u.leaving_since IS NOT NULL`
}

const userOf = ({ database }: TestApp, { id }: Pick<Person, 'id'>) => database.user.findUniqueOrThrow({ where: { id } })

t.test('the owner proves both, in either order and in both flows, and is known again', async (t) => {
  const { service, asha } = await joinWithBoth()
  const first = await verify(service, old)
  t.match(first, asked)
  t.notMatch(first.text, /asha@|reason|retry_after|"user"|"token"/, 'the answer tells nothing of the account')
  t.strictSame(first.cookies, [])
  const second = await verifyToo(service, email, first.body.recycle_token)
  t.match(second, { status: 200, body: { isNewUser: false, user: { id: asha.id } } })
  t.match(await verify(service, old), { status: 200, body: { user: { id: asha.id } } }, 'the phone counts as used')

  await age(service, 'phone')
  await age(service, 'email')
  const mail = await verify(service, email)
  t.match(mail, asked)
  await forgetSends(service.database)
  await service.post('/api/auth/send-otp', { mobile_number: old.slice(3) })
  const form = { mobile_number: old.slice(3), otp: service.lastCode(old) }
  const both = { ...form, recycle_token: mail.body.recycle_token }
  t.match(await service.post('/api/auth/verify-otp', both), { status: 200, body: { user: { id: asha.id } } })
  t.equal((await verify(service, email)).status, 200)

  await age(service, 'phone')
  await forgetSends(service.database)
  await service.post('/api/auth/send-otp', { mobile_number: old.slice(3) })
  t.match(await service.post('/api/auth/verify-otp', { ...form, otp: service.lastCode(old) }), asked)
})

t.test('being asked for the other one counts once on the address', async (t) => {
  const { service } = await joinWithBoth()
  await service.database.limitCounter.deleteMany()
  t.match(await verify(service, old), asked)
  t.match(await service.database.limitCounter.findMany({ where: { key: { startsWith: 'verify_ip:' } } }), [
    { count: 1 },
  ])
})

t.test('a token stands for its identifier, of its account, once and for ten minutes', async (t) => {
  const { service } = await joinWithBoth()
  const token = async () => (await verify(service, old)).body.recycle_token
  t.match(await verifyToo(service, old, await token()), asked, 'not for the other one of what it proves')

  await age(service, 'email')
  const used = await token()
  t.equal((await verifyToo(service, email, used)).status, 200)
  await age(service, 'email')
  await age(service, 'phone')
  t.match(await verifyToo(service, email, used), asked, 'once')

  const over = await token()
  await service.database.recycleTicket.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } })
  t.match(await verifyToo(service, email, over), asked, 'ten minutes')
  t.match(await service.post('/auth/new-account', { recycle_token: over }), { status: 403 })

  const ravi = await join(service, 'ravi@example.com')
  await change(service, ravi, fresh)
  await age(service, 'email')
  await age(service, 'phone')
  t.match(await verifyToo(service, 'ravi@example.com', await token()), asked, 'no other account')
  const ofRavi = (await verify(service, fresh)).body.recycle_token
  await service.database.user.update({ where: { id: ravi.id }, data: { phone: '+919876543219' } })
  t.match(await verifyToo(service, 'ravi@example.com', ofRavi), asked, 'what the account has no more')
  t.match(await service.post('/auth/new-account', { recycle_token: ofRavi }), {
    body: { code: 'verification_required' },
  })
})

t.test('guesses count as ever, and the code is spent', async (t) => {
  const { service } = await joinWithBoth()
  await service.post('/auth/request-otp', bodyOf(old))
  const otp = service.lastCode(old)
  t.match(await service.post('/auth/verify-otp', { ...bodyOf(old), otp: wrongCode(otp) }), { status: 401 })
  const [code] = await service.database.otp.findMany({ where: { identifier: old, purpose: 'sign_in', lane: '' } })
  t.match(code, { attempts: 1, failures: 1 })
  const both = await Promise.all([1, 2].map(() => service.post('/auth/verify-otp', { ...bodyOf(old), otp })))
  t.strictSame(both.map(({ status }) => status).sort(), [401, 403], 'one of two at once')
  t.match(await service.post('/auth/verify-otp', { ...bodyOf(old), otp }), { status: 401 })
  t.equal(await service.database.recycleTicket.count(), 1)
  t.equal(await service.database.session.count(), 1, 'nobody is in')
})

t.test('whoever has the number today gets an account of their own after 72 hours', async (t) => {
  const { service, asha } = await joinWithBoth()
  const { body } = await verify(service, old)
  const tries = await Promise.all(
    [1, 2].map(() => service.post('/auth/new-account', body && { recycle_token: body.recycle_token })),
  )
  t.strictSame(tries.map(({ status }) => status).sort(), [202, 403], 'a token is good once')
  t.match(tries.find(({ status }) => status === 202)?.body, { success: true, retry_after: 72 * hours })
  while (noticesOf(service).length === 0) await setImmediate()
  t.match(noticesOf(service), [/^asha@example\.com: Latchkey: your other phone or email leaves your account in 3 days/])

  await moveAsked(service, 71)
  const waiting = await verify(service, old)
  t.match(waiting, { status: 403, body: { code: 'second_proof_required', reason: 'new_account_asked_for' } })
  t.ok(waiting.body.retry_after > 3_590 && waiting.body.retry_after <= 3_600)
  t.equal(waiting.headers['retry-after'], String(waiting.body.retry_after))
  const again = await service.post('/auth/new-account', { recycle_token: waiting.body.recycle_token })
  t.ok(again.status === 202 && again.body.retry_after <= 3_600, 'asking again begins nothing anew')
  t.equal(noticesOf(service).length, 1)
  t.strictSame(await cleanUp({ leaving: (most) => recycled(service, most) }), { leaving: 0 }, 'too early')

  await moveAsked(service, 72)
  const own = await verify(service, old)
  t.match(own, { status: 200, body: { isNewUser: true, user: { phone: old, email: null } } })
  t.not(own.body.user.id, asha.id)
  t.match(await userOf(service, asha), { phone: null, phoneVerifiedAt: null, email, leaving: null, leavingSince: null })
  t.match(await verify(service, email), { status: 200, body: { user: { id: asha.id, phone: null } } })
  t.equal((await asha.get('/api/auth/me')).status, 200, 'who was in stays in')
  const trail = await service.database.authEvent.findMany({ where: { userId: asha.id, event: 'user_updated' } })
  t.match(
    trail.map(({ detail }) => detail),
    ['email added', 'phone is leaving', 'phone removed, recycled'],
  )
})

const recycled = ({ database }: TestApp, most: number) =>
  createCleanupTasks(database, 90 * 86_400, 1)['recycled_identifiers']?.(most) ?? Promise.resolve(-1)

t.test('the cleanup takes it off too, and the mobile flow then asks for a form', async (t) => {
  const { service, asha } = await joinWithBoth()
  t.equal((await askForNewAccount(service)).status, 202)
  await moveAsked(service, 73)
  const gone = await Promise.all([recycled(service, 10), recycled(service, 10)])
  t.equal(Math.max(...gone), 1)
  t.match(await userOf(service, asha), { phone: null, email })
  await forgetSends(service.database)
  await service.post('/api/auth/send-otp', { mobile_number: old.slice(3) })
  const form = { mobile_number: old.slice(3), otp: service.lastCode(old) }
  t.match(await service.post('/api/auth/verify-otp', form), { body: { isNewUser: true, signup_token: String } })
})

t.test('an email leaves in the same way', async (t) => {
  const { service, asha } = await joinWithBoth()
  await verifyToo(service, email, (await verify(service, old)).body.recycle_token)
  await age(service, 'email')
  t.equal((await askForNewAccount(service, email)).status, 202)
  await moveAsked(service, 73)
  t.equal(await recycled(service, 10), 1)
  t.match(await userOf(service, asha), { phone: old, email: null, emailVerifiedAt: null })
})

t.test('the owner who signs in, steps up or changes the other one keeps both', async (t) => {
  const { service, asha } = await joinWithBoth()
  const owner: Record<string, () => Promise<unknown>> = {
    'signs in by the other one': () => verify(service, email),
    'steps up by it': async () => {
      await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
      await asha.post('/users/me/step-up', { method: 'email' })
      t.equal((await asha.post('/users/me/step-up/verify', { otp: service.lastCode(email) })).status, 200)
    },
    'proves both': async () => verifyToo(service, email, (await verify(service, old)).body.recycle_token),
    'takes another email': () => change(service, asha, 'asha@example.org'),
  }
  for (const [what, act] of Object.entries(owner)) {
    await age(service, 'phone')
    await forgetSends(service.database)
    await service.database.$executeRaw`DELETE FROM limit_counters`
    t.equal((await askForNewAccount(service)).status, 202, what)
    await act()
    await moveAsked(service, 80)
    await recycled(service, 10)
    t.match(await userOf(service, asha), { phone: old, leaving: null }, what)
  }
  await age(service, 'phone')
  t.match(await verify(service, old), asked, 'the phone waits for its own proof')
})

t.test('a proof of the other one at the same moment decides, or the cleanup does', async (t) => {
  const { service, asha } = await joinWithBoth()
  await askForNewAccount(service)
  await moveAsked(service, 73)
  await forgetSends(service.database)
  for (const identifier of [old, email]) await service.post('/auth/request-otp', bodyOf(identifier))
  const [byPhone, byEmail] = await Promise.all([
    ...[old, email].map((identifier) =>
      service.post('/auth/verify-otp', { ...bodyOf(identifier), otp: service.lastCode(identifier) }),
    ),
    recycled(service, 10),
  ])
  t.match(byEmail, { status: 200, body: { user: { id: asha.id } } })
  const isFree = (await userOf(service, asha)).phone === null
  t.match(byPhone, isFree ? { status: 200, body: { isNewUser: true } } : asked)
})

t.test('who is asked for nothing', async (t) => {
  const { service, asha } = await joinWithBoth()
  await age(service, 'phone', 179)
  t.equal((await verify(service, old)).status, 200, 'who used it since')

  await age(service, 'phone')
  await service.database.user.updateMany({ data: { emailVerifiedAt: null } })
  t.equal((await verify(service, old)).status, 200, 'whose other one is a claim')
  await service.database.user.updateMany({ data: { emailVerifiedAt: new Date() } })

  await age(service, 'phone')
  const databaseUrl = service.config.database.url
  const off = await startApp(t, { databaseUrl })
  t.equal((await verify(off, old)).status, 200, 'where the setting is off')
  t.match(await userOf(service, asha), { phoneUsedAt: { getTime: Function } })
  t.equal((await verify(service, old)).status, 200, 'and that counts as a use')

  await age(service, 'phone')
  const phoneOnly = await startApp(t, { databaseUrl, settings: { ...settings, CHANNELS: 'sms' } })
  t.equal((await verify(phoneOnly, old)).status, 200, 'where no message goes to the other one')

  await age(service, 'phone')
  const reviewed = await startApp(t, { databaseUrl, settings: { ...settings, TEST_OTPS: `${old}:123456@2099-01-31` } })
  await service.database.otp.deleteMany()
  await reviewed.post('/auth/request-otp', bodyOf(old))
  t.equal((await reviewed.post('/auth/verify-otp', { ...bodyOf(old), otp: '123456' })).status, 200, 'a fixed code')
  await service.database.otp.deleteMany()
  t.match(await verify(service, old), asked, 'which is no use of the phone')
})

t.test('a fixed code proves nothing: no token, nothing kept, nothing freed', async (t) => {
  const { service, asha } = await joinWithBoth()
  const databaseUrl = service.config.database.url
  const reviewed = await startApp(t, {
    databaseUrl,
    settings: { ...settings, TEST_OTPS: `${email}:123456@2099-01-31` },
  })
  const { body } = await verify(service, old)
  await service.database.otp.deleteMany()
  await reviewed.post('/auth/request-otp', { email })
  const fixed = { email, otp: '123456', recycle_token: body.recycle_token }
  t.equal((await reviewed.post('/auth/verify-otp', fixed)).status, 200)
  t.match(await verify(service, old), asked, 'the phone is where it was')
  t.equal((await service.post('/auth/new-account', { recycle_token: body.recycle_token })).status, 202)
  await reviewed.post('/auth/request-otp', { email })
  t.equal((await reviewed.post('/auth/verify-otp', { email, otp: '123456' })).status, 200)
  t.match(await userOf(service, asha), { leaving: old }, 'who types it is not the owner')
})

t.test('disabled accounts keep what they have, and admins are asked as everybody is', async (t) => {
  const { service, asha } = await joinWithBoth()
  await service.database.user.update({ where: { id: asha.id }, data: { role: 'ADMIN' } })
  const early = (await verify(service, old)).body.recycle_token
  t.equal((await askForNewAccount(service)).status, 202)
  await moveAsked(service, 73)
  await service.database.user.update({ where: { id: asha.id }, data: { disabledAt: new Date() } })
  t.match(await verify(service, old), { status: 403, body: { code: 'forbidden' } })
  t.match(await service.post('/auth/new-account', { recycle_token: early }), {
    body: { code: 'verification_required' },
  })
  t.equal(await recycled(service, 10), 1)
  t.match(await userOf(service, asha), { phone: old, leaving: null })

  await service.database.user.update({ where: { id: asha.id }, data: { disabledAt: null } })
  t.equal((await askForNewAccount(service)).status, 202)
  await moveAsked(service, 73)
  t.match(await verify(service, old), { status: 200, body: { isNewUser: true, user: { role: 'USER' } } })
  t.match(await userOf(service, asha), { role: 'ADMIN', phone: null, email })
})

t.test('asking has its limits, and is of one identifier at a time', async (t) => {
  const { service, asha } = await joinWithBoth()
  await age(service, 'email')
  const token = (await verify(service, email)).body.recycle_token
  for (let time = 1; time <= 3; time++) {
    t.equal((await askForNewAccount(service)).status, 202)
    await service.database.user.updateMany({ data: { leaving: null, leavingSince: null } })
  }
  const { status, body } = await askForNewAccount(service)
  t.match([status, body.code], [429, 'rate_limited'])
  t.ok(body.retry_after > 0 && body.retry_after <= 86_400)

  await service.database.user.update({ where: { id: asha.id }, data: { leaving: old, leavingSince: new Date() } })
  t.match(
    await service.post('/auth/new-account', { recycle_token: token }),
    { status: 429 },
    'the other one is leaving',
  )
  const alone = (await verify(service, old)).body.recycle_token
  await service.database.user.updateMany({ data: { leaving: null, emailVerifiedAt: null } })
  t.match(await service.post('/auth/new-account', { recycle_token: alone }), { status: 403 }, 'the last proven one')
  await service.database.user.updateMany({ data: { emailVerifiedAt: new Date(0), leaving: null } })
  const late = (await verify(service, old)).body.recycle_token
  await service.database.user.updateMany({ data: { phoneUsedAt: new Date(Date.now() + 1_000) } })
  t.match(
    await service.post('/auth/new-account', { recycle_token: late }),
    { status: 403 },
    'its owner was there since',
  )
  const off = await startApp(t, { databaseUrl: service.config.database.url })
  const unknown = await off.post('/auth/new-account', { recycle_token: 'x' })
  t.match(unknown, { status: 403, body: { code: 'verification_required' } })
})

t.test('strict mode tells no more, and where nothing goes to the other one any more nothing is sent', async (t) => {
  const { service } = await joinWithBoth()
  const databaseUrl = service.config.database.url
  const strict = await startApp(t, { databaseUrl, settings: { ...settings, ACCOUNT_DISCLOSURE: 'strict' } })
  await forgetSends(service.database)
  await strict.post('/auth/request-otp', bodyOf(old))
  while (strict.lastCode(old) === 'no message') await setImmediate()
  const { body } = await strict.post('/auth/verify-otp', { ...bodyOf(old), otp: strict.lastCode(old) })
  t.equal(body.code, 'second_proof_required')
  const phoneOnly = await startApp(t, { databaseUrl, settings: { ...settings, CHANNELS: 'sms' } })
  await service.database.user.updateMany({ data: { locale: 'de' } })
  t.equal((await phoneOnly.post('/auth/new-account', { recycle_token: body.recycle_token })).status, 202)
  await phoneOnly.app.close()
  t.strictSame(noticesOf(phoneOnly), [])
})

t.test('the notice is in the language of the account', async (t) => {
  const { service } = await joinWithBoth()
  await service.database.user.updateMany({ data: { locale: 'de' } })
  await askForNewAccount(service)
  while (noticesOf(service).length === 0) await setImmediate()
  t.match(noticesOf(service), [/^asha@example\.com: Latchkey: Ihre andere Nummer/])
})

t.test('a use is written once a day, for stepping up as well', async (t) => {
  const { service, asha } = await joinWithBoth()
  const usedAt = async () => (await userOf(service, asha)).phoneUsedAt.getTime()
  await age(service, 'phone', 0.5)
  const before = await usedAt()
  await verify(service, old)
  t.equal(await usedAt(), before)
  await age(service, 'phone', 2)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await asha.post('/users/me/step-up')
  t.equal((await asha.post('/users/me/step-up/verify', { otp: service.lastCode(old) })).status, 200)
  t.ok((await usedAt()) > before)
})
