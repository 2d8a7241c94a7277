// Telling endpoints: signed, at least once, in order for each user, on many replicas, again and again until it is given up.
import t from 'tap'
import type { Database } from '../../src/database/client.js'
import { openDatabase } from '../../src/database/client.js'
import { withConnection } from '../../src/development/postgres-query.js'
import { EndpointQueue } from '../../src/events/endpoint-queue.js'
import type { EventTelemetry } from '../../src/events/event-telemetry.js'
import { numberEvents } from '../../src/events/log.js'
import { parkedDeliveries, replayEvents } from '../../src/events/replay.js'
import { dispatcherDefaults } from '../../src/events/times.js'
import type { Services } from '../../src/services.js'
import { startApp, testConfig } from '../support/app.js'
import { insertUser } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'
import {
  asha,
  dispatch,
  idOf,
  keys,
  ofUser,
  ravi,
  rename,
  startWithTwo,
  until,
  untilKnown,
  waiting,
} from './dispatching.js'
import { secret, startReceiver } from './receiver.js'

t.test('what happens is told, signed with every secret, as readers get it', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const receiver = await startReceiver(t)
  const other = Buffer.from('another secret of 32 bytes, or so')
  const signatures: unknown[] = []
  receiver.judgeBy((_event, { headers }) => {
    signatures.push(headers['webhook-signature'])
    return 200
  })
  const { telemetry } = dispatch(t, service.database, receiver, {
    endpoints: [{ url: receiver.url, keys: [other, ...keys] }],
  })
  await untilKnown(service.database)
  await rename(service, asha, 'Asha Rao')
  await receiver.until(({ length }) => length === 1)
  t.match(receiver.taken, [
    { id: /^[0-9a-f-]{36}$/, type: 'user.updated', timestamp: String, data: { user_id: asha, changed: ['user_name'] } },
  ])
  t.match(String(signatures[0]), /^v1,\S+ v1,\S+$/)
  t.notMatch(JSON.stringify(receiver.taken), /9876543210/)
  await until(async () => telemetry.some(({ kind }) => kind === 'delivered'))
  t.match(telemetry, [{ kind: 'delivered', host: new URL(receiver.url).host, count: 1 }])
})

t.test(
  'one that is stuck holds back its user there, nobody else, nowhere else, and all come in order',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const [receiver, second] = [await startReceiver(t), await startReceiver(t)]
    let isBroken = true
    receiver.judgeBy(({ data }) => (isBroken && data.user_id === asha ? 500 : 200))
    const endpoints = [receiver, second].map(({ url }) => ({ url, keys }))
    const { telemetry } = dispatch(t, service.database, receiver, { endpoints })
    await untilKnown(service.database, 2)
    for (let n = 0; n < 5; n += 1) {
      await rename(service, asha, `Asha ${n}`)
      await rename(service, ravi, `Ravi ${n}`)
    }
    await second.until(({ length }) => length === 10)
    await receiver.until((taken) => ofUser(taken, ravi).length === 5)
    t.equal(ofUser(receiver.taken, asha).length, 0)
    await until(async () => (await waiting(service.database)).length === 5)
    t.match(await waiting(service.database), [
      { userId: asha, error: 'answered 500' },
      { nextAt: null, attempts: 0 },
    ])
    const isAgain = (event: EventTelemetry) =>
      event.kind === 'failed' && event.reason === 'answered 500' && event.attempts > 1
    await until(async () => telemetry.some(isAgain))
    isBroken = false
    await receiver.until((taken) => ofUser(taken, asha).length === 5)
    const ids = ofUser(receiver.taken, asha).map(({ id }) => id)
    t.strictSame(ids, [...ids].sort())
    await until(async () => (await waiting(service.database)).length === 0)
  },
)

t.test(
  'redirects are followed nowhere, and one who gives no answer keeps nobody waiting',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const receiver = await startReceiver(t)
    let answer = () => {}
    const answered = new Promise<number>((resolve) => {
      answer = () => resolve(200)
    })
    let first = true
    receiver.judgeBy(({ data }) => {
      if (data.user_id !== asha) return 200
      if (!first) return 200
      first = false
      return answered
    })
    const { telemetry } = dispatch(t, service.database, receiver, { times: { slow: 30 } })
    await untilKnown(service.database)
    await rename(service, asha, 'Asha 1')
    await rename(service, asha, 'Asha 2')
    await until(async () => receiver.asked() === 1)
    await rename(service, ravi, 'Ravi 1')
    await receiver.until(({ length }) => length === 1)
    await until(async () => (await waiting(service.database)).length === 2)
    t.match(await waiting(service.database), [
      { attempts: 0, nextAt: Date },
      { attempts: 0, nextAt: null },
    ])
    await rename(service, asha, 'Asha 3')
    answer()
    await receiver.until(({ length }) => length === 4)
    t.equal(ofUser(receiver.taken, asha).length, 3)

    receiver.judgeBy(() => 307)
    await rename(service, ravi, 'Ravi 2')
    await until(async () => telemetry.some((event) => event.kind === 'failed' && event.reason === 'answered 307'))
    receiver.judgeBy(() => 200)
    await receiver.until(({ length }) => length === 5)
  },
)

t.test('where too many give no answer, the others wait for them', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const receiver = await startReceiver(t)
  receiver.judgeBy(() => new Promise((resolve) => setTimeout(resolve, 40, 200)))
  dispatch(t, service.database, receiver, { times: { slow: 5, slowRequests: 0 } })
  await untilKnown(service.database)
  await rename(service, asha, 'Asha 1')
  await receiver.until(({ length }) => length === 1)
  await until(async () => (await service.database.eventEndpoint.findFirstOrThrow()).position === 3n)
  t.strictSame(await waiting(service.database), [])
})

t.test(
  'it is given up after its time, told so, and what waits behind it is tried once',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const receiver = await startReceiver(t)
    receiver.judgeBy(() => 503)
    const { telemetry } = dispatch(t, service.database, receiver, { times: { patience: 0.2, firstRetry: 0.15 } })
    await untilKnown(service.database)
    await rename(service, asha, 'Asha 1')
    await rename(service, asha, 'Asha 2')
    await until(async () => (await waiting(service.database)).filter(({ parkedAt }) => parkedAt !== null).length === 2)
    t.equal(telemetry.filter(({ kind }) => kind === 'parked').length, 2)
    receiver.judgeBy(() => 200)
    await rename(service, asha, 'Asha 3')
    await receiver.until(({ length }) => length === 1)
    t.equal((await waiting(service.database)).length, 2, 'those that were given up hold nobody back')
  },
)

t.test('two replicas deliver each event once, and one takes over from the other', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const replica = openDatabase(testConfig({ DATABASE_URL: service.config.database.url }).database)
  t.teardown(() => replica.$disconnect())
  const receiver = await startReceiver(t)
  const one = dispatch(t, service.database, receiver)
  await untilKnown(service.database)
  dispatch(t, replica, receiver)
  for (let n = 0; n < 10; n += 1) await rename(service, asha, `Asha ${n}`)
  await receiver.until(({ length }) => length === 10)
  await one.stop()
  for (let n = 10; n < 20; n += 1) await rename(service, asha, `Asha ${n}`)
  await receiver.until(({ length }) => length === 20)
  t.equal(new Set(receiver.taken.map(({ id }) => id)).size, 20)
})

t.test(
  'a replica that is away loses the endpoint, and writes nothing there any more',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const receiver = await startReceiver(t)
    let answer = () => {}
    receiver.judgeBy(() => new Promise((resolve) => (answer = () => resolve(200))))
    const { telemetry } = dispatch(t, service.database, receiver)
    await untilKnown(service.database)
    await rename(service, asha, 'Asha 1')
    await until(async () => receiver.asked() === 1)
    await service.database.eventEndpoint.updateMany({
      data: { owner: idOf(9), ownedUntil: new Date(Date.now() + 300) },
    })
    answer()
    await receiver.until(({ length }) => length === 1)
    // Told after it would have been written.
    await until(async () => telemetry.some(({ kind }) => kind === 'delivered'))
    t.equal((await service.database.eventEndpoint.findFirstOrThrow()).position, 2n)
    receiver.judgeBy(() => 200)
    await receiver.until(({ length }) => length === 2)
    t.equal(receiver.taken[0]?.id, receiver.taken[1]?.id, 'it comes again, with the id that it had')
  },
)

t.test(
  'events of nobody wait for nobody; those of a stopped replica are left to the next',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const receiver = await startReceiver(t)
    let answer = () => {}
    let first = true
    receiver.judgeBy(() => {
      if (!first) return 200
      first = false
      return new Promise((resolve) => (answer = () => resolve(200)))
    })
    const one = dispatch(t, service.database, receiver, { times: { requests: 1 }, tellsIdentifiers: true })
    await untilKnown(service.database)
    const alarm = { event: 'authn_token_reuse', detail: 'exchange: used twice' }
    await service.database.authEvent.createMany({ data: [alarm, alarm] })
    await service.database.$executeRaw`UPDATE users SET user_name = 'x' WHERE id = ${asha}::uuid`
    await until(async () => receiver.asked() === 1)
    await service.database.$executeRaw`UPDATE users SET user_name = 'y' WHERE id = ${asha}::uuid`
    const stopped = one.stop()
    answer()
    await stopped
    t.equal(receiver.taken.length, 1)
    dispatch(t, service.database, receiver, { tellsIdentifiers: true })
    await receiver.until(({ length }) => length === 4)
    t.match(ofUser(receiver.taken, asha), [{ data: { phone: '+919876543210', email: null } }, {}])
  },
)

t.test(
  'a failure that was written down before its batch is no second delivery of it',
  { timeout: 8_000 },
  async (t) => {
    const service = await startWithTwo(t)
    const { database } = service
    const receiver = await startReceiver(t)
    const first = dispatch(t, database, receiver)
    await untilKnown(database)
    await first.stop()
    await rename(service, asha, 'Asha 1')
    await numberEvents(database, 10)
    const [{ name, position }, event] = await Promise.all([
      database.eventEndpoint.findFirstOrThrow(),
      database.event.findFirstOrThrow({ orderBy: { position: 'desc' } }),
    ])
    t.equal(event.position, position + 1n)
    // One that gave no answer in time, while its batch could not be written: the database was away for a moment.
    const due = { endpoint: name, position: event.position, userId: asha, attempts: 1, nextAt: new Date(0) }
    await database.eventDelivery.create({ data: due })
    receiver.judgeBy(() => 500)
    const { telemetry } = dispatch(t, database, receiver)
    const isAgain = (told: EventTelemetry) => told.kind === 'failed' && told.attempts === 3
    await until(async () => telemetry.some(isAgain))
    t.strictSame(
      telemetry.filter(({ kind }) => kind === 'fault'),
      [],
    )
  },
)

t.test('while the database is away nothing is lost', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const receiver = await startReceiver(t)
  const { telemetry } = dispatch(t, service.database, receiver)
  await untilKnown(service.database)
  await service.database.$executeRaw`ALTER TABLE event_endpoints RENAME TO gone`
  await until(async () => telemetry.some(({ kind }) => kind === 'fault'))
  await rename(service, asha, 'Asha 1')
  await service.database.$executeRaw`ALTER TABLE gone RENAME TO event_endpoints`
  await receiver.until(({ length }) => length === 1)
})

t.test('nobody there is a failure like any other', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const { telemetry } = dispatch(t, service.database, { url: 'http://127.0.0.1:9/' })
  await untilKnown(service.database)
  await rename(service, asha, 'Asha 1')
  await until(async () => telemetry.some((event) => event.kind === 'failed' && event.reason === 'ECONNREFUSED'))
  t.pass()
})

t.test('what was given up is sent again, and everything where somebody wants it', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const receiver = await startReceiver(t)
  const { database } = service
  receiver.judgeBy(() => 503)
  const broken = dispatch(t, database, receiver, { times: { patience: 0 } })
  await untilKnown(database)
  const since = new Date(Date.now() - 1_000)
  await rename(service, asha, 'Asha 1')
  await rename(service, ravi, 'Ravi 1')
  await rename(service, asha, 'Asha 2')
  await database.authEvent.create({ data: { event: 'authn_token_reuse' } })
  await until(async () => (await parkedDeliveries(database, since, 10)).length === 4)
  await broken.stop()
  t.match(await parkedDeliveries(database, since, 2), [
    {
      id: String,
      type: 'user.updated',
      userId: asha,
      host: new URL(receiver.url).host,
      attempts: Number,
      error: 'answered 503',
    },
    { userId: ravi, parkedAt: Date },
  ])
  t.strictSame(await parkedDeliveries(database, new Date(Date.now() + 60_000), 10), [])

  receiver.judgeBy(() => 200)
  dispatch(t, database, receiver)
  await rename(service, asha, 'Asha 3')
  await receiver.until(({ length }) => length === 1)
  t.equal(await replayEvents(database, { since: new Date(Date.now() + 60_000) }), 0)
  t.equal(await replayEvents(database, { since }, 2), 4, 'in parts, too')
  await receiver.until(({ length }) => length === 5)
  const ofAsha = ofUser(receiver.taken, asha).map(({ id }) => id)
  t.ok(String(ofAsha[1]) < String(ofAsha[2]), 'in order')
  await until(async () => (await database.eventDelivery.count()) === 0)
  t.equal(await replayEvents(database, { since, all: true }), 7, 'those of before the endpoint was known too')
  await receiver.until(({ length }) => length === 12)
})

t.test('an endpoint stays with whoever is seen to work there', { timeout: 8_000 }, async (t) => {
  const service = await startWithTwo(t)
  const receiver = await startReceiver(t)
  let answer = () => {}
  receiver.judgeBy(() => new Promise((resolve) => (answer = () => resolve(200))))
  const times = { lease: 150 }
  dispatch(t, service.database, receiver, { times })
  await untilKnown(service.database)
  await rename(service, asha, 'Asha 1')
  await until(async () => receiver.asked() === 1)
  dispatch(t, service.database, receiver, { times })
  const place = () => service.database.eventEndpoint.findFirstOrThrow()
  const { owner, ownedUntil } = await place()
  await until(async () => Number((await place()).ownedUntil) - Number(ownedUntil) > 2 * times.lease)
  t.equal((await place()).owner, owner)
  answer()
  await receiver.until(({ length }) => length === 1)
  t.equal(receiver.asked(), 1)
})

t.test('the service counts what it delivers, and logs what it does not', { timeout: 8_000 }, async (t) => {
  const receiver = await startReceiver(t)
  receiver.judgeBy(({ data }) => (data.user_id === asha ? 500 : 200))
  let services: Services | undefined
  const settings = { EVENT_WEBHOOKS: `${receiver.url}|${secret}` }
  const service = await startApp(t, { settings, onServices: (started) => (services = started) })
  services?.dispatcher.start()
  await untilKnown(service.database)
  await insertUser(service, asha, 'Asha', { phone: '+919876543210' })
  await insertUser(service, ravi, 'Ravi', { email: 'ravi@example.com' })
  const { host } = new URL(receiver.url)
  const counted = (result: string) => `latchkey_event_deliveries_total{endpoint="${host}",result="${result}"} 1\n`
  await until(async () => {
    const { text } = await service.get('/metrics')
    return text.includes(counted('failed')) && text.includes(counted('delivered'))
  })
  t.match(service.logged(), /"reason":"answered 500","attempts":1,"msg":"event delivery"/)
  await service.database.$executeRaw`ALTER TABLE event_endpoints RENAME TO elsewhere`
  await until(async () => service.logged().includes('events could not be read or written down'))
  await service.database.$executeRaw`ALTER TABLE elsewhere RENAME TO event_endpoints`
})

t.test('a replica that is still writing what became of events is the one that delivers there', async (t) => {
  const service = await startApp(t)
  const { database, config } = service
  const url = 'http://127.0.0.1:9/'
  const queue = new EndpointQueue({ database, url, tellsIdentifiers: false, times: dispatcherDefaults })
  t.strictSame(await queue.take(), [])
  const taken = await withConnection(config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('SELECT FROM event_endpoints FOR UPDATE')
    const settled = queue.settle([], null)
    await untilBlocked(service)
    const taking = queue.take()
    // Whoever does not wait has its answer by then.
    for (let round = 0; round < 20; round += 1) await database.$queryRaw`SELECT 1`
    await client.query('COMMIT')
    await settled
    return taking
  })
  t.strictSame(taken, [])
})

t.test('an endpoint stays with its replica while events are sent again', async (t) => {
  const { database, config } = await startApp(t)
  const options = { database, url: 'http://127.0.0.1:9/', tellsIdentifiers: false, times: dispatcherDefaults }
  const [mine, other] = [new EndpointQueue(options), new EndpointQueue(options)]
  t.strictSame(await mine.take(), [])
  await withConnection(config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('SELECT FROM event_endpoints FOR UPDATE')
    t.strictSame([await mine.take(), await other.take()], [[], null])
    await client.query('COMMIT')
  })
})

t.test('what a replica asks of an endpoint’s row, it asks one after the other', async (t) => {
  const { database } = await startApp(t)
  let [under, most] = [0, 0]
  const counted =
    <Parameters extends unknown[]>(ask: (...parameters: Parameters) => Promise<unknown>) =>
    async (...parameters: Parameters) => {
      under += 1
      most = Math.max(most, under)
      return ask(...parameters).finally(() => (under -= 1))
    }
  const watched = {
    functionSchema: database.functionSchema,
    run: counted(database.run),
    $executeRaw: counted((text: TemplateStringsArray, ...values: unknown[]) => database.$executeRaw(text, ...values)),
  } as unknown as Database
  const url = 'http://127.0.0.1:9/'
  const queue = new EndpointQueue({ database: watched, url, tellsIdentifiers: false, times: dispatcherDefaults })
  await queue.take()
  // A slow answer and a renewal come whenever they come.
  const taken = await Promise.all([queue.take(), queue.settle([], null), queue.renew(), queue.take(), queue.rest('x')])
  t.equal(most, 1)
  t.strictSame(taken[3], [], 'it is nobody else’s')
})
