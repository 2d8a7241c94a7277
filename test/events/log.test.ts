// The log of events: what is written by which change, and that a reader skips nothing.
import t from 'tap'
import { createCleanupTasks } from '../../src/cleanup-tasks.js'
import { newId } from '../../src/database/ids.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { cleanUp } from '../../src/operations/cleanup.js'
import { backEnd } from '../api-keys/keys.js'
import { origin, passkeySettings, register, signIn } from '../passkeys/passkey-people.js'
import { startApp, type TestApp } from '../support/app.js'
import { Authenticator } from '../support/authenticator.js'
import { join, joinAsAdmin, type Person, verify } from '../users/people.js'

type Event = { id: string; type: string; timestamp: string; data: Record<string, unknown> }

/** All events after one, page by page. */
async function eventsAfter(admin: Person, after?: string, filter = ''): Promise<Event[]> {
  const all: Event[] = []
  for (let cursor: string | null | undefined = after; cursor !== null; ) {
    const query: string = [cursor && `after=${cursor}`, 'limit=3', filter].filter(Boolean).join('&')
    const { status, body } = await admin.get(`/events?${query}`)
    if (status !== 200) throw new Error(JSON.stringify(body))
    all.push(...body.data)
    cursor = body.next_cursor
  }
  return all
}

type Brief = Record<string, unknown> & { type: string; user_id?: unknown }
const brief = (events: Event[]): Brief[] => events.map(({ type, data }) => ({ type, ...data }))
const lastId = async (admin: Person) => (await eventsAfter(admin)).at(-1)?.id

t.test('each change is told with the change, whoever makes it', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const admin = await joinAsAdmin(service)
  const start = await lastId(admin)
  const asha = await join(service, '+919876543210')
  await asha.patch('/users/me', { user_name: 'Asha Rao' })
  await asha.post('/users/me/identifiers', { email: 'asha@example.com' })
  await asha.post('/users/me/identifiers/verify', {
    email: 'asha@example.com',
    otp: service.lastCode('asha@example.com'),
  })
  await asha.delete('/users/me/identifiers/phone')
  await admin.patch(`/users/${asha.id}`, { role: 'ADMIN' })
  await admin.patch(`/users/${asha.id}`, { disabled: true })
  await admin.patch(`/users/${asha.id}`, { disabled: false })
  await verify(service, 'asha@example.com')
  await admin.delete(`/users/${asha.id}`)

  const told = brief(await eventsAfter(admin, start))
  const user_id = asha.id
  t.match(told, [
    { type: 'user.created', user_id, role: 'USER' },
    { type: 'session.created', user_id, session_id: String, device: 'lightMyRequest' },
    { type: 'user.updated', user_id, changed: ['user_name'] },
    { type: 'identifier.added', user_id, method: 'email', verified: true },
    { type: 'identifier.removed', user_id, method: 'phone' },
    { type: 'user.updated', user_id, changed: ['role'] },
    { type: 'user.disabled', user_id },
    { type: 'session.ended', user_id, reason: 'ended' },
    { type: 'user.updated', user_id, changed: ['disabled'] },
    { type: 'session.created', user_id },
    { type: 'session.ended', user_id, reason: 'ended' },
    { type: 'user.deleted', user_id },
  ])
  t.equal(told.length, 12)
  const text = JSON.stringify(told)
  t.notMatch(text, /asha@|9876543210/, 'no identifier is told')

  t.strictSame(brief(await eventsAfter(admin, start, `user_id=${user_id.toUpperCase()}`)), told)
  t.equal((await eventsAfter(admin, start, 'type=session.created')).length, 2)
  t.strictSame(await database.outboxEvent.findMany(), [])
})

t.test('a claim that its owner proves, one that another takes, and one that is changed', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const start = await lastId(admin)
  const claim = async (identifiers: object) => (await admin.post('/users', identifiers)).body.data.id
  const owner = await claim({ phone: '+919876543211' })
  await verify(service, '+919876543211')
  const other = await claim({ phone: '+919876543212', email: 'other@example.com' })
  await verify(service, 'other@example.com')
  await service.database.user.update({ where: { id: other }, data: { phone: '+919876543212' } })
  await verify(service, '+919876543212')
  await service.database.user.update({ where: { id: owner }, data: { phone: '+919876543213' } })
  const told = brief(await eventsAfter(admin, start)).filter(({ type }) => type.startsWith('identifier.'))
  t.strictSame(told, [
    { type: 'identifier.changed', user_id: owner, method: 'phone', verified: true },
    { type: 'identifier.removed', user_id: other, method: 'phone' },
    { type: 'identifier.changed', user_id: other, method: 'email', verified: true },
    { type: 'identifier.added', user_id: other, method: 'phone', verified: false },
    { type: 'identifier.removed', user_id: other, method: 'phone' },
    { type: 'identifier.changed', user_id: owner, method: 'phone', verified: true },
  ])
})

t.test('sessions that run out, and what is dangerous', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const admin = await joinAsAdmin(service)
  const asha = await join(service, '+919876543210')
  const start = await lastId(admin)
  await database.session.updateMany({ where: { userId: asha.id }, data: { expiresAt: new Date(0) } })
  await cleanUp(createCleanupTasks(database, 90 * 86_400))
  await database.authEvent.createMany({
    data: [
      { event: 'authn_token_reuse', userId: asha.id, detail: 'exchange: used twice' },
      { event: 'excess_rate_limit_exceeded', detail: 'guesses in all: 1000 this hour' },
      { event: 'excess_rate_limit_exceeded', detail: 'verify: address' },
      { event: 'authn_login_fail', detail: 'guesses in all: no' },
    ],
  })
  t.match(brief(await eventsAfter(admin, start)), [
    { type: 'session.ended', user_id: asha.id, reason: 'expired' },
    { type: 'security.alarm', user_id: asha.id, alarm: 'token_reuse', detail: 'exchange: used twice' },
    { type: 'security.alarm', user_id: null, alarm: 'guesses', detail: 'guesses in all: 1000 this hour' },
  ])
})

t.test('passkeys that come, go, and are found twice', async (t) => {
  const service = await startApp(t, { settings: passkeySettings })
  const admin = await joinAsAdmin(service)
  const asha = await join(service, 'asha@example.com')
  const start = await lastId(admin)
  const { answer } = await register(asha, new Authenticator(origin))
  const first = answer.body.data.id
  await asha.delete(`/users/me/passkeys/${first}`)
  const { authenticator, answer: again } = await register(asha, new Authenticator(origin, 7))
  const second = again.body.data.id
  await signIn(service, authenticator, { counter: 3 })
  await register(asha, new Authenticator(origin))
  await admin.delete(`/users/${asha.id}`)
  const user_id = asha.id
  t.match(brief(await eventsAfter(admin, start)), [
    { type: 'passkey.added', user_id, passkey_id: first },
    { type: 'passkey.removed', user_id, passkey_id: first },
    { type: 'passkey.added', user_id, passkey_id: second },
    { type: 'passkey.removed', user_id, passkey_id: second },
    { type: 'security.alarm', user_id, alarm: 'passkey_cloned' },
    { type: 'passkey.added', user_id },
    { type: 'session.ended' },
    { type: 'passkey.removed', user_id },
    { type: 'user.deleted', user_id },
  ])
})

t.test('a key with the scope asks too, and one without does not', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const answer = await (await backEnd(service, 'events:read')).ask('GET', '/events?type=user.created')
  t.match(answer, { status: 200, body: { data: [{ data: { user_id: asha.id } }] } })
  t.equal((await (await backEnd(service, 'users:read')).ask('GET', '/events')).status, 403)
})

t.test('a transaction that brings in users who are known already tells of none', async (t) => {
  const service = await startApp(t)
  await service.database.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT set_config('latchkey.tells_of_new_users', 'off', true)`
    await transaction.user.create({ data: { id: newId(), email: 'old@example.com' } })
  })
  t.strictSame(await service.database.outboxEvent.findMany(), [])
  await service.database.user.create({ data: { id: newId(), email: 'new@example.com' } })
  t.equal((await service.database.outboxEvent.findMany()).length, 1)
})

t.test('what is committed late is not skipped, and what is undone is never told', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, '+919876543210')
  const start = await lastId(admin)
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query("UPDATE users SET user_name = 'late' WHERE id = $1", [asha.id])
    const ravi = await join(service, '+919876543211')
    const early = await eventsAfter(admin, start)
    t.strictSame(
      brief(early).map(({ user_id }) => user_id),
      [ravi.id, ravi.id],
      'it does not wait for what is open',
    )
    await client.query('COMMIT')
    t.match(brief(await eventsAfter(admin, early.at(-1)?.id)), [{ type: 'user.updated', user_id: asha.id }])

    await client.query('BEGIN')
    await client.query("UPDATE users SET user_name = 'never' WHERE id = $1", [asha.id])
    await client.query('ROLLBACK')
    t.equal((await eventsAfter(admin, early.at(-1)?.id)).length, 1)
  })
})

t.test('what happens later says so, whichever transaction began first', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, '+919876543210')
  const start = await lastId(admin)
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('SELECT now()')
    await asha.patch('/users/me', { user_name: 'First' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await client.query("UPDATE users SET user_name = 'Second' WHERE id = $1", [asha.id])
    await client.query('COMMIT')
  })
  const events = await eventsAfter(admin, start)
  t.equal(events.length, 2)
  t.ok(String(events[0]?.timestamp) < String(events[1]?.timestamp))
  t.ok(String(events[0]?.id) < String(events[1]?.id))
})

t.test('an id of another life of the database is refused, and one of an event that is gone is not', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  await join(service, '+919876543210')
  const [first, ...others] = await eventsAfter(admin)
  const id = String(first?.id)
  const ofAnother = `019aab5e-7c1e${id.slice(13)}`
  t.match(await admin.get(`/events?after=${ofAnother}`), { status: 400, body: { code: 'validation_failed' } })
  t.strictSame(await eventsAfter(admin, id.toUpperCase()), others)
  await service.database.event.deleteMany({ where: { position: 1n } })
  t.strictSame(await eventsAfter(admin, id), others)
})

t.test('a reader that follows writers sees each event once, in an order that stays', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const people = await Promise.all([0, 1, 2, 3].map((digit) => join(service, `person${digit}@example.com`)))
  const start = await lastId(admin)
  let isWriting = true
  const writing = Promise.all(
    people.map(async ({ patch }) => {
      for (let n = 1; n <= 15; n += 1) await patch('/users/me', { user_name: `Name ${n}` })
    }),
  ).finally(() => {
    isWriting = false
  })
  const followed: Event[] = []
  const follow = async () => followed.push(...(await eventsAfter(admin, followed.at(-1)?.id ?? start)))
  while (isWriting) await follow()
  await writing
  await follow()
  t.equal(followed.length, 60)
  t.strictSame(followed, await eventsAfter(admin, start))
  t.strictSame(
    followed.map(({ id }) => id.slice(19)),
    followed.map(({ id }) => id.slice(19)).sort(),
  )
})

t.test('who may read, and what may be asked', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, '+919876543210')
  t.equal((await asha.get('/events')).body.code, 'forbidden')
  t.equal((await service.get('/events')).body.code, 'unauthorized')
  for (const query of [
    'after=1',
    'after=019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10',
    'after=019aab5e-7c1e-7000-8000-0000ffffffff',
    'type=user.renamed',
    'user_id=me',
    'limit=0',
    'limit=101',
    'cursor=1',
  ])
    t.match(await admin.get(`/events?${query}`), { status: 400, body: { code: 'validation_failed' } }, query)
  t.equal((await admin.get('/events?type=user.created&limit=100')).body.data.length, 2)
})

t.test('identifiers are told only where they are to be, and are gone with their user', async (t) => {
  const { database, config } = await startApp(t)
  const settings = { EVENT_IDENTIFIERS: 'full' }
  const service = await startApp(t, { settings, databaseUrl: config.database.url })
  const admin = await joinAsAdmin(service)
  const start = await lastId(admin)
  const asha = await join(service, '+919876543210')
  t.match(brief(await eventsAfter(admin, start)), [{ phone: '+919876543210', email: null }, { phone: '+919876543210' }])
  const { body } = await (await backEnd(service, 'events:read')).ask('GET', '/events')
  const toldOf = ({ id }: Person) =>
    brief(body.data).flatMap(({ user_id, phone, email }) => (user_id === id ? [phone ?? email] : []))
  t.strictSame(new Set(toldOf(admin)), new Set([null]), 'those of admins to no key')
  t.strictSame(new Set(toldOf(asha)), new Set(['+919876543210']))
  await admin.delete(`/users/${asha.id}`)
  // Whom guesses in all are made at is nobody in particular.
  const alarm = { event: 'excess_rate_limit_exceeded', detail: 'guesses in all: 1000 this hour' } as const
  await database.authEvent.create({ data: alarm })
  for (const event of brief(await eventsAfter(admin, start)))
    t.match(event, { user_id: event.type === 'security.alarm' ? null : asha.id, phone: null, email: null })
  t.notMatch(
    JSON.stringify(await database.event.findMany(), (_name, value) => String(value)),
    /9876543210/,
  )
})

t.test('old events go, but none that an endpoint has not got past or that is tried again there', async (t) => {
  const service: TestApp = await startApp(t)
  const { database } = service
  const admin = await joinAsAdmin(service)
  await lastId(admin)
  const clean = (retention: number) =>
    cleanUp(createCleanupTasks(database, 90 * 86_400, null, retention)).then(({ events }) => events)
  await database.event.updateMany({ data: { happenedAt: new Date(Date.now() - 5 * 86_400_000) } })
  t.equal(await clean(6 * 86_400), 0)
  const endpoint = { name: 'a', host: 'a.example.com', position: 1n, ownedUntil: new Date() }
  await database.eventEndpoint.create({ data: endpoint })
  const delivery = { endpoint: 'a', position: 1n, attempts: 1 }
  await database.eventDelivery.create({ data: { ...delivery, nextAt: new Date() } })
  t.equal(await clean(4 * 86_400), 0, 'what waits behind it would wait for ever')
  await database.eventDelivery.updateMany({ data: { nextAt: null, parkedAt: new Date() } })
  t.equal(await clean(4 * 86_400), 1)
  await database.eventEndpoint.updateMany({ data: { ownedUntil: new Date(Date.now() - 8 * 86_400_000) } })
  t.equal(await clean(4 * 86_400), 2, 'it is in no settings any more')
  t.match(await database.eventNumber.findMany(), [{ last: 3n }], 'no number is given twice')
  await join(service, '+919876543210')
  await cleanUp(createCleanupTasks(database, 90 * 86_400))
  t.match(await database.event.findMany({ orderBy: { position: 'asc' } }), [{ position: 4n }, { position: 5n }])
})
