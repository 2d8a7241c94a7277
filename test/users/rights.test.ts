// Rights are asked in the transaction that acts: who loses them between being let in and acting changes nothing. The moment is
// arranged: the loss holds its row until the call waits for it.
import t from 'tap'
import type { Prisma } from '../../src/generated/prisma/client.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'
import { newEmail } from '../support/flows.js'
import { isUnchanged, join, joinAsAdmin, type Person, stored } from './people.js'
import { untilBlocked, untilBlockedOrDone } from './waiting.js'

const home = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'Maharashtra', pincode: '411001' }

/** Who acts, with a session of theirs elsewhere and an address, and somebody else. */
type Scene = Readonly<{ actor: Person; other: Person; elsewhere: string; address: string }>
type Call = (scene: Scene) => Promise<Answer>

const callsOfAdmins: Record<string, Call> = {
  'make a user': ({ actor }) => actor.post('/users', { email: newEmail() }),
  'make an admin': ({ actor }) => actor.post('/users', { email: newEmail(), role: 'ADMIN' }),
  rename: ({ actor, other }) => actor.patch(`/users/${other.id}`, { user_name: 'Eve' }),
  promote: ({ actor, other }) => actor.patch(`/users/${other.id}`, { role: 'ADMIN' }),
  disable: ({ actor, other }) => actor.patch(`/users/${other.id}`, { disabled: true }),
  delete: ({ actor, other }) => actor.delete(`/users/${other.id}`),
  'end sessions': ({ actor, other }) => actor.delete(`/users/${other.id}/sessions`),
  'change the own role': ({ actor }) => actor.patch('/users/me', { role: 'ADMIN' }),
  'enable oneself': ({ actor }) => actor.patch('/users/me', { disabled: false }),
}

const callsOfUsers: Record<string, Call> = {
  'rename oneself': ({ actor }) => actor.patch('/users/me', { user_name: 'Eve' }),
  'delete oneself': ({ actor }) => actor.delete('/users/me'),
  'end all own sessions': ({ actor }) => actor.delete(`/users/${actor.id}/sessions`),
  'the same among one’s sessions': ({ actor }) => actor.delete('/users/me/sessions'),
  'end other sessions': ({ actor }) => actor.delete('/users/me/sessions?others=true'),
  'end one session': ({ actor, elsewhere }) => actor.delete(`/users/me/sessions/${elsewhere}`),
  'add an address': ({ actor }) => actor.post('/users/me/addresses', home),
  'change an address': ({ actor, address }) => actor.patch(`/users/me/addresses/${address}`, { city: 'Goa' }),
  'remove an address': ({ actor, address }) => actor.delete(`/users/me/addresses/${address}`),
}

type Loss = Readonly<{
  status: number
  calls: Record<string, Call>
  lose: (held: Prisma.TransactionClient, userId: string) => Promise<unknown>
}>

const losses: Record<string, Loss> = {
  demoted: {
    status: 403,
    calls: callsOfAdmins,
    lose: (held, id) => held.user.update({ where: { id }, data: { role: 'USER' } }),
  },
  disabled: {
    status: 401,
    calls: { ...callsOfAdmins, ...callsOfUsers },
    lose: (held, id) => held.user.update({ where: { id }, data: { disabledAt: new Date() } }),
  },
  deleted: {
    status: 401,
    calls: { ...callsOfAdmins, ...callsOfUsers },
    lose: (held, id) => held.user.delete({ where: { id } }),
  },
  'signed out': {
    status: 401,
    calls: { ...callsOfAdmins, ...callsOfUsers },
    lose: (held, userId) => held.session.deleteMany({ where: { userId } }),
  },
}

async function setScene(service: TestApp, other: Person): Promise<Scene> {
  const email = newEmail()
  await join(service, email)
  const actor = await joinAsAdmin(service, email)
  const sessions = (await actor.get('/users/me/sessions')).body.data
  const address = (await actor.post('/users/me/addresses', home)).body.data.id
  return { actor, other, elsewhere: sessions[1].id, address }
}

for (const [name, { status, calls, lose }] of Object.entries(losses)) {
  t.test(`who is ${name} just before it changes nothing`, async (t) => {
    const service = await startApp(t)
    await joinAsAdmin(service)
    // One for all calls, since none may change anything.
    const other = await join(service, newEmail())
    for (const [what, call] of Object.entries(calls)) {
      const scene = await setScene(service, other)
      const { waiting, before } = await service.database.$transaction(async (held) => {
        await lose(held, scene.actor.id)
        const waiting = call(scene)
        await untilBlockedOrDone(service, waiting)
        return { waiting, before: await stored(held) }
      })
      t.equal((await waiting).status, status, what)
      isUnchanged(t, await stored(service.database), before, `${what}: nothing is changed`)
    }
    const refused = await service.database.authEvent.findMany({ where: { event: 'authz_fail' } })
    t.equal(refused.length, status === 403 ? Object.keys(calls).length : 0)
    if (status === 403) t.match(refused[0], { detail: 'POST /users', network: '127.0.0.0/24', actorId: null })
  })
}

t.test(
  'two admins who demote each other at once: one wins, the other hears 403, and neither waits in a circle',
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    for (let round = 0; round < 5; round += 1) {
      await database.user.deleteMany()
      const [one, other] = [await joinAsAdmin(service, newEmail()), await joinAsAdmin(service, newEmail())]
      // Whoever took the locks in another order would have the second row when they come to the first.
      const held = round % 2 === 0 ? one : other
      const { calls } = await database.$transaction(async (transaction) => {
        await transaction.$queryRaw`SELECT id FROM users WHERE id = ${held.id}::uuid FOR UPDATE`
        const first = one.patch(`/users/${other.id}`, { role: 'USER' })
        await untilBlocked(service)
        const second = other.patch(`/users/${one.id}`, { role: 'USER' })
        await untilBlocked(service, 2)
        return { calls: [first, second] }
      })
      t.strictSame((await Promise.all(calls)).map(({ status }) => status).sort(), [200, 403])
      t.equal(await database.user.count({ where: { role: 'ADMIN' } }), 1)
    }
    const [row] = await database.$queryRaw<{ deadlocks: bigint }[]>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
    t.equal(row?.deadlocks, 0n)
  },
)

t.test('a session ends after what it does, never before: logging out waits for it', async (t) => {
  const service = await startApp(t)
  const { actor, address } = await setScene(service, await join(service, newEmail()))
  const { changing, leaving, isAnswered } = await service.database.$transaction(async (held) => {
    await held.$queryRaw`SELECT id FROM addresses WHERE id = ${address}::uuid FOR UPDATE`
    const changing = actor.patch(`/users/me/addresses/${address}`, { city: 'Goa' })
    await untilBlocked(service)
    const leaving = actor.post('/api/auth/logout')
    return { changing, leaving, isAnswered: await untilBlockedOrDone(service, leaving, 2) }
  })
  t.notOk(isAnswered)
  t.match([(await changing).status, (await leaving).status], [200, 200])
  t.equal((await actor.get('/users/me')).status, 401)
})

t.test('deleting somebody takes the locks of their codes first, as entering a code does', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const admin = await joinAsAdmin(service)
  const asha = await join(service, 'asha@example.com')
  await asha.post('/users/me/step-up')
  const { deleting } = await database.$transaction(async (entering) => {
    await entering.$queryRaw`SELECT identifier FROM otps WHERE purpose = 'step_up' FOR UPDATE`
    const deleting = admin.delete(`/users/${asha.id}`)
    await untilBlocked(service)
    await entering.$queryRaw`SELECT id FROM users WHERE id = ${asha.id}::uuid FOR UPDATE NOWAIT`
    return { deleting }
  })
  t.equal((await deleting).status, 200)
  t.match(await database.otp.findFirst({ where: { purpose: 'step_up' } }), { codeHash: null })
})
