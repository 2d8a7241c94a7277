// V. What the product's own systems hear and decide: who else reads it, what it tells, and a hook that a stranger makes work or go around.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack, Group } from './support/context.js'
import { createFlow, signIn } from './support/flows.js'
import type { Answer } from './support/http.js'
import { as, join, joinAsAdmin } from './support/users.js'

const eventId = '01890000-0000-7000-8000-000000000001'

const log: Attack = {
  id: 'V1',
  tried: 'the log of events by nobody and by users, places in it that are made up, and what it tells of people',
  flows: ['phone'],
  needs: { routes: ['GET /events'] },
  async run(context) {
    const { service, flow, allOf, equal } = context
    const [admin, me] = [await joinAsAdmin(context), await join(context)]
    allOf('nobody', [await service.ask('GET', '/events')], ['401 unauthorized'])
    const mine = ['/events', `/events?user_id=${me.userId}`, `/events?after=${eventId}`, '/events?after=x']
    const asUser: Answer[] = []
    for (const path of mine) asUser.push(await service.ask('GET', path, as(me)))
    allOf('a user', asUser, ['403 forbidden'])
    const wrong: Answer[] = []
    for (const query of [
      'after=x',
      'after=01890000-0000-4000-8000-000000000001',
      'after=ffffffff-ffff-7fff-bfff-ffffffffffff',
      'type=user.*',
      "type=user.created'--",
      'user_id=me',
      'user_id=*',
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1e2',
      'identifiers=full',
      'after[]=x',
    ])
      wrong.push(await service.ask('GET', `/events?${query}`, as(admin)))
    allOf('made up', wrong, ['400 validation_failed'])

    const person = flow.newPerson()
    const otp = await flow.sendForCode(person)
    const { token } = (await flow.verify(person, otp)).body as { token: string }
    await service.ask('PATCH', '/users/me', {
      headers: { authorization: `Bearer ${token}` },
      json: { user_name: 'Eve' },
    })
    let [text, path] = ['', '/events?limit=100']
    while (path !== '') {
      const answer = await service.ask('GET', path, as(admin))
      text += answer.text
      path = answer.body['next_cursor'] ? `/events?limit=100&after=${answer.body['next_cursor']}` : ''
    }
    const told = [person.identifier.slice(3), token, 'Eve'].filter((secret) => text.includes(secret))
    equal('identifiers, tokens, names in it', told, [])
    equal('codes in it', new RegExp(`(?<![0-9a-f-])${otp}(?![0-9a-f-])`).test(text), false)
    equal('the change is in it', text.includes('"changed":["user_name"]'), true)
  },
}

const metadata: Attack = {
  id: 'V2',
  tried: 'public_metadata by its user: changed, at signup, in the body of a verification; and odd values by an admin',
  flows: ['phone'],
  needs: { words: ['public_metadata'] },
  async run(context) {
    const { service, flow, allOf, equal } = context
    const [admin, me] = [await joinAsAdmin(context), await join(context)]
    const public_metadata = { plan: 'gold' }
    const asUser = [
      await service.ask('PATCH', '/users/me', as(me, { public_metadata })),
      await service.ask('PATCH', `/users/${me.userId}`, as(me, { user_name: 'Eve', public_metadata })),
      await service.ask('PATCH', '/users/me', as(me, { publicMetadata: public_metadata })),
      await flow.verify(flow.newPerson(), '000000', { fields: { public_metadata } }),
      await flow.send(flow.newPerson(), { fields: { public_metadata } }),
    ]
    allOf('by a user', asUser, ['400 validation_failed'])
    const odd: Answer[] = []
    for (const value of ['x', 7, null, [], [{}], true, { x: 'x'.repeat(5000) }, { x: '\u0000' }, { '\ud800': 1 }])
      odd.push(await service.ask('PATCH', `/users/${me.userId}`, as(admin, { public_metadata: value })))
    allOf('odd values', odd, ['400 validation_failed'])
    const polluting = JSON.parse('{"__proto__":{"role":"ADMIN"},"constructor":{"prototype":{"role":"ADMIN"}}}')
    const answer = await service.ask('PATCH', `/users/${me.userId}`, as(admin, { public_metadata: polluting }))
    allOf('of prototypes', [answer], [200, 400])
    const own = await service.ask('GET', '/users/me', as(me))
    equal('its role', Object(own.body['data']).role, 'USER')
    equal('seen by its user', 'public_metadata' in Object(own.body['data']), false)
  },
}

const closed: Attack = {
  id: 'V3',
  tried:
    'signing up while the hook is away: with wrong codes, with the right one, again and again; and who has an account',
  flows: ['phone', 'email'],
  // Nobody listens there.
  settings: { HOOK_BEFORE_SIGNUP: `http://127.0.0.1:1/|whsec_${Buffer.alloc(32, 7).toString('base64')}` },
  needs: { settings: ['HOOK_BEFORE_SIGNUP'] },
  async run({ service, flow, allOf, equal }) {
    const person = flow.newPerson()
    const otp = await flow.sendForCode(person)
    const wrongCode = otp === '000000' ? '111111' : '000000'
    const wrong = [await flow.verify(person, wrongCode), await flow.verify(person, wrongCode)]
    allOf('wrong codes', wrong, ['401 otp_invalid'])
    const right: Answer[] = []
    for (let time = 0; time < 3; time++) right.push(await flow.verify(person, otp))
    allOf('the right one', right, ['503 service_unavailable'])
    const column = flow.name === 'email' ? 'email' : 'phone'
    const users = () => service.grey.query(`SELECT id FROM users WHERE ${column} = $1`, [person.identifier])
    equal('accounts', (await users()).length, 0)
    for (let time = 0; time < 3; time++) wrong.push(await flow.verify(person, wrongCode))
    allOf('the right one after five wrong ones', [await flow.verify(person, otp)], ['401 otp_invalid'])

    const known = flow.newPerson()
    await service.grey.query(
      `INSERT INTO users (id, ${column}, ${column}_verified_at, updated_at) VALUES (gen_random_uuid(), $1, now(), now())`,
      [known.identifier],
    )
    allOf('who has an account', [(await signIn(service, flow, known)).answer], [200])
  },
}

/** An endpoint of the product: what it was told, how often it was asked, and by how many connections at once. */
async function startEndpoint() {
  const endpoint = { url: '', status: 503, asked: 0, connections: 0, told: [] as string[], close }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    endpoint.asked += 1
    if (endpoint.status < 300) endpoint.told.push(body)
    // Without that it would be asked for a minute first, by each event at its own pauses.
    response.writeHead(endpoint.status, endpoint.status >= 500 ? { 'retry-after': '1' } : {}).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  function close() {
    server.closeAllConnections()
    server.close()
  }
  return endpoint
}

const overrun: Attack = {
  id: 'V4',
  tried:
    'many accounts at once, while an endpoint of events is down and another one is not: what each of them is asked',
  flows: ['phone'],
  needs: { settings: ['EVENT_WEBHOOKS'] },
  async run({ fixtures, flow: { name }, note, expect, equal }) {
    const [down, up] = [await startEndpoint(), await startEndpoint()]
    up.status = 204
    const list = [down, up].map(({ url }, n) => `${url}|whsec_${Buffer.alloc(32, n + 1).toString('base64')}`)
    const service = await fixtures.ownService({ EVENT_WEBHOOKS: list.join() })
    const until = async (isSo: () => boolean | Promise<boolean>) => {
      const end = performance.now() + 45_000
      while (performance.now() < end && !(await isSo())) await sleep(50)
    }
    try {
      const count = async (sql: string) =>
        Number((await service.grey.query(`SELECT count(*) AS n FROM ${sql}`))[0]?.['n'])
      await until(async () => (await count('event_endpoints')) === 2)
      const flow = createFlow(name, service)
      const join = () => signIn(service, flow, flow.newPerson())
      for (let n = 0; n < 20; n++) await join()
      await until(() => service.running.output().includes('is left alone'))
      const asked = down.asked
      const begin = performance.now()
      while (performance.now() - begin < 6_000) await join()
      const probes = down.asked - asked
      expect(probes >= 1 && probes <= 5, `${probes} requests within six seconds to an endpoint that is down`)
      note(`${probes} of them within six seconds`)
      const events = await count('events')
      await until(async () => up.told.length >= (await count('events')))
      expect(up.told.length >= events, `the other one was told of ${up.told.length} of ${events}`)
      down.status = 204
      const back = performance.now()
      await until(() => down.told.length >= up.told.length)
      note(`all of it ${((performance.now() - back) / 1000).toFixed(0)} s after it was back`)
      const [missing, all] = [new Set(up.told.map(idOf)), up.told.length]
      for (const body of down.told) missing.delete(idOf(body))
      expect(all > 40, `only ${all} events`)
      equal(`of ${all} events not told`, missing.size, 0)
      equal('given up', await count('event_deliveries WHERE parked_at IS NOT NULL'), 0)
    } finally {
      await service.stop()
      down.close()
      up.close()
    }
  },
}

const idOf = (body: string): string => (JSON.parse(body) as { id: string }).id

export const events: Group = {
  letter: 'V',
  title: 'Events, hooks and what the product keeps',
  attacks: [log, metadata, closed, overrun],
}
