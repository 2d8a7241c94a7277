// One's own phone and email where several ask at once, where a session ends meanwhile, and where something fails.
import t from 'tap'
import { DeliveryRefused } from '../../src/messaging/sender.js'
import { startApp } from '../support/app.js'
import { join } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'
import { change, email, fresh, old } from './own-identifiers.js'

t.test('two remove both at once: one stays', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await change(service, asha, email)
  const answers = await Promise.all(['phone', 'email'].map((method) => asha.delete(`/users/me/identifiers/${method}`)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 409])
  t.equal((await asha.get('/users/me')).status, 200)
})

t.test('two people prove the same one at once: one has it', async (t) => {
  const service = await startApp(t)
  const [asha, ravi] = [await join(service, 'asha@example.com'), await join(service, 'ravi@example.com')]
  // As if both codes had been sent: two rows cannot be, so the second one is a sign-up of the same number.
  for (const order of [0, 1]) {
    const number = `+91987654322${order}`
    await asha.post('/users/me/identifiers', { phone: number })
    const otp = service.lastCode(number)
    const holder = await service.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`UPDATE users SET phone = ${number}, phone_verified_at = now() WHERE id = ${ravi.id}::uuid`
      const pending = asha.post('/users/me/identifiers/verify', { phone: number, otp })
      await untilBlocked(service)
      return { pending }
    })
    const answer = await holder.pending
    t.match([answer.status, answer.body.code], [409, 'already_registered'])
    t.match(await service.database.user.findUnique({ where: { id: ravi.id } }), { phone: number })
    t.match(await service.database.otp.findFirst({ where: { identifier: number } }), { consumedAt: Date })
  }

  const third = '+919876543229'
  await asha.post('/users/me/identifiers', { phone: third })
  const otp = service.lastCode(third)
  const body = { phonePrefix: '+91', phone: '9876543229' }
  await service.post('/auth/request-otp', body)
  const signInCode = service.lastCode(third)
  const [changed, signedIn] = await Promise.all([
    asha.post('/users/me/identifiers/verify', { phone: third, otp }),
    service.post('/auth/verify-otp', { ...body, otp: signInCode }),
  ])
  t.equal(signedIn.status, 200)
  t.ok([200, 409].includes(changed.status))
  const owner = await service.database.user.findUnique({ where: { phone: third } })
  t.equal(owner?.id, signedIn.body.user.id)
  t.equal(owner?.id === asha.id, changed.status === 200)
})

t.test('many guesses with one code are one change; who is deleted meanwhile gets 401', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await asha.post('/users/me/identifiers', { email })
  const otp = service.lastCode(email)
  const guess = () => asha.post('/users/me/identifiers/verify', { email, otp })
  const answers = await Promise.all(Array.from({ length: 8 }, guess))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)])

  await asha.post('/users/me/identifiers', { phone: fresh })
  const code = service.lastCode(fresh)
  const deletion = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`DELETE FROM users WHERE id = ${asha.id}::uuid`
    const pending = asha.post('/users/me/identifiers/verify', { phone: fresh, otp: code })
    const removal = asha.delete('/users/me/identifiers/email')
    await untilBlocked(service)
    return { pending, removal }
  })
  for (const answer of [await deletion.pending, await deletion.removal]) {
    t.match([answer.status, answer.body.code], [401, 'unauthorized'])
  }
  t.equal(await service.database.user.count(), 0)
})

t.test('the change stays where the notice does not arrive, or may not be sent any more', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  const headers = { authorization: `Bearer ${asha.token}` }
  const failing = await startApp(t, {
    databaseUrl: service.config.database.url,
    senders: [
      {
        name: 'picky',
        send: async (message) => {
          if (message.code === undefined) throw new DeliveryRefused('no notices')
          service.messages.push(message)
          return {}
        },
      },
    ],
  })
  await failing.post('/users/me/identifiers', { phone: fresh }, { headers })
  const otp = service.lastCode(fresh)
  t.equal((await failing.post('/users/me/identifiers/verify', { phone: fresh, otp }, { headers })).status, 200)
  await failing.app.close()
  t.match(await service.database.authEvent.findFirst({ where: { event: 'delivery_refused' } }), { channel: 'sms' })

  const mailOnly = await startApp(t, { databaseUrl: service.config.database.url, settings: { CHANNELS: 'email' } })
  await mailOnly.post('/users/me/identifiers', { email }, { headers })
  const mailed = { email, otp: mailOnly.lastCode(email) }
  t.equal((await mailOnly.post('/users/me/identifiers/verify', mailed, { headers })).status, 200)
  await mailOnly.app.close()
  t.equal(mailOnly.messages.length, 1)
})

t.test('a new number counts as one for budgets and breaker', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, email)
  t.equal((await change(service, asha, fresh)).status, 200)
  const counters = await service.database.limitCounter.findMany({ where: { key: { contains: 'IN' } } })
  t.strictSame(counters.map(({ key, count }) => [key, count]).sort(), [
    ['country_sent:IN', 1],
    ['country_verified:IN', 1],
  ])
})

t.test('a broken database is no 409', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await asha.post('/users/me/identifiers', { email })
  await service.database.$executeRaw`ALTER TABLE users RENAME COLUMN email_verified_at TO gone`
  const answer = await asha.post('/users/me/identifiers/verify', { email, otp: service.lastCode(email) })
  t.equal(answer.status, 500)
})

t.test('whose session ends while their change waits for the account changes nothing', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await asha.post('/users/me/identifiers', { email })
  const otp = service.lastCode(email)
  const holder = await service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT FROM users WHERE id = ${asha.id}::uuid FOR UPDATE`
    const pending = asha.post('/users/me/identifiers/verify', { email, otp })
    await untilBlocked(service)
    await transaction.$executeRaw`DELETE FROM sessions WHERE user_id = ${asha.id}::uuid`
    return { pending }
  })
  const answer = await holder.pending
  t.match([answer.status, answer.body.code], [401, 'unauthorized'])
  t.match(await service.database.user.findUnique({ where: { id: asha.id } }), { email: null })
})
