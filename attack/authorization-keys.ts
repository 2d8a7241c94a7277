// Z. API keys in the wrong hands: more than their scope, admins and roles, beside a session, made by who may not, after their end.

import type { Attack, AttackContext } from './support/context.js'
import { signIn } from './support/flows.js'
import type { Answer } from './support/http.js'
import { as, join, joinAsAdmin, nobody } from './support/users.js'

const needs = { routes: ['POST /api-keys', 'GET /users/{id}'] }
const everyScope = ['users:read', 'users:write', 'sessions:read', 'sessions:write', 'events:read']

/** A key of an admin, and the header that shows it. */
async function makeKey({ service }: AttackContext, admin: Parameters<typeof as>[0], scopes: readonly string[]) {
  const { body } = await service.ask('POST', '/api-keys', as(admin, { name: 'An attack', scopes }))
  const { id, key } = Object(body['data']) as { id: string; key: string }
  return { id, key, headers: { authorization: `Bearer ${key}` } }
}

const reaching: Attack = {
  id: 'Z16',
  tried:
    'an API key of one scope on every other call, and one of all scopes on admins, roles, `me`, keys and operations',
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, allOf, equal } = context
    const [admin, victim] = [await joinAsAdmin(context), await join(context)]
    const user = `/users/${victim.userId}`
    const calls: Readonly<Record<string, readonly [string, string, unknown?][]>> = {
      'users:read': [
        ['GET', '/users'],
        ['GET', user],
        ['GET', `${user}/limits`],
      ],
      'users:write': [
        ['PATCH', user, { user_name: 'Eve' }],
        ['POST', '/users', { email: 'eve@example.com' }],
        ['POST', `${user}/unlock`, { reason: 'x' }],
        ['DELETE', user],
      ],
      'sessions:read': [
        ['GET', `${user}/sessions`],
        ['GET', `${user}/devices`],
      ],
      'sessions:write': [['DELETE', `${user}/sessions`]],
      'events:read': [
        ['GET', `${user}/events`],
        ['GET', `${user}/messages`],
      ],
    }
    const beyond: Answer[] = []
    for (const scope of everyScope) {
      const { headers } = await makeKey(context, admin, [scope])
      for (const [other, asked] of Object.entries(calls)) {
        if (other === scope) continue
        for (const [method, path, json] of asked) beyond.push(await service.ask(method, path, { headers, json }))
      }
    }
    allOf('beyond its scope', beyond, ['403 forbidden'])

    const { id, headers } = await makeKey(context, admin, everyScope)
    const [ofAdmin, isAsNobody]: [Answer[], boolean[]] = [[], []]
    for (const asked of Object.values(calls).flat()) {
      const [method, path, json] = asked
      if (!path.startsWith(user)) continue
      const [one, other] = [path.replace(victim.userId, admin.userId), path.replace(victim.userId, nobody)]
      const answer = await service.ask(method, one, { headers, json })
      ofAdmin.push(answer)
      isAsNobody.push(answer.text === (await service.ask(method, other, { headers, json })).text)
    }
    allOf('an admin', ofAdmin, ['404 not_found'])
    equal('as nobody', isAsNobody.every(Boolean), true)
    const listed = await service.ask('GET', '/users?limit=100&sort=-created_at', { headers })
    equal('an admin in the list', listed.text.includes(admin.userId), false)
    const roles: Answer[] = []
    for (const role of ['ADMIN', 'USER', 'admin']) {
      roles.push(await service.ask('PATCH', user, { headers, json: { role } }))
      roles.push(await service.ask('POST', '/users', { headers, json: { email: 'eve@example.com', role } }))
    }
    allOf('roles', roles, ['400 validation_failed'])
    const closed: Answer[] = []
    for (const path of [
      '/users/me',
      '/users/me/limits',
      '/users/me/sessions',
      '/users/me/export',
      '/api-keys',
      '/operations/blocks',
      '/api/auth/me',
    ])
      closed.push(await service.ask('GET', path, { headers }))
    closed.push(await service.ask('POST', '/api-keys', { headers, json: { name: 'x', scopes: everyScope } }))
    closed.push(await service.ask('DELETE', `/api-keys/${id}`, { headers }))
    closed.push(await service.ask('POST', '/api/auth/refresh', { headers }))
    allOf('what no key may ask', closed, ['401 unauthorized'])
  },
}

const making: Attack = {
  id: 'Z17',
  tried:
    'API keys made, listed and removed by nobody, by a user, by a stolen session of an admin; scopes that there are not',
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, allOf, equal } = context
    const [admin, me] = [await joinAsAdmin(context), await join(context)]
    const draft = { name: 'An attack', scopes: everyScope }
    const { id } = await makeKey(context, admin, everyScope)
    const ask = async (options: Parameters<typeof service.ask>[2]) => [
      await service.ask('POST', '/api-keys', { ...options, json: draft }),
      await service.ask('GET', '/api-keys', options),
      await service.ask('DELETE', `/api-keys/${id}`, options),
      await service.ask('DELETE', `/api-keys/${nobody}`, options),
    ]
    allOf('nobody', await ask({}), ['401 unauthorized'])
    allOf('a user', await ask(as(me)), ['403 forbidden'])
    const wrong: Answer[] = []
    for (const scopes of [
      ['*'],
      ['users'],
      ['USERS:READ'],
      [],
      'users:read',
      [['users:read']],
      { 0: 'users:read' },
      null,
    ])
      wrong.push(await service.ask('POST', '/api-keys', as(admin, { ...draft, scopes })))
    for (const more of [{ expires_in_days: 100_000 }, { key: 'lk_mine' }, { id: nobody }, { created_by: nobody }])
      wrong.push(await service.ask('POST', '/api-keys', as(admin, { ...draft, ...more })))
    allOf('drafts', wrong, ['400 validation_failed'])
    const age = `UPDATE sessions SET proved_at = now() - interval '16 minutes' WHERE user_id = $1`
    await service.grey.query(age, [admin.userId])
    allOf('a stolen session of an admin', await ask(as(admin)), ['403 step_up_required'])
    const rows = await service.grey.query('SELECT 1 FROM api_keys WHERE id = $1', [id])
    equal('the key', rows.length, 1)
  },
}

const showing: Attack = {
  id: 'Z18',
  tried:
    'API keys that are guessed, cut, ended, taken away, in a cookie, beside one, in the address, and what is stored of them',
  flows: ['phone'],
  needs,
  async run(context) {
    const { service, flow, allOf, equal, expect } = context
    const admin = await joinAsAdmin(context)
    const me = await signIn(service, flow, flow.newPerson())
    const made = await makeKey(context, admin, everyScope)
    const list = (authorization: string | undefined, more: Record<string, string> = {}, path = '/users') =>
      service.ask('GET', path, { headers: { ...(authorization !== undefined && { authorization }), ...more } })
    const { key, id } = made
    equal('the true one', (await list(`Bearer ${key}`)).status, 200)
    const rows = await service.grey.query('SELECT token_hash, api_keys::text AS all FROM api_keys WHERE id = $1', [id])
    const row = Object(rows[0])
    const digest = Buffer.from(row.token_hash)
    expect(!String(row.all).includes(key.slice(7)), 'the key is stored')
    const wrong: Answer[] = []
    for (const each of [
      'lk_',
      key.slice(0, -1),
      `${key}A`,
      key.toUpperCase(),
      `LK_${key.slice(3)}`,
      `lk_${digest.toString('base64url')}`,
      `lk_${digest.toString('hex')}`,
      `lk_${'A'.repeat(43)}`,
      `lk_${"' OR 1=1 --".padEnd(43, 'A')}`,
    ])
      wrong.push(await list(`Bearer ${each}`))
    wrong.push(await list(`Basic ${Buffer.from(`${key}:`).toString('base64')}`), await list(key))
    wrong.push(await list(undefined, { 'x-api-key': key }), await list(undefined, { cookie: `jwt=${key}` }))
    allOf('no key', wrong, ['401 unauthorized'])
    allOf('in the address', [await list(undefined, {}, `/users?access_token=${'lk_x'}`)], ['401 unauthorized'])
    const beside: Answer[] = []
    for (const cookie of [
      `jwt=${me.token}`,
      `jwt=${admin.token}`,
      'jwt=x',
      'device=x',
      'signup=x',
      'passkey=x',
      'jwt=x; jwt=y',
    ])
      beside.push(await list(`Bearer ${key}`, { cookie }))
    allOf('beside a cookie', beside, ['400 validation_failed'])

    await service.grey.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [id])
    allOf('ended', [await list(`Bearer ${key}`)], ['401 unauthorized'])
    const second = await makeKey(context, admin, everyScope)
    await service.ask('DELETE', `/api-keys/${second.id}`, as(admin))
    allOf('taken away', [await list(`Bearer ${second.key}`)], ['401 unauthorized'])
    const events = await service.grey.query('SELECT detail FROM auth_events WHERE actor_id = $1', [id])
    equal('its calls in the trail', events.length, 1)
  },
}

export const keys: readonly Attack[] = [reaching, making, showing]
