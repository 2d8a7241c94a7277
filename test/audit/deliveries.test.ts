// The events of deliveries are written beside the requests: few writes, in order, and each loss is told.
import t from 'tap'
import { DeliveryTrail } from '../../src/audit/deliveries.js'
import { openDatabase } from '../../src/database/client.js'
import { startApp } from '../support/app.js'

const client = {
  block: '10.0.0.1',
  neighbours: '10.0.0.0/24',
  network: '10.0.0.0/24',
  requestId: '01890000-0000-7000-8000-000000000000',
  userAgent: undefined,
  deviceToken: undefined,
  languages: [],
}

t.test('events that gather go out together, and a wrong one takes no other along', async (t) => {
  const { database, config } = await startApp(t)
  const lost: string[] = []
  const trail = new DeliveryTrail({
    database,
    eventKey: config.eventKey.value,
    onLoss: (origin) => lost.push(origin.requestId),
  })
  const note = (messageId: string, driver = 'webhook') =>
    trail.note(client, {
      identifier: '+919876543210',
      labels: { channel: 'sms', country: 'IN' },
      report: { outcome: 'accepted', driver, messageId },
    })
  const writes = () =>
    database.$queryRaw<{ writes: number }[]>`
      SELECT count(DISTINCT xmin::text)::int AS writes FROM auth_events WHERE event = 'delivery_accepted'`

  for (let index = 0; index < 250; index += 1) note(`message-${index}`)
  await trail.settle()
  const events = await database.authEvent.findMany({ orderBy: { id: 'asc' } })
  t.strictSame(
    events.map(({ messageId }) => messageId),
    Array.from({ length: 250 }, (_, index) => `message-${index}`),
    'all of them, in their order',
  )
  t.strictSame(await writes(), [{ writes: 3 }], 'a hundred at a time, and the rest')

  note('first')
  await new Promise(setImmediate)
  note('second')
  await trail.settle()
  t.strictSame(await writes(), [{ writes: 4 }], 'what comes within a few milliseconds goes out together')

  note('before')
  note('wrong', 'x'.repeat(33))
  note('after')
  await trail.settle()
  t.strictSame(lost, [client.requestId])
  t.equal(await database.authEvent.count({ where: { messageId: { in: ['before', 'after'] } } }), 2)

  // A trail whose database is gone says so of every event.
  const gone = openDatabase({ ...config.database, url: 'postgresql://127.0.0.1:1/none' })
  t.teardown(() => gone.$disconnect())
  const asked = t.capture(gone, 'run', gone.run)
  const without = new DeliveryTrail({
    database: gone,
    eventKey: 'any',
    onLoss: (origin) => lost.push(origin.requestId),
  })
  const requestIds = ['first', 'second', 'third']
  for (const requestId of requestIds) {
    without.note(
      { ...client, requestId },
      {
        identifier: 'a@example.com',
        labels: { channel: 'email', country: null },
        report: { outcome: 'refused' },
      },
    )
  }
  await without.settle()
  t.strictSame(lost.slice(1), requestIds)
  t.equal(asked().length, 1, 'nothing that gathered was tried again')
})

t.test('a receipt that is quicker than the event of its message finds it', async (t) => {
  const { database, config } = await startApp(t)
  const trail = new DeliveryTrail({
    database,
    eventKey: config.eventKey.value,
    onLoss: (_origin, error) => t.error(error),
  })
  const receipt = { driver: 'webhook', messageId: 'quick', status: 'delivered', reason: null } as const
  // Asked once before, so that the question itself is quick.
  t.equal(await trail.receive(client, receipt), undefined, 'nobody was given such a message')
  trail.note(client, {
    identifier: '+919876543210',
    labels: { channel: 'sms', country: 'IN' },
    report: { outcome: 'accepted', driver: 'webhook', messageId: 'quick' },
  })
  t.match(await trail.receive(client, receipt), { channel: 'sms', country: 'IN', isNew: true })
})
