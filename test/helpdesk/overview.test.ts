// The numbers of messages, what they cost, what is closed and used up, and opening a country.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { addUpHours, deleteOldHours, readMessageCounts } from '../../src/audit/message-hours.js'
import { costOf } from '../../src/config/cost-settings.js'
import { startApp, testConfig } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'
import { ageProofs, join, joinAsAdmin } from '../users/people.js'

const settings = { MESSAGE_COSTS: 'IN:0.25,*:5,email:0.0001', MESSAGE_COST_CURRENCY: 'INR' }
const hour = 3_600_000

t.test('sent, delivered, failed, verified and what they cost', async (t) => {
  const service = await startApp(t, { settings })
  const admin = await joinAsAdmin(service)
  await join(service, '+919876543210')
  while ((await service.database.authEvent.count({ where: { event: 'delivery_accepted' } })) < 2) await setImmediate()
  const { body } = await admin.get('/operations/numbers?hours=1')
  t.strictSame(body.data, {
    hours: 1,
    currency: 'INR',
    messages: [
      {
        channel: 'email',
        country: null,
        driver: 'recorder',
        sent: 1,
        delivered: 0,
        failed: 0,
        verified: 1,
        cost: 0.0001,
      },
      { channel: 'sms', country: 'IN', driver: 'recorder', sent: 1, delivered: 0, failed: 0, verified: 1, cost: 0.25 },
    ],
  })
  t.match((await admin.get('/operations/numbers')).body.data, { hours: 24 })
  t.match((await admin.get('/operations/numbers?hours=2')).body.errors, ['hours must be 1, 24 or 168'])
})

t.test('hours that are over are added up once, by any number of replicas, and then read from there', async (t) => {
  const { database } = await startApp(t)
  const at = (hours: number) => new Date(Date.now() - hours * hour)
  const message = { event: 'delivery_accepted', channel: 'sms', country: 'IN', driver: 'twilio' }
  await database.authEvent.createMany({
    data: [
      { ...message, happenedAt: at(200) },
      { ...message, happenedAt: at(30) },
      { ...message, event: 'delivery_failed', messageId: 'one', happenedAt: at(30) },
      { ...message, event: 'delivery_refused', driver: null, happenedAt: at(30) },
      { ...message, happenedAt: at(0) },
    ],
  })
  const before = await readMessageCounts(database, 168)
  t.match(before, [
    { driver: 'twilio', sent: 2, failed: 1 },
    { driver: null, sent: 0, failed: 1 },
  ])
  const hours = await Promise.all([addUpHours(database), addUpHours(database)])
  t.ok(
    hours.every((count) => count <= 24),
    'so many in one run',
  )
  while ((await addUpHours(database)) > 0);
  t.equal(await database.messageHour.count({ where: { channel: '' } }), 167, 'each hour but the last two')
  t.strictSame(await readMessageCounts(database, 168), before, 'the same, added up')
  t.match(await readMessageCounts(database, 24), [{ sent: 1 }])
  t.equal(await deleteOldHours(database, 100 * 3_600, 1_000), 69)
})

t.test('answers are shared for five seconds, a failed one is not', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  await service.database.$executeRaw`ALTER TABLE message_hours RENAME TO elsewhere`
  t.equal((await admin.get('/operations/numbers')).status, 500)
  await service.database.$executeRaw`ALTER TABLE elsewhere RENAME TO message_hours`
  const first = await admin.get('/operations/numbers')
  t.match(first.body.data, { currency: null, messages: Array })
  await service.database.authEvent.create({
    data: { event: 'delivery_accepted', channel: 'sms', country: 'IN', driver: 'x' },
  })
  t.equal((await admin.get('/operations/numbers')).text, first.text)
})

t.test('budgets, countries and drivers; a country is opened again, with a reason', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '10', SMS_BUDGET_PER_DAY: '100' } })
  const admin = await joinAsAdmin(service)
  await join(service, '+919876543210')
  await service.database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, count, expires_at)
    SELECT 'sms_' || unit || ':known', date_bin(length, now(), to_timestamp(0)), n, now() + length
    FROM (VALUES ('hour', interval '1 hour', 10), ('day', interval '1 day', 80)) AS v (unit, length, n)
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = excluded.count`
  await service.database.countryBreaker.create({ data: { country: 'IN', closedUntil: new Date(Date.now() + 600_000) } })
  const { data } = (await admin.get('/operations/blocks')).body
  t.match(data.countries, [{ country: 'IN', closed_until: String }])
  t.match(data.drivers, [{ channel: 'sms', driver: 'recorder', state: 'closed' }, { channel: 'email' }])
  const budget = (name: string, window: string) =>
    data.budgets.find((each: { name: string; window: string }) => each.name === name && each.window === window)
  t.match(budget('sms:known', 'hour'), { used: 10, limit: 10, advice: 'used_up' })
  t.match(budget('sms:known', 'day'), { used: 80, limit: 100, advice: 'nearly_used_up' })
  t.match(budget('sms:new', 'hour'), { limit: 10, advice: /fine|used/, ends_at: String })

  const open = (country: string, reason: unknown) => admin.post(`/operations/countries/${country}/open`, { reason })
  t.match((await open('in', 'x')).body.errors, [/two capital letters/])
  t.match((await open('IN', '')).body, { code: 'validation_failed' })
  t.match((await open('IN', ' Campaign ')).body, { data: { country: 'IN' } })
  t.match((await open('IN', 'again')).body, { code: 'not_found', errors: ['IN is not closed'] })
  t.strictSame((await admin.get('/operations/blocks')).body.data.countries, [])
  const event = await service.database.authEvent.findFirst({ where: { event: 'authz_admin' } })
  t.match(event, { userId: null, actorId: admin.id, detail: 'open country IN: Campaign' })
})

t.test('for admins with a recent proof', async (t) => {
  const service = await startApp(t)
  const [admin, asha] = [await joinAsAdmin(service), await join(service, '+919876543210')]
  for (const path of ['numbers', 'blocks']) t.match((await asha.get(`/operations/${path}`)).body, { code: 'forbidden' })
  await ageProofs(service)
  for (const path of ['numbers', 'blocks'])
    t.match((await admin.get(`/operations/${path}`)).body, { code: 'step_up_required' })
})

t.test('prices', async (t) => {
  const { prices } = testConfig(settings).costs
  t.strictSame(
    [...prices],
    [
      ['IN', 2_500],
      ['*', 50_000],
      ['email', 1],
    ],
  )
  t.equal(testConfig().costs.prices.size, 0)
  const { costs } = testConfig(settings)
  t.strictSame(
    [costOf(costs, 'sms', 'IN', 4), costOf(costs, 'sms', 'US', 2), costOf(costs, 'email', null, 3)],
    [1, 10, 0.0003],
  )
  t.equal(costOf(testConfig({ MESSAGE_COSTS: 'IN:1' }).costs, 'sms', 'US', 1), null, 'of which nobody said it')
  for (const MESSAGE_COSTS of ['IN', 'IN:-1', 'in:1', 'IN:1.00001', 'IN:1,IN:2', 'fax:1'])
    t.match(
      problemsThrownBy(() => testConfig({ MESSAGE_COSTS })),
      [/^MESSAGE_COSTS must/],
      MESSAGE_COSTS,
    )
  t.match(
    problemsThrownBy(() => testConfig({ MESSAGE_COST_CURRENCY: 'rupee' })),
    [/^MESSAGE_COST_CURRENCY must be a currency/],
  )
})
