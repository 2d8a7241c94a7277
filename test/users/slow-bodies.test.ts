// Nobody gets the last word by a body that comes late: whoever lost their rights while it came is answered as by the next request,
// and nothing is changed. Every unsafe route for signed-in people, as the OpenAPI document has them.
import t, { type Test } from 'tap'
import { insertPasskey, passkeySettings } from '../passkeys/passkey-people.js'
import { startApp, type TestApp } from '../support/app.js'
import { codesOf, type Operation, operations } from '../support/document.js'
import { newEmail } from '../support/flows.js'
import { type SlowRequest, sendWhole, startSlowly } from '../support/slow-request.js'
import { ageProofs, isUnchanged, join, joinAsAdmin, type Person, stored } from './people.js'

type Route = Readonly<{ method: string; path: string; operation: Operation }>

const home = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'Maharashtra', pincode: '411001' }

/** Whether who has no token is refused: a route that is open to all, such as logging out, has an empty way in beside the others. */
function asksForBearer({ security }: Operation): boolean {
  return security.some((way) => 'bearer' in way) && security.every((way) => Object.keys(way).length > 0)
}

/** The routes for signed-in people that may change something. */
const unsafeRoutes = operations.filter(({ method, operation }) => method !== 'GET' && asksForBearer(operation))

const isAboutOthers = ({ path }: Route) => /^\/users(\/\{id\}|$)/.test(path)
const asksForProof = ({ path, operation }: Route) =>
  // of an admin alone, and no example is one
  path !== '/users' && !path.includes('{id}') && codesOf(operation, '403').includes('step_up_required')

/** A way to lose one's rights; those that only some routes ask for, for these. */
type Loss = Readonly<{
  name: string
  status: number
  isAsked: (route: Route) => boolean
  lose: (scene: Scene) => Promise<unknown>
}>
type Cast = Readonly<{ service: TestApp; admin: Person; victim: Person }>
type Scene = Cast & Readonly<{ rogue: Person; elsewhere: Person }>

const always = () => true
const losses: readonly Loss[] = [
  {
    name: 'demoted',
    status: 403,
    isAsked: isAboutOthers,
    lose: ({ admin, rogue }) => admin.patch(`/users/${rogue.id}`, { role: 'USER' }),
  },
  {
    name: 'disabled',
    status: 401,
    isAsked: always,
    lose: ({ admin, rogue }) => admin.patch(`/users/${rogue.id}`, { disabled: true }),
  },
  {
    name: 'deleted',
    status: 401,
    isAsked: always,
    lose: ({ admin, rogue }) => admin.delete(`/users/${rogue.id}`),
  },
  {
    name: 'session ended elsewhere',
    status: 401,
    isAsked: always,
    lose: ({ elsewhere }) => elsewhere.delete('/users/me/sessions?others=true'),
  },
  {
    name: 'logged out',
    status: 401,
    isAsked: always,
    lose: ({ rogue }) => rogue.post('/api/auth/logout'),
  },
  {
    name: 'proof out of date',
    status: 403,
    isAsked: asksForProof,
    lose: async ({ service }) => {
      await ageProofs(service)
      // The way back from the sign-in page also takes a session that was opened a moment ago.
      await service.database.$executeRaw`UPDATE sessions SET created_at = created_at - interval '16 minutes'`
    },
  },
]

/** What the route is asked for, so that it would do something. */
async function requestOf({ method, path, operation }: Route, { service, rogue, victim }: Scene): Promise<SlowRequest> {
  const { example, examples = {} } = operation.requestBody?.content['application/json'] ?? {}
  const id = path.includes('/addresses/')
    ? (await rogue.post('/users/me/addresses', home)).body.data.id
    : path.includes('/sessions/')
      ? (await rogue.get('/users/me/sessions')).body.data[1].id
      : path.includes('/passkeys/')
        ? await insertPasskey(service, rogue.id)
        : victim.id
  return {
    method,
    path: path.replace('{id}', id).replace('{method}', 'email'),
    headers: { authorization: `Bearer ${rogue.token}` },
    body: example ?? Object.values(examples).at(-1)?.value ?? {},
  }
}

/** Until the request was let in: that its session is in use is noted then. */
async function untilLetIn({ database }: TestApp, { id }: Person): Promise<void> {
  for (;;) {
    const fresh = await database.session.count({
      where: { userId: id, lastSeenAt: { gt: new Date(Date.now() - 60_000) } },
    })
    if (fresh > 0) return
  }
}

async function tryRoute(t: Test, cast: Cast, route: Route, loss: Loss) {
  const { service } = cast
  const name = `${route.method} ${route.path}, ${loss.name}`
  const email = newEmail()
  const elsewhere = await join(service, email)
  const scene: Scene = { ...cast, rogue: await joinAsAdmin(service, email), elsewhere }
  const request = await requestOf(route, scene)
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '6 minutes'`
  const finish = await startSlowly(service.app, request)
  await untilLetIn(service, scene.rogue)
  await loss.lose(scene)
  const before = await stored(service.database)
  const answer = await finish()
  isUnchanged(t, await stored(service.database), before, `${name}: nothing is changed`)
  const next = await sendWhole(service.app, request)
  t.strictSame([answer.status, answer.text], [loss.status, next.text], `${name}: as the next request`)
  await service.database.$executeRaw`UPDATE sessions SET proved_at = now()`
  // Whatever is stored is looked at with each route: as little as can be.
  await service.database.user.deleteMany({ where: { id: scene.rogue.id } })
}

t.test('whoever loses their rights while their body comes has lost them', async (t) => {
  const service = await startApp(t, {
    settings: { ...passkeySettings, RETURN_TO_ORIGINS: 'https://shop.example.com' },
  })
  const cast = { service, admin: await joinAsAdmin(service, newEmail()), victim: await join(service, newEmail()) }
  const routes = unsafeRoutes
  const names = routes.map(({ method, path }) => `${method} ${path}`)
  for (const known of ['POST /users', 'POST /api/auth/refresh', 'DELETE /users/me/addresses/{id}']) {
    t.ok(names.includes(known), `${known} is one of them`)
  }
  for (const loss of losses) {
    const asked = routes.filter(loss.isAsked)
    t.ok(asked.length >= 3, `${loss.name}: ${asked.length} routes`)
    for (const route of asked) await tryRoute(t, cast, route, loss)
  }
})

t.test('an admin who was demoted meanwhile gives nobody a role, themselves neither', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service, newEmail())
  const rogue = await joinAsAdmin(service, newEmail())
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '6 minutes'`
  const headers = { authorization: `Bearer ${rogue.token}` }
  const body = { role: 'ADMIN', disabled: false }
  const finish = await startSlowly(service.app, { method: 'PATCH', path: '/users/me', headers, body })
  await untilLetIn(service, rogue)
  t.equal((await admin.patch(`/users/${rogue.id}`, { role: 'USER' })).status, 200)
  const answer = await finish()
  t.match([answer.status, JSON.parse(answer.text)], [400, { errors: ['role is not a known field', /disabled/] }])
  t.match(await service.database.user.findUnique({ where: { id: rogue.id } }), { role: 'USER' })
})
