// What the database does for an endpoint that rests: which event is its probe, what is given up meanwhile, and what is tried again at once.
import t from 'tap'
import { EndpointQueue } from '../../src/events/endpoint-queue.js'
import { replayEvents } from '../../src/events/replay.js'
import { dispatcherDefaults } from '../../src/events/times.js'
import { startApp } from '../support/app.js'
import { idOf } from './dispatching.js'

const hour = 3_600_000
const fromNow = (milliseconds: number) => new Date(Date.now() + milliseconds)

t.test('an endpoint that rests, as its rows have it', async (t) => {
  const { database } = await startApp(t)
  const queueOf = (most: number) =>
    new EndpointQueue({
      database,
      url: 'https://a.example/',
      tellsIdentifiers: false,
      times: { ...dispatcherDefaults, most },
    })
  const queue = queueOf(4)
  await queue.take()
  const { name: endpoint, position: place } = await database.eventEndpoint.findFirstOrThrow()
  /** Events of these users, numbered from 1, the first `got` of which have rows; ages in hours. */
  const begin = async (users: readonly number[], got: number, ages: Readonly<Record<number, number>> = {}) => {
    await database.event.deleteMany()
    await database.event.createMany({
      data: users.map((user, index) => ({
        position: place + BigInt(index + 1),
        type: 'user.updated',
        userId: idOf(user),
        data: {},
        happenedAt: fromNow(-hour * (ages[index + 1] ?? 0)),
      })),
    })
    await database.eventNumber.updateMany({ data: { last: place + BigInt(users.length) } })
    await database.eventEndpoint.updateMany({ data: { position: place + BigInt(got), failingSince: null } })
    return (n: number, row: object) =>
      database.eventDelivery.create({
        data: { endpoint, position: place + BigInt(n), userId: idOf(users[n - 1] as number), attempts: 1, ...row },
      })
  }
  const numberOf = (position: string | bigint) => Number(BigInt(position) - place)
  const taken = async (isProbe: boolean) =>
    (await queue.take(isProbe))?.map(({ position, isHeld }) => `${numberOf(position)}${isHeld ? ' held' : ''}`)
  const rows = async (where: object) =>
    (await database.eventDelivery.findMany({ where, orderBy: { position: 'asc' } })).map(({ position }) =>
      numberOf(position),
    )
  const parked = () => rows({ parkedAt: { not: null } })
  // The database keeps milliseconds, to the nearest.
  const due = () => rows({ nextAt: { lte: fromNow(1_000) } })
  const placeNow = async () => numberOf((await database.eventEndpoint.findFirstOrThrow()).position)

  await t.test('its probe is what failed and waits next, due or not, and never what is on its way', async (t) => {
    const row = await begin([1, 2, 3, 4, 1, 5], 4)
    await row(1, { error: 'x', nextAt: fromNow(3 * hour) })
    await row(2, { error: 'x', nextAt: fromNow(hour) })
    await row(3, { nextAt: fromNow(60_000) })
    await row(4, { parkedAt: new Date(), error: 'x' })
    t.strictSame(await taken(false), ['5 held', '6'])
    t.strictSame(await taken(true), ['2', '5 held', '6'])
    await database.eventDelivery.updateMany({ data: { nextAt: fromNow(-1_000) }, where: { position: place + 3n } })
    t.strictSame(await taken(true), ['3', '5 held', '6'], 'nobody is at that any more')
  })

  await t.test('what was tried is given up a day later, and lets those behind it go on', async (t) => {
    const row = await begin([1, 1, 2, 3, 4], 5, { 1: 30, 2: 30, 3: 30, 4: 30, 5: 30 })
    await row(1, { queuedAt: fromNow(-25 * hour), nextAt: fromNow(hour), error: 'answered 400' })
    await row(2, { queuedAt: fromNow(-23 * hour) })
    await row(3, { queuedAt: fromNow(-25 * hour), nextAt: fromNow(60_000) })
    await row(4, { queuedAt: fromNow(-25 * hour), nextAt: fromNow(-1) })
    await row(5, { queuedAt: fromNow(-25 * hour), nextAt: fromNow(hour), error: 'x' })
    t.equal(await queue.rest('ECONNREFUSED'), 2)
    t.strictSame(await parked(), [1, 4], 'four are looked at, one of which is on its way')
    t.strictSame(await due(), [2])
    t.equal(await queue.rest('ECONNREFUSED'), 1)
    t.strictSame(await parked(), [1, 4, 5])
    const errors = await database.eventDelivery.findMany({ where: { position: { in: [place + 1n, place + 4n] } } })
    t.strictSame(errors.map(({ error }) => error).sort(), ['ECONNREFUSED', 'answered 400'])
    t.equal(await queueOf(4).rest('x'), null, 'by whoever has the endpoint')
    const result = { position: String(place + 2n), user_id: idOf(1), outcome: 'delivered' } as const
    t.equal(await queueOf(4).settle([result], null), 0)
    t.equal(await database.eventDelivery.count(), 5, 'nor is anything written down by another')
  })

  await t.test('what was not is, once nothing was taken for a day, in the order of the log', async (t) => {
    const row = await begin([1, 2, 3, 4, 5], 0, { 1: 30, 2: 30, 3: 1, 4: 30, 5: 30 })
    t.equal(await queue.rest('x'), 0)
    const { failingSince } = await database.eventEndpoint.findFirstOrThrow()
    t.equal(await queue.rest('x'), 0)
    t.strictSame((await database.eventEndpoint.findFirstOrThrow()).failingSince, failingSince)
    await database.eventEndpoint.updateMany({ data: { failingSince: fromNow(-25 * hour) } })
    // One whose failure was written down before its batch.
    await row(2, { error: 'x', nextAt: fromNow(hour) })
    t.equal(await queue.rest('x'), 1)
    t.strictSame([await parked(), await placeNow()], [[1], 2], 'up to one that is not so old')
    await database.event.updateMany({ data: { happenedAt: fromNow(-30 * hour) } })
    t.equal(await queue.rest('x'), 3)
    t.strictSame([await parked(), await placeNow()], [[1, 3, 4, 5], 5])
    t.equal(await queue.rest('x'), 0, 'and then there is nothing')
  })

  await t.test('what failed is tried again at once when it is back, each once', async (t) => {
    const row = await begin([1, 2, 3, 4, 5, 6], 6)
    for (const n of [1, 2, 4, 5]) await row(n, { error: 'x', nextAt: fromNow(hour) })
    await row(3, { nextAt: fromNow(60_000) })
    await row(6, { error: 'x', parkedAt: new Date() })
    t.equal(await queue.retry('0', false), null, 'not where it has not rested')
    t.equal(await queueOf(4).retry('0', true), null, 'nor by whoever has it not')
    t.strictSame(await due(), [])
    const failingSince = fromNow(-hour)
    await database.eventEndpoint.updateMany({ data: { failingSince } })
    const after = await queue.retry('0', false)
    t.strictSame(await due(), [1, 2, 4])
    t.equal(numberOf(String(after)), 4)
    const result = { position: String(place + 1n), user_id: idOf(1) }
    await queue.settle([{ ...result, outcome: 'failed', retry_after: 60 }], null)
    t.strictSame((await database.eventEndpoint.findFirstOrThrow()).failingSince, failingSince)
    await queue.settle([{ ...result, outcome: 'delivered' }], null)
    t.equal((await database.eventEndpoint.findFirstOrThrow()).failingSince, null)
    t.equal(await queue.retry(String(after), false), null, 'what was begun is ended')
    t.strictSame(await due(), [2, 4, 5])
    await database.eventDelivery.updateMany({ data: { nextAt: fromNow(hour) }, where: { position: place + 5n } })
    await queue.retry('0', true)
    t.strictSame(await due(), [2, 4, 5])
  })

  await t.test('what is sent again goes before what waits of its user already', async (t) => {
    const row = await begin([1, 1, 1, 2], 4)
    await row(1, { parkedAt: new Date(), error: 'x' })
    await row(2, { error: 'x', nextAt: fromNow(-1) })
    await row(3, {})
    t.equal(await replayEvents(database, { since: fromNow(-hour) }), 1)
    t.strictSame(await due(), [1])
    t.equal(await database.eventDelivery.count({ where: { nextAt: null } }), 2)
  })
})
