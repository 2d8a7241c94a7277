// How late events are: by host, of what is new there, of what waits, and of what has no number yet; and where the database cannot say.
import t from 'tap'
import { EndpointQueue, endpointName } from '../../src/events/endpoint-queue.js'
import { eventLags } from '../../src/events/lag.js'
import { numberEvents } from '../../src/events/log.js'
import { dispatcherDefaults } from '../../src/events/times.js'
import { startApp } from '../support/app.js'
import { idOf } from './dispatching.js'

const urls = ['https://a.example/x', 'https://a.example/y', 'https://b.example/']
const [first, second, third] = urls.map(endpointName) as [string, string, string]

t.test('the oldest event that an endpoint has not got says how late it is', async (t) => {
  const settings = {
    EVENT_WEBHOOKS: urls.map((url, n) => `${url}|whsec_${Buffer.alloc(32, n).toString('base64')}`).join(),
  }
  const service = await startApp(t, { settings })
  const { database } = service
  const ask = async () => {
    const lags = await eventLags(
      database,
      urls.map((url) => ({ url })),
    )
    return [...lags].map(([host, seconds]) => `${host} ${Math.round(seconds)}`).sort()
  }
  t.strictSame(await eventLags(database, []), new Map())
  t.strictSame(await ask(), [], 'nobody knows them yet')
  const knownToAll = () =>
    Promise.all(
      urls.map((url) =>
        new EndpointQueue({ database, url, tellsIdentifiers: false, times: dispatcherDefaults }).take(),
      ),
    )
  await knownToAll()
  t.strictSame(await ask(), ['a.example 0', 'b.example 0'])

  const happen = (secondsAgo: number) =>
    database.$executeRaw`
      INSERT INTO event_outbox (type, user_id, data, happened_at)
      VALUES ('user.updated', ${idOf(1)}::uuid, '{}', now() - make_interval(secs => ${secondsAgo}::float8))`
  await happen(1_000)
  t.strictSame(await ask(), ['a.example 1000', 'b.example 1000'], 'not numbered')
  await numberEvents(database, 10)
  t.strictSame(await ask(), ['a.example 1000', 'b.example 1000'], 'new')

  for (const secondsAgo of [500, 100, -50]) await happen(secondsAgo)
  await numberEvents(database, 10)
  const { position: start } = await database.event.findFirstOrThrow({ orderBy: { position: 'asc' } })
  const get = (name: string, events: bigint) =>
    database.eventEndpoint.update({ where: { name }, data: { position: start + events - 1n } })
  await get(first, 1n)
  await get(second, 2n)
  await get(third, 3n)
  t.strictSame(
    await ask(),
    ['a.example 500', 'b.example 0'],
    'the longer one of a host; a clock that is ahead is no lag',
  )
  const row = { endpoint: third, userId: idOf(1), attempts: 1 }
  const parkedAt = new Date()
  await database.eventDelivery.createMany({
    data: [
      { ...row, position: start, parkedAt },
      { ...row, position: start + 1n, nextAt: new Date() },
      { ...row, position: start + 2n },
    ],
  })
  t.strictSame(await ask(), ['a.example 500', 'b.example 500'], 'what waits counts, what was given up does not')

  const lag = async () =>
    (await service.get('/metrics')).text.split('\n').filter((line) => /^latchkey_event_lag/.test(line))
  t.match(await lag(), [/{endpoint="a.example"} 500/, /{endpoint="b.example"} 500/])
  await database.$executeRaw`ALTER TABLE event_endpoints RENAME TO gone`
  const { status, text } = await service.get('/metrics')
  t.match([status, text], [200, /latchkey_ready/])
  t.strictSame(await lag(), [])
})
