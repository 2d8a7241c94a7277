// Z. Authorisation: others' data, others' rights, fields that are not for me to write.
import { fields } from './authorization-fields.js'
import { helpdesk } from './authorization-helpdesk.js'
import { keys } from './authorization-keys.js'
import { late } from './authorization-late.js'
import { own } from './authorization-own.js'
import { type AttackContext, type Group, named } from './support/context.js'
import { createFlow } from './support/flows.js'
import type { Answer } from './support/http.js'
import { looks } from './support/looks.js'
import { as, attack, join, joinAsAdmin, nobody } from './support/users.js'

const anonymous = attack('Z1', 'every call under /users without a token', async ({ service, fixtures, allOf }) => {
  const answers: Answer[] = []
  // Without settings of theirs, passkeys are nowhere; K asks them where they are.
  const isHere = (name: string) => / \/users(\/|$)/.test(name) && !/passkey/.test(name)
  for (const route of [...fixtures.build.routes].filter(isHere)) {
    const [method = '', path = ''] = route.split(' ')
    answers.push(await service.ask(method, path.replaceAll(/\{[^}]+\}/g, nobody), { json: {} }))
  }
  allOf('answers', answers, ['401 unauthorized'])
})

const others = attack('Z2', "another user's account, and one that does not exist", async (context) => {
  const { service, allOf, equal } = context
  const [me, other] = [await join(context), await join(context)]
  const answers: Answer[] = []
  for (const [method, json] of [['GET'], ['PATCH', { user_name: 'Eve' }], ['DELETE']] as const) {
    const pair = [other.userId, nobody].map((id) => service.ask(method, `/users/${id}`, as(me, json)))
    const [existing, missing] = await Promise.all(pair)
    if (existing && missing) {
      answers.push(existing, missing)
      equal(`${method} looks the same`, looks(existing) === looks(missing), true)
    }
  }
  answers.push(await service.ask('DELETE', `/users/${other.userId}/sessions`, as(me)))
  allOf('answers', answers, ['403 forbidden'])
  equal('the other one', (await service.ask('GET', '/api/auth/me', as(other))).status, 200)
})

const lists = attack('Z3', 'the list of users and making one, as no admin', async (context) => {
  const me = await join(context)
  const answers = [
    await context.service.ask('GET', '/users', as(me)),
    await context.service.ask('POST', '/users', as(me, { email: 'eve@example.org', role: 'ADMIN' })),
  ]
  context.allOf('answers', answers, ['403 forbidden'])
})

const demotion = attack('Z4', 'an admin before and after demotion, with the same token', async (context) => {
  const { service, equal } = context
  await joinAsAdmin(context)
  const admin = await joinAsAdmin(context)
  equal('before', (await service.ask('GET', '/users', as(admin))).status, 200)
  await service.grey.query(`UPDATE users SET role = 'USER' WHERE id = $1`, [admin.userId])
  equal('after', named(await service.ask('GET', '/users', as(admin))), '403 forbidden')
})

const lastAdmin = attack('Z6', 'the last admin demotes, disables, deletes itself', async (context) => {
  const { fixtures, allOf, equal } = context
  const service = await fixtures.ownService()
  const own: AttackContext = { ...context, service, flow: createFlow('phone', service) }
  const admin = await joinAsAdmin(own)
  const path = `/users/${admin.userId}`
  const answers = [
    await service.ask('PATCH', path, as(admin, { role: 'USER' })),
    await service.ask('PATCH', path, as(admin, { disabled: true })),
    await service.ask('DELETE', path, as(admin)),
    await service.ask('DELETE', '/users/me', as(admin)),
  ]
  allOf('answers', answers, ['409 last_admin'])
  const second = await joinAsAdmin(own)
  const both = await Promise.all([admin, second].map((one) => service.ask('DELETE', `/users/${one.userId}`, as(one))))
  allOf('two at once', both, [200, '409 last_admin'])
  const left = await service.grey.query(`SELECT 1 FROM users WHERE role = 'ADMIN'`)
  equal('admins left', left.length >= 1, true)
})

const oddIds = attack('Z7', 'ids that are none, as an admin', async (context) => {
  const admin = await joinAsAdmin(context)
  const ids = ['1', '%00', '..%2f', 'a'.repeat(10_000), "'%20OR%201=1", nobody.slice(1), `${nobody}0`, '-1', 'null']
  const answers: Answer[] = []
  for (const id of ids)
    for (const method of ['GET', 'DELETE']) answers.push(await context.service.ask(method, `/users/${id}`, as(admin)))
  context.allOf('answers', answers, [400, 404, 414])
})

const paging = attack('Z8', 'the list: limits, orders, cursors that are not offered', async (context) => {
  const { service, allOf, equal } = context
  const admin = await joinAsAdmin(context)
  const queries = [
    'limit=101',
    'limit=0',
    'limit=-1',
    'limit=a',
    'limit=1.5',
    'sort=role',
    'sort=id;drop',
    'cursor=x',
    'x=1',
  ]
  const answers: Answer[] = []
  for (const query of queries) answers.push(await service.ask('GET', `/users?${query}`, as(admin)))
  allOf('answers', answers, ['400 validation_failed'])
  const page = await service.ask('GET', '/users?limit=1', as(admin))
  equal('one row', [page.status, Object(page.body['data']).length], [200, 1])
  const wild = await service.ask('GET', '/users?q=%25', as(admin))
  equal('a percent sign finds', Object(wild.body['data']).length, 0)
})

const members = [
  'created_at',
  'email',
  'id',
  'mobile_number',
  'phone',
  'public_metadata',
  'role',
  'updated_at',
  'user_name',
]

const onlyDocumented = attack('Z9', 'members of a user in every answer', async (context) => {
  const { service, equal } = context
  const admin = await joinAsAdmin(context)
  const one = await service.ask('GET', '/users/me', as(admin))
  const list = await service.ask('GET', '/users', as(admin))
  const found = [one.body['data'], ...Object(list.body['data'])].flatMap((user) => Object.keys(Object(user)))
  equal(
    'not documented',
    [...new Set(found)].filter((name) => !members.includes(name) && name !== 'addresses'),
    [],
  )
})

export const authorization: Group = {
  letter: 'Z',
  title: 'Authorisation',
  attacks: [
    anonymous,
    others,
    lists,
    demotion,
    ...late,
    ...fields,
    lastAdmin,
    oddIds,
    paging,
    onlyDocumented,
    ...own,
    ...helpdesk,
    ...keys,
  ],
}
