// Endpoints that take nothing: left alone, at no event's cost, in the order of each user, and told all of it once they answer.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Database } from '../../src/database/client.js'
import type { EventTelemetry } from '../../src/events/event-telemetry.js'
import { replayEvents } from '../../src/events/replay.js'
import type { Services } from '../../src/services.js'
import { startApp } from '../support/app.js'
import { dispatch, idOf, keys, ofUser, until, untilKnown, waiting } from './dispatching.js'
import { secret, startReceiver } from './receiver.js'

/** Rests in no time, after three failures. */
const times = { failures: 3, longEnough: 0, firstRest: 20, longestRest: 20 }

/** An event of each of these users, in one transaction. */
const tell = (database: Database, ...users: number[]) =>
  database.$executeRaw`
    INSERT INTO event_outbox (type, user_id, data)
    SELECT 'user.updated', id::uuid, '{}' FROM unnest(${users.map(idOf)}::text[]) WITH ORDINALITY AS u (id, n) ORDER BY n`

const countOf = (telemetry: readonly EventTelemetry[], kind: EventTelemetry['kind']) =>
  telemetry.filter((event) => event.kind === kind).length
const probesOf = (telemetry: readonly EventTelemetry[]) =>
  telemetry.filter((event) => event.kind === 'failed' && event.isProbe).length
const placeOf = (database: Database) => database.eventEndpoint.findFirstOrThrow()

t.test(
  'one that refuses everybody costs no attempt, and is told all in order once it answers',
  { timeout: 20_000 },
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    const [receiver, other] = [await startReceiver(t), await startReceiver(t)]
    receiver.judgeBy(() => 503)
    const { telemetry } = dispatch(t, database, receiver, {
      times: { ...times, requests: 1 },
      endpoints: [receiver, other].map(({ url }) => ({ url, keys })),
    })
    await untilKnown(database, 2)
    await tell(database, 1, 2, 3, 1, 9, 10, 11)
    await until(() => countOf(telemetry, 'rests') === 1)
    await until(() => probesOf(telemetry) >= 1)
    const before = { asked: receiver.asked(), probes: probesOf(telemetry) }
    // Of users who wait already, then of others.
    for (let n = 0; n < 5; n += 1) await tell(database, 1, 2, 4 + n, 4 + n)
    await other.until(({ length }) => length === 27)
    await until(() => probesOf(telemetry) >= before.probes + 8)
    t.equal(receiver.asked() - before.asked, probesOf(telemetry) - before.probes, 'nothing is sent but probes')
    const rows = await waiting(database)
    t.equal(
      rows.reduce((sum, { attempts }) => sum + attempts, 0),
      countOf(telemetry, 'failed') - probesOf(telemetry),
    )
    t.match(rows[0], { error: 'answered 503' })
    t.equal(
      countOf(telemetry, 'failed') - probesOf(telemetry),
      3,
      'nor of what was taken together with those that failed',
    )
    t.equal(countOf(telemetry, 'fault'), 0)

    receiver.judgeBy(() => 200)
    await receiver.until(({ length }) => length === 27)
    for (let user = 1; user < 9; user += 1) {
      const ids = ofUser(receiver.taken, idOf(user)).map(({ id }) => id)
      t.strictSame(ids, [...ids].sort(), `user ${user}`)
    }
    await until(async () => (await waiting(database)).length === 0)
    t.equal((await database.eventEndpoint.findMany({ where: { failingSince: null } })).length, 2)
    t.strictSame([countOf(telemetry, 'rests'), countOf(telemetry, 'back'), countOf(telemetry, 'parked')], [1, 1, 0])
  },
)

t.test(
  'one that gives no answer holds one place, and keeps no replica from stopping',
  { timeout: 20_000 },
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    const receiver = await startReceiver(t)
    let [open, most] = [0, 0]
    receiver.judgeBy((_event, { socket }) => {
      open += 1
      most = Math.max(most, open)
      return new Promise(() => socket.once('close', () => (open -= 1)))
    })
    const { telemetry, stop } = dispatch(t, database, receiver, {
      times: { ...times, slow: 20, timeout: 300, farewell: 50, lease: 100 },
    })
    await untilKnown(database)
    await tell(database, 1, 2, 3, 4, 5, 6)
    await until(() => countOf(telemetry, 'rests') === 1)
    await until(() => countOf(telemetry, 'failed') - probesOf(telemetry) >= 6 && open <= 1)
    await tell(database, 1, 7, 8, 9, 10, 11, 12, 13, 14)
    const probes = probesOf(telemetry)
    most = 0
    await until(() => probesOf(telemetry) > probes + 2)
    t.equal(most, 1)
    // As long as a probe is out the endpoint is kept.
    await until(async () => {
      const asked = receiver.asked()
      const [before, , after] = [await placeOf(database), await sleep(50), await placeOf(database)]
      return open === 1 && asked === receiver.asked() && Number(after.ownedUntil) > Number(before.ownedUntil)
    })
    const out = receiver.asked()
    await until(() => open === 1 && receiver.asked() > out)
    const before = telemetry.length
    const begin = performance.now()
    await stop()
    t.ok(performance.now() - begin < 2_000)
    t.strictSame(telemetry.slice(before), [], 'what is broken off is nobody’s failure, and no answer')
    t.ok(Number((await placeOf(database)).ownedUntil) <= Date.now(), 'and the endpoint is left to the next one')

    receiver.judgeBy(() => 200)
    dispatch(t, database, receiver, { times })
    await receiver.until(({ length }) => length === 15)
  },
)

t.test(
  'events that always fail keep nothing from the others, however many they are',
  { timeout: 20_000 },
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    const receiver = await startReceiver(t)
    const isBad = (id: string | null) => Number(String(id).slice(-12)) < 10
    receiver.judgeBy(({ data }) => (isBad(data.user_id) ? 500 : 200))
    const { telemetry } = dispatch(t, database, receiver, { times: { ...times, firstRetry: 0.01, most: 4 } })
    await untilKnown(database)
    await tell(database, 1, 1)
    await until(() => telemetry.some((event) => event.kind === 'failed' && event.attempts > 3))
    t.equal(countOf(telemetry, 'rests'), 0, 'one alone')

    await tell(database, 2, 3, 4, 5)
    await until(() => countOf(telemetry, 'rests') === 1)
    // Behind more of those who wait than are looked at at once.
    await tell(database, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 11)
    await receiver.until(({ length }) => length === 1)
    await until(() => countOf(telemetry, 'back') >= 1)

    await until(() => countOf(telemetry, 'rests') > countOf(telemetry, 'back'))
    // One that waits among them has its turn, though nothing new comes.
    t.equal((await replayEvents(database, { since: new Date(0), all: true })) > 0, true)
    await receiver.until(({ length }) => length === 2)
  },
)

t.test('those that have failed take turns as its probe', { timeout: 20_000 }, async (t) => {
  const { database } = await startApp(t)
  const receiver = await startReceiver(t)
  receiver.judgeBy(() => 503)
  // None of them is due for long.
  const { telemetry } = dispatch(t, database, receiver, { times: { ...times, failures: 4, firstRetry: 1_000 } })
  await untilKnown(database)
  await tell(database, 1, 2, 3, 4)
  await until(() => countOf(telemetry, 'rests') === 1)
  await until(async () => (await waiting(database)).length === 4)
  const last = await database.eventDelivery.findFirstOrThrow({ orderBy: { nextAt: 'desc' } })
  receiver.judgeBy(({ data }) => (data.user_id === last.userId ? 200 : 500))
  await receiver.until(({ length }) => length === 1)
  await until(() => countOf(telemetry, 'back') === 1)
})

t.test(
  'after a day, and not before, what waits is given up, also what nobody has tried',
  { timeout: 20_000 },
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    const receiver = await startReceiver(t)
    receiver.judgeBy(() => 503)
    const { telemetry } = dispatch(t, database, receiver, { times: { ...times, most: 3 } })
    await untilKnown(database)
    await tell(database, 1, 2, 3, 1)
    await until(() => countOf(telemetry, 'rests') === 1)
    await tell(database, 4, 5, 6, 7, 8, 9, 1)
    const isParked = { parkedAt: { not: null } }
    const parked = () => database.eventDelivery.count({ where: isParked })
    const probes = async (count: number) => {
      const before = probesOf(telemetry)
      await until(() => probesOf(telemetry) >= before + count)
    }
    await probes(1)
    // Late, but not for so long at this endpoint: the replicas were away, or it is new that it takes nothing.
    await database.$executeRaw`UPDATE events SET happened_at = now() - interval '2 days'`
    await probes(2)
    t.equal(await parked(), 0)

    await database.$executeRaw`UPDATE event_deliveries SET queued_at = now() - interval '2 days' WHERE user_id = ${idOf(1)}::uuid`
    await until(async () => (await parked()) >= 1)
    await probes(2)
    const waits = await database.eventDelivery.count({ where: { parkedAt: null, userId: { not: idOf(1) } } })
    t.ok(waits > 0, 'each has a day of its own')

    await database.$executeRaw`UPDATE event_endpoints SET failing_since = now() - interval '2 days'`
    await until(async () => {
      // What a probe has written down since has not waited for long.
      await database.$executeRaw`UPDATE event_deliveries SET queued_at = now() - interval '2 days'`
      return (await parked()) === 11
    })
    // Told once it is written down.
    const told = () => telemetry.reduce((sum, event) => sum + (event.kind === 'parked' ? event.count : 0), 0)
    await until(() => told() === 11)
    t.equal(await database.eventDelivery.count({ where: { ...isParked, error: 'answered 503' } }), 11)
    await tell(database, 10)
    await probes(1)
    t.equal(await parked(), 11, 'what comes then has its day')

    receiver.judgeBy(() => 200)
    await receiver.until(({ length }) => length === 1)
    t.equal(await replayEvents(database, { since: new Date(0) }), 11)
    await receiver.until(({ length }) => length === 12)
  },
)

t.test(
  'what is replayed while it rests waits with the others; that it asks for time counts, and no other 4xx',
  { timeout: 20_000 },
  async (t) => {
    const service = await startApp(t)
    const { database } = service
    const receiver = await startReceiver(t)
    const { telemetry } = dispatch(t, database, receiver, { times: { ...times, longestAsked: 30 } })
    await untilKnown(database)
    await tell(database, 1, 1, 2)
    await receiver.until(({ length }) => length === 3)
    receiver.judgeBy(() => 429)
    await tell(database, 3, 4, 5, 6, 7)
    await until(() => countOf(telemetry, 'failed') >= 5)
    t.equal(countOf(telemetry, 'rests'), 0)
    receiver.judgeBy(() => ({ status: 429, retryAfter: '86400' }))
    await until(() => countOf(telemetry, 'rests') === 1)
    t.equal(await replayEvents(database, { since: new Date(0), all: true }), 3)
    const before = receiver.asked() - probesOf(telemetry)
    const probes = probesOf(telemetry)
    await until(() => probesOf(telemetry) >= probes + 8)
    t.equal(receiver.asked() - probesOf(telemetry), before, 'nothing is sent but probes')
    receiver.judgeBy(() => 200)
    await receiver.until(({ length }) => length === 11)
    t.equal(new Set(receiver.taken.map(({ id }) => id)).size, 8)
  },
)

for (const [when, rest] of [
  ['as it is tried', times.longestRest],
  ['while it rests', 60_000],
] as const)
  t.test(
    `it is left to another replica that has it, ${when}, and found out about again`,
    { timeout: 20_000 },
    async (t) => {
      const { database } = await startApp(t)
      const receiver = await startReceiver(t)
      receiver.judgeBy(() => 503)
      const { telemetry } = dispatch(t, database, receiver, { times: { ...times, firstRest: rest, longestRest: rest } })
      await untilKnown(database)
      await tell(database, 1, 2, 3)
      await until(async () => (await placeOf(database)).failingSince !== null)
      const { failingSince } = await placeOf(database)
      await database.eventEndpoint.updateMany({ data: { owner: idOf(9), ownedUntil: new Date(Date.now() + 100) } })
      await until(() => countOf(telemetry, 'handed_over') === 1)
      await until(() => countOf(telemetry, 'rests') === 2)
      t.strictSame((await placeOf(database)).failingSince, failingSince, 'since when it takes nothing is known to all')
      receiver.judgeBy(() => 200)
      if (rest === times.longestRest) await receiver.until(({ length }) => length === 3)
    },
  )

t.test('where nothing is left to try it with, the next event is', { timeout: 20_000 }, async (t) => {
  const { database } = await startApp(t)
  const receiver = await startReceiver(t)
  receiver.judgeBy(() => 503)
  const { telemetry } = dispatch(t, database, receiver, { times })
  await untilKnown(database)
  await tell(database, 1, 2, 3)
  await until(() => countOf(telemetry, 'rests') === 1)
  await database.$executeRaw`DELETE FROM events`
  const { ownedUntil } = await placeOf(database)
  // It is kept all the while: longer than it rests.
  await until(async () => Number((await placeOf(database)).ownedUntil) - Number(ownedUntil) > 3 * times.longestRest)
  const asked = receiver.asked()
  receiver.judgeBy(() => 200)
  await tell(database, 4)
  await receiver.until(({ length }) => length === 1)
  t.equal(receiver.asked(), asked + 1)
})

t.test('what failed is tried again without a pause between its parts', { timeout: 20_000 }, async (t) => {
  const { database } = await startApp(t)
  const receiver = await startReceiver(t)
  const first = dispatch(t, database, receiver)
  await untilKnown(database)
  const users = Array.from({ length: 12 }, (_, n) => n)
  await tell(database, ...users)
  await receiver.until(({ length }) => length === 12)
  await first.stop()
  t.equal(await replayEvents(database, { since: new Date(0), all: true }), 12)
  const nextAt = new Date(Date.now() + 3_600_000)
  await database.eventDelivery.updateMany({ data: { nextAt, error: 'x' } })
  await database.eventEndpoint.updateMany({ data: { failingSince: new Date() } })
  dispatch(t, database, receiver, { times: { most: 4, idle: 60_000 } })
  await receiver.until(({ length }) => length === 24)
})

t.test('the service says it once, and counts it', { timeout: 20_000 }, async (t) => {
  let ahead = 0
  const begin = Date.now()
  t.intercept(performance, 'now', { value: () => Date.now() - begin + ahead })
  const receiver = await startReceiver(t)
  receiver.judgeBy(() => 503)
  let services: Services | undefined
  const settings = { EVENT_WEBHOOKS: `${receiver.url}|${secret}` }
  const service = await startApp(t, { settings, onServices: (started) => (services = started) })
  services?.dispatcher.start()
  await untilKnown(service.database)
  const gauge = async () =>
    /latchkey_event_endpoint_open{endpoint="[^"]+"} (\d)/.exec((await service.get('/metrics')).text)?.[1]
  t.equal(await gauge(), '0')
  await tell(service.database, ...Array.from({ length: 9 }, (_, n) => n))
  await until(async () => /result="failed"} 9\n/.test((await service.get('/metrics')).text))
  ahead += 60_000
  await tell(service.database, 9)
  await until(() => service.logged().includes('an endpoint takes no events and is left alone'))
  t.match(service.logged(), /"kind":"rests","host":"[^"]+","reason":"answered 503"/)
  t.equal(await gauge(), '1')
  const lines = service.logged().split('"event delivery"').length
  ahead += 5_000
  await until(async () => /result="failed"} 11\n/.test((await service.get('/metrics')).text))
  receiver.judgeBy(() => 200)
  ahead += 10_000
  await receiver.until(({ length }) => length === 10)
  await until(() => service.logged().includes('an endpoint is no longer left alone'))
  t.equal(service.logged().split('"event delivery"').length, lines, 'a probe has no line')
  t.equal(await gauge(), '0')
})
