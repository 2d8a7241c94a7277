// A sign-in on a device that is not known is told to the account's other identifier: whoever got somebody's former number comes in by it.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { change, email, noticesOf, old } from '../account/own-identifiers.js'
import { startApp, type TestApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { join, verify } from '../users/people.js'

const phone = { phonePrefix: '+91', phone: old.replace('+91', '') }

/** Somebody with a proven phone and email. */
async function joinWithBoth(service: TestApp) {
  const asha = await join(service, old)
  await change(service, asha, email)
  // A notice that nobody waits for: that of the change.
  while (noticesOf(service).length === 0) await setImmediate()
  service.messages.length = 0
  return asha
}

t.test('the other identifier hears of it, in the language of the account', async (t) => {
  // A shard of its own: what is left of a slice of the budget goes back to the first one.
  t.intercept(Math, 'random', { value: () => 0.5 })
  const service = await startApp(t)
  const asha = await joinWithBoth(service)
  await service.database.user.update({ where: { id: asha.id }, data: { locale: 'hi' } })
  const { body } = await verify(service, old)
  t.equal(body.user.id, asha.id)
  await forgetSends(service.database)
  await service.post('/auth/request-otp', { ...phone, device_token: body.device_token })
  const known = { ...phone, otp: service.lastCode(old), device_token: body.device_token }
  t.equal((await service.post('/auth/verify-otp', known)).status, 200, 'on the device that is known now')
  await verify(service, email)
  await service.app.close()
  t.match(noticesOf(service), [/^asha@example\.com: Latchkey: नए डिवाइस पर/, /^\+919876543210: Latchkey: नए डिवाइस पर/])
  const spent = await service.database.limitCounter.findMany({ where: { key: 'sms_day:trusted' } })
  const total = spent.reduce((sum, { count }) => sum + count, 0)
  t.equal(total, 1, 'the one by SMS comes out of the budget that strangers cannot reach')
})

t.test(
  'nobody hears of the first sign-in, of a claim that nobody proved, of a fixed code, or of the sixth in a day',
  async (t) => {
    const service = await startApp(t, { settings: { TEST_OTPS: `${old}:123456@2099-01-31` } })
    await service.post('/auth/request-otp', phone)
    await service.post('/auth/verify-otp', { ...phone, otp: '123456' })
    await service.database.user.updateMany({ data: { email } })
    await service.post('/auth/request-otp', phone)
    await service.post('/auth/verify-otp', { ...phone, otp: '123456' })
    await service.database.user.updateMany({ data: { emailVerifiedAt: new Date() } })
    await service.post('/auth/request-otp', phone)
    t.equal((await service.post('/auth/verify-otp', { ...phone, otp: '123456' })).status, 200)
    const ravi = '+919876543212'
    await join(service, ravi)
    await service.database.user.updateMany({ where: { phone: ravi }, data: { email: 'ravi@example.com' } })
    await verify(service, ravi)
    t.strictSame(noticesOf(service), [])

    for (let time = 1; time <= 6; time++) await verify(service, email)
    await service.app.close()
    t.equal(noticesOf(service).length, 5)
  },
)

t.test('where the settings of today let nothing go there, nothing goes', async (t) => {
  const service = await startApp(t)
  await joinWithBoth(service)
  const emailOnly = await startApp(t, { settings: { CHANNELS: 'email' }, databaseUrl: service.config.database.url })
  t.equal((await verify(emailOnly, email)).status, 200)
  await emailOnly.app.close()
  t.strictSame(noticesOf(emailOnly), [])
})
