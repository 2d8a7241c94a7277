// One's own phone and email: proved before they are taken, by one person at a time, and never the last one gone.
import t from 'tap'
import { startApp, wrongCode } from '../support/app.js'
import { ageProofs, insertUser, join, joinAsAdmin, nobody, verify } from '../users/people.js'
import { change, email, fresh, noticesOf, old } from './own-identifiers.js'

t.test('everything about them asks for a recent proof', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await ageProofs(service)
  for (const answer of [
    await asha.post('/users/me/identifiers', { email }),
    await asha.post('/users/me/identifiers/verify', { email, otp: '123456' }),
    await asha.delete('/users/me/identifiers/phone'),
  ]) {
    t.match([answer.status, answer.body.code], [403, 'step_up_required'])
  }
  t.equal(await service.database.otp.count({ where: { identifier: email } }), 0)
})

t.test('an email is added: the other way in hears of it, nothing ends', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  const elsewhere = await join(service, old)
  const sent = await asha.post('/users/me/identifiers', { email: ' Asha@Example.com ' })
  t.match([sent.status, sent.body.data], [200, { method: 'email', expires_in: 300, attempts_allowed: 5 }])
  t.match(service.messages.at(-1), { to: email, channel: 'email' })
  t.equal((await asha.get('/users/me')).body.data.email, null, 'not yet')
  const otp = service.lastCode(email)
  const wrong = await asha.post('/users/me/identifiers/verify', { email, otp: wrongCode(otp) })
  t.match([wrong.status, wrong.body.code], [401, 'otp_invalid'])
  const verified = await asha.post('/users/me/identifiers/verify', { email, otp })
  t.match([verified.status, verified.body], [200, { success: true, data: { id: asha.id, phone: old, email } }])
  t.match(await service.database.user.findFirst(), { emailVerifiedAt: Date, phoneVerifiedAt: Date })
  t.equal((await elsewhere.get('/users/me')).status, 200)
  t.equal((await verify(service, email)).body.user.id, asha.id, 'and it signs in')
  await service.app.close()
  t.match(noticesOf(service), [`${old}: Latchkey: your sign-in details were changed. If it was not you`])
  t.match(await service.database.authEvent.findMany({ where: { userId: asha.id, event: 'user_updated' } }), [
    { detail: 'email added', identifierHash: Uint8Array },
  ])
})

t.test('a phone is changed: the old one hears of it, and what rested on it ends', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  const elsewhere = await join(service, old)
  await service.database.user.update({ where: { id: asha.id }, data: { locale: 'hi' } })
  t.ok((await service.database.device.count()) > 0)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await elsewhere.post('/users/me/step-up')

  const done = await change(service, asha, fresh)
  t.match([done.status, done.body.data], [200, { phone: fresh, mobile_number: '9876543211' }])
  t.equal((await asha.get('/users/me')).status, 200, 'this session stays')
  t.equal((await elsewhere.get('/users/me')).status, 401, 'the others end')
  t.equal(await service.database.device.count(), 0)
  t.match(await service.database.otp.findFirst({ where: { purpose: 'step_up' } }), { codeHash: null })
  t.match(await service.database.authEvent.findFirst({ where: { event: 'user_updated' } }), { detail: 'phone changed' })
  t.not((await verify(service, old)).body.user.id, asha.id, 'the old number is anybody’s')
  t.equal((await verify(service, fresh)).body.user.id, asha.id)
  await service.app.close()
  t.match(noticesOf(service), [`${old}: Latchkey: आपकी साइन-इन`], 'in the language of the account')
  t.match(await service.database.authEvent.findMany({ where: { event: 'delivery_accepted', channel: 'sms' } }), [
    { identifierHash: Uint8Array },
  ])
})

t.test('numbers are written freely, and all spellings are one', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await asha.post('/users/me/identifiers', { phone: '+91 (98765) 43-211' })
  const otp = service.lastCode(fresh)
  t.equal((await asha.post('/users/me/identifiers/verify', { phone: '+91 98765 43211', otp })).status, 200)
  for (const payload of [
    {},
    { phone: fresh, email },
    { phone: '9876543212' },
    { phone: 'x' },
    { email: 'x' },
    { mobile_number: '9876543212' },
    { phone: null },
  ]) {
    t.equal((await asha.post('/users/me/identifiers', payload)).status, 400, JSON.stringify(payload))
    const verified = await asha.post('/users/me/identifiers/verify', { otp: '123456', ...payload })
    t.equal(verified.status, 400, JSON.stringify(payload))
  }
  t.match((await asha.post('/users/me/identifiers', { phone: '+14155550123' })).body, { code: 'country_not_supported' })
  t.match((await asha.post('/users/me/identifiers', { phone: '+911123456789' })).body, {
    code: 'number_type_not_supported',
  })
  t.equal((await asha.delete('/users/me/identifiers/pigeon')).status, 400)
})

t.test('a code works in the session that asked, for what it was asked for', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  const elsewhere = await join(service, old)
  const eve = await join(service, 'eve@example.com')
  await asha.post('/users/me/identifiers', { phone: fresh })
  const otp = service.lastCode(fresh)
  for (const other of [elsewhere, eve]) {
    t.equal((await other.post('/users/me/identifiers/verify', { phone: fresh, otp })).status, 401)
  }
  const signIn = { phonePrefix: '+91', phone: '9876543211', otp }
  t.equal((await service.post('/auth/verify-otp', signIn)).status, 401, 'it signs nobody in')
  t.equal((await asha.post('/users/me/step-up/verify', { otp })).status, 401)
  t.match(await service.database.otp.findFirst({ where: { identifier: fresh } }), { failures: 2 }, 'all guesses count')
  t.equal((await asha.post('/users/me/identifiers/verify', { phone: fresh, otp })).status, 200)

  await service.post('/auth/request-otp', { email })
  const signInCode = service.lastCode(email)
  await asha.post('/users/me/identifiers', { email })
  t.equal((await asha.post('/users/me/identifiers/verify', { email, otp: signInCode })).status, 401)
})

t.test('that somebody has it is told to who proves it, and to nobody before', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  await join(service, email)
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  const sent = await asha.post('/users/me/identifiers', { email })
  const free = await asha.post('/users/me/identifiers', { email: 'free@example.com' })
  t.equal(sent.text, free.text, 'the same bytes')
  const otp = service.lastCode(email)
  const taken = await asha.post('/users/me/identifiers/verify', { email, otp })
  t.match([taken.status, taken.body.code], [409, 'already_registered'])
  t.equal((await asha.post('/users/me/identifiers/verify', { email, otp })).status, 401, 'the code is used up')
  t.match((await asha.get('/users/me')).body.data, { phone: old, email: null })
  t.match(await service.database.authEvent.findFirst({ where: { detail: { contains: 'already registered' } } }), {
    event: 'authn_login_fail',
    userId: asha.id,
  })
  await service.app.close()
  t.strictSame(noticesOf(service), [])
})

t.test('claims: one’s own is proved, another owner’s ends, a waiting account stays', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, old)
  await service.database.user.update({ where: { id: asha.id }, data: { email } })
  t.equal((await change(service, asha, email)).status, 200)
  t.match(await service.database.user.findUnique({ where: { id: asha.id } }), { email, emailVerifiedAt: Date })
  t.match(await service.database.authEvent.findFirst({ where: { userId: asha.id, event: 'user_updated' } }), {
    detail: 'email proved',
  })

  await insertUser(service, nobody, 'Ravi', { email: 'ravi@example.com', emailVerifiedAt: new Date(), phone: fresh })
  t.equal((await change(service, asha, fresh)).status, 200)
  t.match(await service.database.user.findUnique({ where: { id: nobody } }), { phone: null, email: 'ravi@example.com' })

  await admin.post('/users', { phone: '+919876543219' })
  t.match((await change(service, asha, '+919876543219')).body, { code: 'already_registered' })
  t.match((await verify(service, '+919876543219')).body.user.phone, '+919876543219', 'its owner comes in')

  const verifiedAt = (await service.database.user.findUnique({ where: { id: asha.id } }))?.phoneVerifiedAt
  t.equal((await change(service, asha, fresh)).status, 200, 'again what one has')
  t.strictSame((await service.database.user.findUnique({ where: { id: asha.id } }))?.phoneVerifiedAt, verifiedAt)
})

t.test('one is removed and hears of it; the last proven one stays', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, old)
  const last = await asha.delete('/users/me/identifiers/phone')
  t.match([last.status, last.body.code], [409, 'last_identifier'])
  t.match((await asha.delete('/users/me/identifiers/email')).body, { code: 'not_found' })
  await service.database.user.update({ where: { id: asha.id }, data: { email } })
  t.equal((await asha.delete('/users/me/identifiers/phone')).status, 409, 'a claim leads nobody in')
  t.match((await asha.delete('/users/me/identifiers/email')).body.data, { email: null }, 'and may go')
  t.equal((await change(service, asha, email)).status, 200)

  const elsewhere = await join(service, old)
  const removed = await asha.delete('/users/me/identifiers/phone')
  t.match([removed.status, removed.body.data], [200, { phone: null, mobile_number: null, email }])
  t.equal((await elsewhere.get('/users/me')).status, 401)
  t.equal(await service.database.device.count(), 0)
  t.equal((await asha.delete('/users/me/identifiers/email')).status, 409)
  t.not((await verify(service, old)).body.user.id, asha.id, 'the number is free')
  await service.app.close()
  t.strictSame(
    noticesOf(service).map((notice) => notice.split(':')[0]),
    [old, email, old],
    'of the new email, of a device that is not known, and of its own end; nothing of the claim',
  )
})
