// What an API key may do and what not: beside a cookie, about admins, with roles, and what the trail says of its calls.
import t from 'tap'
import { withConnection } from '../../src/development/postgres-query.js'
import { startApp } from '../support/app.js'
import { startSlowly } from '../support/slow-request.js'
import { join, joinAsAdmin, nobody } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'
import { backEnd } from './keys.js'

const started = startApp(t)
/** The words for a key that opens nothing: whoever shows one has nowhere to sign in. */
const aboutTheKey = 'This API key is not known, has ended or was revoked'
const rowOf = async (id: string) => (await started).database.user.findUnique({ where: { id } })

t.test('every call is an event with the id of the key, whatever becomes of it', async (t) => {
  const service = await started
  const asha = await join(service, 'asha@example.com')
  const { ask, id } = await backEnd(service, 'users:read')
  await ask('GET', `/users/${asha.id.toUpperCase()}`)
  await ask('GET', '/users?limit=0')
  await ask('PATCH', `/users/${asha.id}`, { user_name: 'Eve' })
  await ask('GET', '/users/me')
  await ask('GET', `/users/me/sessions`)
  await ask('DELETE', `/api-keys/${id}`)
  const events = await service.database.authEvent.findMany({ where: { actorId: id }, orderBy: { id: 'asc' } })
  t.same(
    events.map(({ event, userId, detail }) => [event, userId, detail]),
    [
      ['authz_admin', asha.id, 'api key: GET /users/:id'],
      ['authz_admin', null, 'api key: GET /users'],
      ['authz_fail', asha.id, 'api key: PATCH /users/:id'],
      ['authz_fail', null, 'api key: GET /users/:id'],
      ['authz_fail', null, 'api key: GET /users/me/sessions'],
      ['authz_fail', null, 'api key: DELETE /api-keys/:id'],
    ],
  )
  t.match(events[0], { network: '127.0.0.0', requestId: String })
  t.match(await rowOf(asha.id), { userName: null })
})

t.test('what it changes has it as the actor, and what it reads', async (t) => {
  const service = await started
  const asha = await join(service, 'changed@example.com')
  const { ask, id } = await backEnd(service)
  const answer = await ask('PATCH', `/users/${asha.id}`, { user_name: 'Asha', disabled: true, reason: 'Fraud' })
  t.match(answer, { status: 200, body: { data: { user_name: 'Asha' } } })
  t.equal((await asha.get('/users/me')).status, 401, 'disabled at once')
  await ask('DELETE', `/users/${asha.id}/sessions?reason=Asked`)
  await ask('GET', `/users/${asha.id}/events`)
  await ask('POST', `/users/${asha.id}/unlock`, { reason: 'Called us' })
  await ask('DELETE', `/users/${asha.id}`)
  const details = await service.database.authEvent.findMany({
    where: { actorId: id, userId: asha.id, OR: [{ detail: null }, { NOT: { detail: { startsWith: 'api key: ' } } }] },
    orderBy: { id: 'asc' },
  })
  t.same(
    details.map(({ event, detail }) => `${event} ${detail}`),
    [
      'user_updated user_name, disabled true; Fraud',
      'session_logout all: 0; Asked',
      'sensitive_read events',
      'authz_admin unlock email: Called us',
      'user_deleted null',
    ],
  )
})

t.test('beside a cookie of ours it is refused, whatever the cookie says', async (t) => {
  const service = await started
  const { ask } = await backEnd(service)
  for (const name of ['jwt', 'device', 'signup', 'passkey']) {
    const answer = await ask('GET', '/users', undefined, { cookie: `theme=dark; ${name}=x` })
    t.match(answer, { status: 400, body: { errors: ['Send an API key without cookies'] } }, name)
  }
  t.equal((await ask('GET', '/users', undefined, { cookie: 'theme=dark' })).status, 200)
})

t.test('in a cookie it is nothing', async (t) => {
  const service = await started
  const { token } = await backEnd(service)
  t.equal((await service.get('/users', { headers: { cookie: `jwt=${token}` } })).status, 401)
})

t.test('a key that opens nothing is told of as a key', async (t) => {
  const service = await started
  const { ask, id } = await backEnd(service)
  const refused = { status: 401, headers: { 'www-authenticate': /invalid_token/ } }
  const none = { ...refused, body: { code: 'unauthorized', detail: aboutTheKey, errors: [aboutTheKey] } }
  for (const authorization of ['Bearer lk_', `Bearer lk_${'x'.repeat(43)}`, 'bearer lk_short']) {
    t.match(await ask('GET', '/users', undefined, { authorization }), none, authorization)
  }
  const notForKeys = { ...refused, body: { code: 'unauthorized', errors: ['No API key may ask for this: sign in'] } }
  for (const path of ['/api/auth/me', '/users/me', '/users/ME', '/users/me/sessions', '/users/me/events'])
    t.match(await ask('GET', path), notForKeys, path)
  t.match(await ask('PATCH', '/users/me', { user_name: 'Eve' }), notForKeys)
  t.match(await ask('DELETE', '/users/me/sessions'), notForKeys)
  t.match((await ask('POST', '/api/auth/refresh')).body, { errors: ['No API key may ask for this: sign in'] })
  await service.database.$executeRaw`UPDATE api_keys SET expires_at = now() WHERE id = ${id}::uuid`
  t.match(await ask('GET', '/users'), none, 'ended')
  await service.database.apiKey.delete({ where: { id } })
  t.match(await ask('GET', '/users'), none, 'revoked')
})

t.test('without the scope it hears which one, as RFC 6750 has it', async (t) => {
  const service = await started
  const asha = await join(service, 'scope@example.com')
  const { ask } = await backEnd(service, 'users:read')
  const calls: ['DELETE' | 'GET', string, string][] = [
    ['DELETE', `/users/${asha.id}`, 'users:write'],
    ['GET', `/users/${asha.id}/sessions`, 'sessions:read'],
    ['GET', '/events', 'events:read'],
  ]
  for (const [method, path, scope] of calls) {
    t.match(await ask(method, path), {
      status: 403,
      headers: { 'www-authenticate': `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"` },
      body: { code: 'forbidden', errors: [`This API key has not the scope ${scope}`] },
    })
  }
  t.notOk('www-authenticate' in (await asha.get('/events')).headers, 'of people it is no token that lacks')
})

t.test('roles are none of its business', async (t) => {
  const service = await started
  const asha = await join(service, 'role@example.com')
  const { ask } = await backEnd(service)
  for (const role of ['ADMIN', 'USER']) {
    const unknown = { code: 'validation_failed', errors: ['role is not a known field'] }
    t.match((await ask('PATCH', `/users/${asha.id}`, { role })).body, unknown)
    t.match((await ask('POST', '/users', { email: 'new-role@example.com', role })).body, unknown)
  }
  t.match(await ask('POST', '/users', { email: 'new-role@example.com' }), {
    status: 201,
    body: { data: { role: 'USER' } },
  })
  t.match(await rowOf(asha.id), { role: 'USER' })
})

t.test('admins are not there for it: in the list, in a search, by id and by what they have', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service, 'anna@example.com')
  const asha = await join(service, 'ansha@example.com')
  const { ask } = await backEnd(service)
  const found = async (query: string) =>
    (await ask('GET', `/users${query}`)).body.data.map(({ id }: { id: string }) => id)
  for (const sort of ['created_at', '-created_at', 'user_name', '-user_name']) {
    t.same(await found(`?sort=${sort}`), [asha.id], sort)
    t.same(await found(`?sort=${sort}&q=an`), [asha.id], `${sort}, search`)
  }
  const { next_cursor } = (await admin.get('/users?limit=1')).body
  t.same(await found(`?cursor=${next_cursor}`), [asha.id], 'a later page')
  t.same(await found(`?q=${admin.id}`), [])
  t.same(await found('?email=anna@example.com'), [])
  t.same(await found('?email=ansha@example.com'), [asha.id])
})

t.test('by a phone or an email there is one, or nobody', async (t) => {
  const service = await started
  const [admin, asha] = [await joinAsAdmin(service, 'exact@example.com'), await join(service, '+919876543210')]
  const mail = await join(service, 'findme@example.com')
  const { ask } = await backEnd(service, 'users:read')
  for (const find of [(url: string) => ask('GET', url), admin.get]) {
    t.match((await find('/users?phone=%2B919876543210')).body, { data: [{ id: asha.id }], next_cursor: null })
    t.match((await find('/users?email=FindMe@EXAMPLE.com')).body, { data: [{ id: mail.id }], next_cursor: null })
    t.same((await find('/users?phone=%2B919876543211')).body.data, [])
    t.same((await find('/users?email=findme@example.co')).body.data, [])
    const wrong = ['phone=+919876543210', 'phone=9876543210', 'email=', 'email=x', 'phone=%2B919876543210&email=a@b.co']
    for (const query of [...wrong, 'email=a@b.co&limit=1', 'q=a&email=a@b.co']) {
      t.match((await find(`/users?${query}`)).body, { code: 'validation_failed' }, query)
    }
  }
  t.notMatch(service.logged(), /919876543210|findme/i, 'no query is logged')
})

t.test('a key that is taken away in the middle of its call changes nothing any more', async (t) => {
  const service = await started
  const asha = await join(service, 'middle@example.com')
  const { ask, id } = await backEnd(service)
  await ask('GET', '/users')
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('DELETE FROM api_keys WHERE id = $1', [id])
    const changing = ask('PATCH', `/users/${asha.id}`, { user_name: 'Late' })
    await untilBlocked(service)
    await client.query('COMMIT')
    t.match(await changing, { status: 401, body: { code: 'unauthorized', errors: [aboutTheKey] } })
  })
  t.match(await rowOf(asha.id), { userName: null })
})

t.test('nor does it touch who becomes an admin meanwhile', async (t) => {
  const service = await started
  const asha = await join(service, 'promoted@example.com')
  const { ask } = await backEnd(service)
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [asha.id])
    const changing = ask('PATCH', `/users/${asha.id}`, { disabled: true })
    await untilBlocked(service)
    await client.query('COMMIT')
    t.equal((await changing).status, 404)
  })
  t.match(await rowOf(asha.id), { disabledAt: null })
})

t.test('its body may come late: it is asked again, and told once', async (t) => {
  const service = await started
  const asha = await join(service, 'slow@example.com')
  const { id, token } = await backEnd(service)
  const request = { method: 'PATCH', path: `/users/${asha.id}`, headers: { authorization: `Bearer ${token}` } }
  const finish = await startSlowly(service.app, { ...request, body: { user_name: 'Asha' } })
  t.equal((await finish()).status, 200)
  t.equal(await service.database.authEvent.count({ where: { actorId: id, event: 'authz_admin' } }), 1)
  const late = await startSlowly(service.app, { ...request, body: { user_name: 'Late' } })
  await service.database.apiKey.delete({ where: { id } })
  t.equal((await late()).status, 401)
  t.match(await rowOf(asha.id), { userName: 'Asha' })
})

t.test('an id that is none is said to be none', async (t) => {
  const { ask } = await backEnd(await started)
  t.equal((await ask('GET', '/users/everybody')).status, 400)
  t.equal((await ask('GET', `/users/${nobody}`)).status, 404)
})
