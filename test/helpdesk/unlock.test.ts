// Unlocking: what it gives back and what not, once a day for an identifier, by another admin, whatever happens at the same moment.
import t from 'tap'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp, type TestApp } from '../support/app.js'
import { ageProofs, join, joinAsAdmin, nobody } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

const phone = '+919876543210'
const body = { phonePrefix: '+91', phone: '9876543210' }
const reason = 'Called us'
const settings = { OTP_MAX_FAILURES_PER_DAY: '2', OTP_RESEND_COOLDOWN: '1', OTP_MAX_SENDS_PER_HOUR: '3' }

const guess = async (service: TestApp, otp: string) => (await service.post('/auth/verify-otp', { ...body, otp })).status
const send = async (service: TestApp) => (await service.post('/auth/request-otp', body)).status

/** Somebody who is locked out: by guesses, and by sends. */
async function lockedOut(service: TestApp) {
  const [admin, asha] = [await joinAsAdmin(service), await join(service, phone)]
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await send(service)
  for (const otp of ['000000', '000001']) await guess(service, otp)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  t.equal(await send(service), 429)
  return { admin, asha }
}

t.test('sends and guesses are given back, the code that was under way is over', async (t) => {
  const service = await startApp(t, { settings })
  const { admin, asha } = await lockedOut(service)
  const old = service.lastCode(phone)
  const { body: answer } = await admin.post(`/users/${asha.id}/unlock`, { reason: `  ${reason} ` })
  t.match(answer, { success: true, data: { unlocked: ['phone'] } })
  t.equal(await guess(service, old), 401, 'it takes no more guesses')
  t.match((await admin.get(`/users/${asha.id}/limits`)).body.data, [
    { sends_left_hour: 3, sends_left_day: 10, failures_left: 2, locked_until: null, unlock_allowed_at: String },
  ])
  t.match(await service.database.otp.findMany({ where: { identifier: phone } }), [
    { codeHash: null, codeSeed: null, failures: 0, failuresStartedAt: null },
  ])
  t.equal(await send(service), 200)
  t.equal(await guess(service, service.lastCode(phone)), 200)
  const event = await service.database.authEvent.findFirst({ where: { event: 'authz_admin' } })
  t.match(event, { userId: asha.id, actorId: admin.id, detail: 'unlock phone: Called us' })
})

t.test('counts that are not theirs stay', async (t) => {
  const service = await startApp(t, { settings })
  const { admin, asha } = await lockedOut(service)
  const counters = () => service.database.limitCounter.findMany({ orderBy: { key: 'asc' } })
  const before = await counters()
  await admin.post(`/users/${asha.id}/unlock`, { reason })
  t.strictSame(await counters(), before)
})

t.test('once in 24 hours for an identifier, also of an account that was made anew, and of many at once', async (t) => {
  const service = await startApp(t, { settings })
  const { admin, asha } = await lockedOut(service)
  const unlock = (id: string) => admin.post(`/users/${id}/unlock`, { reason })
  const answers = await Promise.all(Array.from({ length: 8 }, () => unlock(asha.id)))
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  const refused = answers.find(({ status }) => status === 429)
  t.match(refused?.body, {
    code: 'rate_limited',
    retry_after: Number,
    errors: ['Unlocked within the last 24 hours already'],
  })
  t.ok(Number(refused?.body.retry_after) > 86_000)

  await admin.delete(`/users/${asha.id}`)
  await service.database.$executeRaw`DELETE FROM otps`
  await service.database.$executeRaw`DELETE FROM identifier_limits`
  const again = await join(service, phone)
  t.equal((await unlock(again.id)).status, 429, 'the number has had its unlock')
  const email = 'asha@example.com'
  await service.database.user.update({ where: { id: again.id }, data: { email, emailVerifiedAt: new Date() } })
  t.match((await unlock(again.id)).body, { data: { unlocked: ['email'] } }, 'the email has not')
  await service.database.$executeRaw`SET session_replication_role = replica`
  t.equal((await admin.post(`/users/${again.id}/unlock`, { reason, method: 'email' })).status, 429)
})

t.test('not oneself, nobody without a recent proof, no account without that identifier', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, phone)]
  t.match((await admin.post(`/users/${admin.id}/unlock`, { reason })).body, {
    code: 'forbidden',
    errors: [/Another admin/],
  })
  t.match((await asha.post(`/users/${asha.id}/unlock`, { reason })).body, { code: 'forbidden' })
  t.match((await admin.post(`/users/${nobody}/unlock`, { reason })).body, { code: 'not_found' })
  t.match((await admin.post(`/users/${asha.id}/unlock`, { reason, method: 'email' })).body, {
    errors: ['The account has no email'],
  })
  for (const wrong of [
    {},
    { reason: ' ' },
    { reason: 'two\nlines' },
    { reason: 'two\u2028lines' },
    { reason: 'turned \u202e' },
    { reason: 'x'.repeat(161) },
    { reason, method: 'fax' },
  ])
    t.match(
      (await admin.post(`/users/${asha.id}/unlock`, wrong)).body,
      { code: 'validation_failed' },
      encodeURI(JSON.stringify(wrong)),
    )
  await ageProofs(service)
  t.match((await admin.post(`/users/${asha.id}/unlock`, { reason })).body, { code: 'step_up_required' })
})

t.test('it locks codes before users, as sign-ins do', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, phone)]
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('SELECT FROM otps WHERE identifier = $1 FOR UPDATE', [phone])
    const unlocking = admin.post(`/users/${asha.id}/unlock`, { reason })
    await untilBlocked(service)
    await client.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [asha.id])
    await client.query('COMMIT')
    t.equal((await unlocking).status, 200)
  })
})

t.test('while guesses and sends are under way, no guess is lost and nothing waits in a circle', async (t) => {
  const service = await startApp(t, {
    settings: { ...settings, OTP_MAX_FAILURES_PER_DAY: '100', OTP_MAX_SENDS_PER_HOUR: '100' },
  })
  const [admin, asha] = [await joinAsAdmin(service), await join(service, phone)]
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await send(service)
  const all = await Promise.all([
    ...Array.from({ length: 20 }, () => guess(service, '000000')),
    ...Array.from({ length: 10 }, () => send(service)),
    admin.post(`/users/${asha.id}/unlock`, { reason }).then(({ status }) => status),
  ])
  t.ok(
    all.every((status) => [200, 401, 429].includes(status)),
    all.join(),
  )
  t.equal(all.at(-1), 200)
})
