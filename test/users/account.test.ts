// One user: who may read, change and delete one, what a change may hold, and how at once it acts.
import t from 'tap'
import { startApp } from '../support/app.js'
import { ageProofs, join, joinAsAdmin, nobody } from './people.js'

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/

t.test('users read and rename themselves, by id and as me', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const own = await asha.get('/users/me')
  t.match(
    [own.status, own.body],
    [200, { success: true, data: { id: uuidV7, email: 'asha@example.com', role: 'USER' } }],
  )
  t.strictSame((await asha.get(`/users/${asha.id}`)).body, own.body)
  t.strictSame((await asha.get(`/users/${asha.id.toUpperCase()}`)).body, own.body, 'a UUID in capitals is the same')

  const renamed = await asha.patch('/users/me', { user_name: '  Asha Rao 😀 ' })
  t.match([renamed.status, renamed.body.data.user_name], [200, 'Asha Rao 😀'])
  t.ok(renamed.body.data.updated_at > own.body.data.updated_at)
  t.match((await asha.get('/api/auth/me')).body.data, renamed.body.data)
  t.match(await service.database.user.findFirst(), { userName: 'Asha Rao 😀', nameKey: 'asha rao 😀' })
})

t.test('others get the same 403, whether the user exists or not', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const eve = await join(service, 'eve@example.com')
  const calls = [
    (id: string) => eve.get(`/users/${id}`),
    (id: string) => eve.patch(`/users/${id}`, { user_name: 'Eve' }),
    (id: string) => eve.patch(`/users/${id}`, { nonsense: 1 }),
    (id: string) => eve.delete(`/users/${id}`),
    (id: string) => eve.delete(`/users/${id}/sessions`),
  ]
  for (const call of calls) {
    const [existing, missing] = [await call(asha.id), await call(nobody)]
    t.match([existing.status, existing.body.code], [403, 'forbidden'])
    t.equal(existing.text, missing.text)
    t.strictSame(Object.keys(existing.headers), Object.keys(missing.headers))
  }
  t.match(await service.database.authEvent.findFirst({ where: { event: 'authz_fail' } }), {
    userId: eve.id,
    detail: 'GET /users/:id',
    network: '127.0.0.0/24',
  })
  t.equal((await asha.get('/users/me')).status, 200)
})

t.test('ids that are none are 400, for admins too; no user is 404', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  for (const id of ['1', '%00', '..%2f', "'%20OR%201=1", `${nobody}0`, nobody.slice(1), 'null', 'you']) {
    for (const call of [admin.get, admin.patch, admin.delete]) {
      const { status, body } = await call(`/users/${id}`)
      t.match([status, body.code], [400, 'validation_failed'], id)
    }
  }
  for (const call of [
    () => admin.get(`/users/${nobody}`),
    () => admin.patch(`/users/${nobody}`, { user_name: 'x' }),
    () => admin.delete(`/users/${nobody}`),
    () => admin.delete(`/users/${nobody}/sessions`),
  ]) {
    const { status, body } = await call()
    t.match([status, body.code], [404, 'not_found'])
  }
})

t.test('nothing else can be written: 400, and the row stays as it is', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const before = await service.database.user.findFirst()
  const fields = {
    role: 'ADMIN',
    disabled: false,
    id: nobody,
    mobile_number: '9876500009',
    phone: '+919876500009',
    email: 'eve@example.com',
    email_verified_at: null,
    created_at: '2020-01-01T00:00:00Z',
    addresses: [],
  }
  for (const [name, value] of Object.entries(fields)) {
    const { status, body } = await asha.patch('/users/me', { [name]: value, user_name: 'Eve' })
    t.match([status, body.code, body.errors], [400, 'validation_failed', [`${name} is not a known field`]])
  }
  for (const payload of [
    {},
    { user_name: '' },
    { user_name: ' ' },
    { user_name: null },
    { user_name: 'x'.repeat(201) },
  ]) {
    t.equal((await asha.patch('/users/me', payload)).status, 400, JSON.stringify(payload))
  }
  t.equal((await asha.patch('/users/me')).status, 400, 'no body')
  t.strictSame(await service.database.user.findFirst(), before)

  const admin = await joinAsAdmin(service)
  const { role, disabled, ...others } = fields
  for (const [name, value] of Object.entries(others)) {
    t.equal((await admin.patch(`/users/${asha.id}`, { [name]: value, user_name: 'Eve' })).status, 400, name)
  }
  for (const payload of [{ role: 'ROOT' }, { role: null }, { disabled: 'true' }, { disabled: null }]) {
    t.equal((await admin.patch(`/users/${asha.id}`, payload)).status, 400, JSON.stringify(payload))
  }
})

t.test('disabling acts on the next request, and ends what was open for good', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, 'asha@example.com')
  const disabled = await admin.patch(`/users/${asha.id}`, { disabled: true, user_name: 'Asha' })
  t.match(
    [disabled.status, Object.keys(disabled.body.data).length],
    [200, 9],
    'the one representation, with what the product keeps',
  )
  t.equal((await asha.get('/users/me')).status, 401)
  t.equal(await service.database.session.count({ where: { userId: asha.id } }), 0)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'user_updated' } }), {
    userId: asha.id,
    actorId: admin.id,
    detail: 'user_name, disabled true',
  })

  // As if a sign-in had been under way.
  await service.database.session.create({
    data: { id: nobody, userId: asha.id, expiresAt: new Date(Date.now() + 1e6) },
  })
  t.equal((await admin.patch(`/users/${asha.id}`, { disabled: false })).status, 200)
  t.equal(await service.database.session.count({ where: { userId: asha.id } }), 0, 'and comes back to nothing')
  const again = await join(service, 'asha@example.com')
  t.equal((await admin.patch(`/users/${asha.id}`, { disabled: false })).status, 200)
  t.equal((await again.get('/users/me')).status, 200, 'where nothing changes, nothing ends')
})

t.test('an admin by the database: roles act on the next request', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, 'asha@example.com')
  t.equal((await asha.get('/users')).status, 403)
  t.match((await admin.patch(`/users/${asha.id}`, { role: 'ADMIN' })).body.data, { role: 'ADMIN' })
  t.equal((await asha.get('/users')).status, 200)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'authz_change' } }), {
    userId: asha.id,
    actorId: admin.id,
    detail: 'USER to ADMIN',
  })
  t.equal((await asha.patch(`/users/${admin.id}`, { role: 'USER' })).status, 200)
  t.equal((await admin.get('/users')).status, 403)
  t.equal((await admin.get(`/users/${asha.id}`)).status, 403)
  t.equal((await asha.patch(`/users/me`, { role: 'ADMIN' })).status, 200, 'no change')
  t.equal(await service.database.authEvent.count({ where: { event: 'authz_change' } }), 2, 'is no event')
})

t.test('whoever deletes the own account proved it lately; then everything is gone', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, '+919876543210')
  await ageProofs(service)
  for (const path of ['/users/me', `/users/${asha.id}`]) {
    const { status, body } = await asha.delete(path)
    t.match([status, body.code], [403, 'step_up_required'], path)
  }
  t.equal((await service.post('/api/auth/refresh', undefined, { cookies: { jwt: asha.token } })).status, 200)
  t.equal((await asha.delete('/users/me')).status, 403, 'refreshing is no proof')

  const fresh = await join(service, '+919876543210')
  await service.database.$executeRaw`
    INSERT INTO otps (identifier, purpose, code_id, code_hash, expires_at, resend_at, hour_started_at, day_started_at, failures)
    VALUES ('+919876543210', 'step_up', ${nobody}::uuid, sha256('x'), now() + interval '1 minute', now(), now(), now(), 7)`
  const answer = await fresh.delete('/users/me')
  t.match([answer.status, answer.body], [200, { success: true, data: { id: asha.id } }])
  t.match(answer.cookies, [{ name: 'jwt', value: '', maxAge: 0 }])
  t.equal((await asha.get('/users/me')).status, 401, 'on every device')
  const { user, session, device, otp, authEvent } = service.database
  t.strictSame([await user.count(), await session.count(), await device.count()], [0, 0, 0])
  t.match(await otp.findFirst({ where: { purpose: 'step_up' } }), { codeHash: null, failures: 7 }, 'counts stay')
  t.match(await authEvent.findFirst({ where: { event: 'user_deleted' } }), { userId: asha.id, actorId: null })
  t.not((await join(service, '+919876543210')).id, asha.id, 'the number is free')
})

t.test('an admin deletes others without a proof of theirs, and ends their sessions', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const asha = await join(service, 'asha@example.com')
  await join(service, 'asha@example.com')
  const ended = await admin.delete(`/users/${asha.id}/sessions`)
  t.match([ended.status, ended.body, ended.cookies], [200, { success: true, data: { ended: 2 } }, []])
  t.equal((await asha.get('/users/me')).status, 401)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'session_logout' } }), {
    userId: asha.id,
    actorId: admin.id,
    detail: 'all: 2',
  })
  await ageProofs(service)
  t.equal((await admin.delete(`/users/${asha.id}`)).status, 200)
  t.equal((await admin.delete(`/users/${asha.id}`)).status, 404, 'once')

  const own = await admin.delete(`/users/${admin.id}/sessions`)
  t.match([own.status, own.body.data, own.cookies], [200, { ended: 1 }, [{ name: 'jwt', value: '' }]])
  t.equal((await admin.get('/users/me')).status, 401)
})

t.test(
  'the role is given and taken soon after a proof alone: a stolen session makes no admin that lasts',
  async (t) => {
    const service = await startApp(t)
    const admin = await joinAsAdmin(service)
    const asha = await join(service, 'asha@example.com')
    await ageProofs(service)
    const making = await admin.post('/users', { email: 'mate@example.com', role: 'ADMIN' })
    t.match([making.status, making.body.code], [403, 'step_up_required'])
    for (const role of ['ADMIN', 'USER'])
      t.match((await admin.patch(`/users/${asha.id}`, { role })).body, { code: 'step_up_required' }, role)
    t.equal((await admin.post('/users', { email: 'friend@example.com' })).status, 201, 'a user is none')
    t.equal(await service.database.user.count({ where: { role: 'ADMIN' } }), 1)
    await service.database.$executeRaw`UPDATE sessions SET proved_at = now()`
    t.equal((await admin.patch(`/users/${asha.id}`, { role: 'ADMIN' })).status, 200)
  },
)
