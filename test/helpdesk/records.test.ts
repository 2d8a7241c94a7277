// What admins read of a user to help them: all of it theirs, nothing of a former holder, and that somebody looked is written down.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { ageProofs, insertUser, join, joinAsAdmin, nobody, verify } from '../users/people.js'

const phone = '+919876543210'
const body = { phonePrefix: '+91', phone: '9876543210' }
const settings = { OTP_RESEND_COOLDOWN: '1' }

/** Events of deliveries are written beside the requests. */
async function deliveries(service: TestApp, count: number) {
  const isWritten = async () =>
    (await service.database.authEvent.count({ where: { event: 'delivery_accepted' } })) >= count
  while (!(await isWritten())) await setImmediate()
}

t.test('sessions, devices, events, messages and limits of somebody', async (t) => {
  const service = await startApp(t, { settings })
  const admin = await joinAsAdmin(service)
  const asha = await join(service, phone)
  await forgetSends(service.database)
  await service.post('/auth/request-otp', body)
  await service.post('/auth/verify-otp', { ...body, otp: '000000' })
  await deliveries(service, 3)
  const read = async (list: string) => (await admin.get(`/users/${asha.id}/${list}`)).body

  t.match((await read('standing')).data, { disabled_at: null, phone_verified_at: String, email_verified_at: null })
  const sessions = await read('sessions')
  t.match(sessions, { data: [{ network: '127.0.0.0/24', created_at: String, proved_at: String }], next_cursor: null })
  t.match(await read('devices'), { data: [{ last_used_at: String, expires_at: String }] })
  const events = (await read('events')).data.map(({ event }: { event: string }) => event)
  t.ok(events.includes('authn_login_fail') && events.includes('authn_login_success'), events.join())
  t.notOk(events.some((event: string) => event.startsWith('delivery')))
  const messages = (await read('messages')).data
  t.match(messages, [{ outcome: 'accepted', channel: 'sms', country: 'IN', driver: 'recorder', receipts: [] }, {}])
  t.equal(messages.length, 2, 'those of others are not among them')
  t.match((await read('limits')).data, [
    { method: 'phone', sends_left_hour: 4, failures_left: 19, locked_until: null, unlock_allowed_at: null },
  ])
  t.notMatch(JSON.stringify([events, messages]), /9876543210|"\d{6}"/, 'no number, no code')

  const looked = await service.database.authEvent.findMany({
    where: { event: 'sensitive_read', userId: asha.id },
    orderBy: { id: 'asc' },
  })
  t.match(looked, [
    { actorId: admin.id, detail: 'events', network: '127.0.0.0/24' },
    { actorId: admin.id, detail: 'messages' },
  ])
  t.match((await admin.get(`/users/${asha.id.toUpperCase()}/devices`)).status, 200)
  const looks = () => service.database.authEvent.count({ where: { event: 'sensitive_read' } })
  const before = await looks()
  t.equal((await admin.get(`/users/${admin.id}/events`)).status, 200)
  t.equal(await looks(), before, 'one’s own trail is nobody else’s')
})

t.test('what a provider told of a message stands with it, and what was not sent names its limit', async (t) => {
  const service = await startApp(t, { settings: { ...settings, OTP_MAX_SENDS_PER_HOUR: '1' } })
  const admin = await joinAsAdmin(service)
  const asha = await join(service, phone)
  await deliveries(service, 2)
  const { identifierHash } = (await service.database.authEvent.findFirst({
    where: { event: 'delivery_accepted', channel: 'sms' },
  })) ?? { identifierHash: null }
  const told = { identifierHash, channel: 'sms', country: 'IN', driver: 'recorder', messageId: 'message-2' }
  await service.database.authEvent.create({ data: { ...told, event: 'delivery_failed', detail: '30005' } })
  const first = { ...told, messageId: 'message-1' }
  await service.database.authEvent.createMany({
    data: ['accepted', 'confirmed'].map((end) => ({ ...first, event: `delivery_${end}` })),
  })
  await service.post('/auth/request-otp', body)
  const { data } = (await admin.get(`/users/${asha.id}/messages`)).body
  t.match(data, [
    { outcome: 'limited', detail: /./, channel: null },
    { outcome: 'accepted', receipts: [{ status: 'delivered' }] },
    { outcome: 'accepted', receipts: [{ status: 'failed', detail: '30005' }] },
  ])
  const { data: limits } = (await admin.get(`/users/${asha.id}/limits`)).body
  t.match(limits, [{ sends_left_hour: 0, resend_at: null }])
})

t.test('limits of who is locked, and of an identifier that was never sent anything', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const { id } = await join(service, phone)
  const since = new Date()
  await service.database.otp.updateMany({
    where: { identifier: phone },
    data: { failures: 20, failuresStartedAt: since, consumedAt: null, resendAt: since },
  })
  const { data: locked } = (await admin.get(`/users/${id}/limits`)).body
  t.match(locked, [
    { failures_left: 0, resend_at: null, locked_until: new Date(since.getTime() + 86_400_000).toISOString() },
  ])
  await insertUser(service, nobody, 'Meera', { email: 'meera@example.com' })
  t.match((await admin.get(`/users/${nobody}/limits`)).body.data, [
    { method: 'email', sends_left_hour: 5, sends_left_day: 10, failures_left: 20, resend_at: null },
  ])
})

t.test('pages go on from a place, and a cursor is one of ours', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  await insertUser(service, nobody, 'Asha', { phone, phoneVerifiedAt: new Date() })
  const happenedAt = new Date('2026-11-22T09:00:00Z')
  await service.database.authEvent.createMany({
    data: Array.from({ length: 5 }, (_, n) => ({ event: 'user_updated', userId: nobody, detail: `${n}`, happenedAt })),
  })
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const url: string = `/users/${nobody}/events?limit=2${cursor && `&cursor=${cursor}`}`
    const { body } = await admin.get(url)
    for (const { detail } of body.data) seen.push(detail)
    cursor = body.next_cursor
  }
  t.strictSame(seen, ['events', '4', '3', '2', '1', '0'], 'the reading of the first page, and each once')
  const made = Buffer.from('["9999-12-31T23:59:59.999Z","9"]').toString('base64url')
  const before = await service.database.authEvent.count({ where: { event: 'sensitive_read' } })
  t.equal((await admin.get(`/users/${nobody}/events?cursor=${made}`)).status, 200)
  t.equal(await service.database.authEvent.count({ where: { event: 'sensitive_read' } }), before + 1, 'by any cursor')
  const ofYearZero = Buffer.from('["0000-01-01T00:00:00.000Z","1"]').toString('base64url')
  for (const wrong of ['x', 'WyJ4Il0', ofYearZero, Buffer.from('["x","1"]').toString('base64url')])
    t.match((await admin.get(`/users/${nobody}/events?cursor=${wrong}`)).body, { code: 'validation_failed' })
  t.match((await admin.get(`/users/${nobody}/messages?limit=0`)).body.errors, [
    'limit must be a whole number from 1 to 100',
  ])
})

t.test('nothing of whoever had the number before', async (t) => {
  const service = await startApp(t, { settings })
  const admin = await joinAsAdmin(service)
  const former = await join(service, phone)
  await deliveries(service, 2)
  await admin.delete(`/users/${former.id}`)
  const asha = await join(service, phone)
  await deliveries(service, 3)
  const { data } = (await admin.get(`/users/${asha.id}/events`)).body
  t.notOk(data.some(({ event }: { event: string }) => event === 'user_deleted'))
  const { identifierHash } = await service.database.authEvent.findFirstOrThrow({ where: { channel: 'sms' } })
  const yesterday = new Date(Date.now() - 86_400_000)
  await service.database.authEvent.create({
    data: { event: 'delivery_accepted', identifierHash, driver: 'of the former holder', happenedAt: yesterday },
  })
  t.notMatch((await admin.get(`/users/${asha.id}/messages`)).text, /of the former holder/)
  await service.database.user.update({ where: { id: asha.id }, data: { phoneVerifiedAt: null } })
  t.strictSame((await admin.get(`/users/${asha.id}/messages`)).body.data, [], 'of a number that nobody proved, nothing')
})

t.test('for admins with a recent proof; ids of nobody are not found', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, phone)]
  const lists = ['sessions', 'devices', 'events', 'messages', 'limits']
  for (const list of lists) {
    t.match((await asha.get(`/users/${asha.id}/${list}`)).body, { code: 'forbidden' }, 'also of oneself')
    t.match((await admin.get(`/users/${nobody}/${list}`)).body, { code: 'not_found' })
  }
  await ageProofs(service)
  for (const list of lists) t.match((await admin.get(`/users/${asha.id}/${list}`)).body, { code: 'step_up_required' })
})

t.test('somebody is found by the id that a log line names', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const { body } = await verify(service, phone)
  const found = async (q: string) => (await admin.get(`/users?q=${q}`)).body
  t.match(await found(body.user.id.toUpperCase()), { data: [{ id: body.user.id }], next_cursor: null })
  t.strictSame((await found(nobody)).data, [])
})
