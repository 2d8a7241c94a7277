// Making API keys: by whom, with what, shown once; taking them away, and that they end.
import { createHash } from 'node:crypto'
import t from 'tap'
import { startApp } from '../support/app.js'
import { ageProofs, joinAsAdmin, nobody } from '../users/people.js'
import { backEnd } from './keys.js'

const started = startApp(t)
const draft = { name: ' Orders ', scopes: ['users:read', 'events:read'] }

t.test('a key is shown once, stored as a digest, and listed without itself', async (t) => {
  const service = await started
  const admin = await joinAsAdmin(service)
  const { status, body } = await admin.post('/api-keys', { ...draft, expires_in_days: 90 })
  t.equal(status, 201)
  const { key, ...shown } = body.data
  t.match(key, /^lk_[\w-]{43}$/)
  t.match(shown, {
    name: 'Orders',
    beginning: key.slice(0, 7),
    scopes: draft.scopes,
    created_by: admin.id,
    last_used_at: null,
  })
  const days = (Date.parse(shown.expires_at) - Date.parse(shown.created_at)) / 86_400_000
  t.equal(days, 90)
  const row = await service.database.apiKey.findUniqueOrThrow({ where: { id: shown.id } })
  t.same(Buffer.from(row.tokenHash), createHash('sha256').update(key).digest())
  t.notMatch(JSON.stringify(row), key.slice(7))

  const listed = await admin.get('/api-keys')
  t.match(listed.body, { data: [shown], next_cursor: null })
  t.notMatch(listed.text, key.slice(7))
  t.notMatch(service.logged(), key.slice(7))
  const detail = `api key ${shown.id}: users:read events:read`
  t.match(await service.database.authEvent.findFirst({ where: { event: 'authn_token_created', actorId: admin.id } }), {
    actorId: admin.id,
    userId: null,
    detail,
  })
})

t.test('it lives a year where nobody says how long', async (t) => {
  const service = await started
  const admin = await joinAsAdmin(service, 'year@example.com')
  const { expires_at, created_at } = (await admin.post('/api-keys', draft)).body.data
  t.equal((Date.parse(expires_at) - Date.parse(created_at)) / 86_400_000, 365)
})

t.test('what is wrong with it is said', async (t) => {
  const service = await started
  const admin = await joinAsAdmin(service, 'wrong@example.com')
  const wrong = [
    { name: 'Orders' },
    { ...draft, name: ' ' },
    { ...draft, name: 'two\nlines' },
    { ...draft, scopes: [] },
    { ...draft, scopes: ['users:read', 'users:read'] },
    { ...draft, scopes: ['admin'] },
    { ...draft, scopes: 'users:read' },
    { ...draft, expires_in_days: 0 },
    { ...draft, expires_in_days: 731 },
    { ...draft, role: 'ADMIN' },
  ]
  for (const body of wrong) {
    t.match((await admin.post('/api-keys', body)).body, { code: 'validation_failed' }, JSON.stringify(body))
  }
  t.strictSame((await admin.post('/api-keys', { ...draft, expires_in_days: 731 })).body.errors, [
    'expires_in_days must be a whole number from 1 to 730',
  ])
  t.match((await admin.get('/api-keys?cursor=x')).body, { errors: [/next_cursor/] })
  t.match((await admin.get('/api-keys?limit=0')).body, { errors: [/limit/] })
})

t.test('the list has pages, and what is taken away is gone', async (t) => {
  const service = await started
  const admin = await joinAsAdmin(service, 'pages@example.com')
  await service.database.apiKey.deleteMany()
  const ids: string[] = []
  for (let made = 0; made < 3; made++) ids.unshift((await admin.post('/api-keys', draft)).body.data.id)
  const first = (await admin.get('/api-keys?limit=2')).body
  const second = (await admin.get(`/api-keys?limit=2&cursor=${first.next_cursor}`)).body
  t.same(
    [...first.data, ...second.data].map(({ id }) => id),
    ids,
  )
  t.equal(second.next_cursor, null)

  const id = String(ids[0])
  t.match(await admin.delete(`/api-keys/${id.toUpperCase()}`), { status: 200, body: { data: { id } } })
  t.equal((await admin.delete(`/api-keys/${id}`)).status, 404)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'authn_token_revoked' } }), {
    actorId: admin.id,
    detail: `api key ${id}`,
  })
})

t.test('nothing of it without a recent proof', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  await ageProofs(service)
  const answers = [
    await admin.post('/api-keys', draft),
    await admin.get('/api-keys'),
    await admin.delete(`/api-keys/${nobody}`),
  ]
  for (const { status, body } of answers) t.match([status, body.code], [403, 'step_up_required'])
  t.equal(await service.database.apiKey.count(), 0)
})

t.test('a key that has ended, was taken away or never was opens nothing', async (t) => {
  const service = await started
  const { ask, id, token } = await backEnd(service)
  t.equal((await ask('GET', '/users')).status, 200)
  const refused = async (authorization: string) => {
    const { status, headers } = await service.get('/users', { headers: { authorization } })
    return [status, headers['www-authenticate']]
  }
  const expected = [401, 'Bearer realm="latchkey", error="invalid_token"']
  const wrong = ['lk_', `lk_${'a'.repeat(43)}`, `${token}a`, token.slice(0, -1), token.toUpperCase()]
  for (const each of wrong) t.same(await refused(`Bearer ${each}`), expected, each)
  await service.database.$executeRaw`UPDATE api_keys SET expires_at = now() WHERE id = ${id}::uuid`
  t.same(await refused(`Bearer ${token}`), expected, 'ended')
  await service.database.apiKey.delete({ where: { id } })
  t.same(await refused(`Bearer ${token}`), expected, 'taken away')
})

t.test('its use is written down once in five minutes', async (t) => {
  const service = await started
  const { ask, id } = await backEnd(service)
  const lastUse = async () => (await service.database.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt
  await ask('GET', '/users')
  const first = await lastUse()
  t.type(first, Date)
  const admin = await joinAsAdmin(service, 'last-use@example.com')
  const { data } = (await admin.get('/api-keys')).body
  t.equal(data.find((key: { id: string }) => key.id === id).last_used_at, first?.toISOString())
  await ask('GET', '/users')
  t.same(await lastUse(), first)
  await service.database
    .$executeRaw`UPDATE api_keys SET last_used_at = now() - interval '5 minutes' WHERE id = ${id}::uuid`
  await ask('GET', '/users')
  t.ok(Number(await lastUse()) >= Number(first))
})
