// A message that was definitely refused costs nothing of what all share, and one identifier is not tried for ever.
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { DeliveryRefused, type Sender } from '../../src/messaging/sender.js'
import type { Services } from '../../src/services.js'
import { type StartOptions, startApp, type TestApp } from '../support/app.js'
import { newEmail, newNumber } from '../support/flows.js'
import { forgetSends } from '../support/limits.js'
import { join, verify } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

/** A sender that refuses, or does as it is told. */
function gateway() {
  const refuse: Sender['send'] = () => Promise.reject(new DeliveryRefused('no'))
  const state = { send: refuse, refuse, take: async () => ({}) }
  const sender: Sender = { name: 'gateway', send: (message, signal) => state.send(message, signal) }
  return { state, senders: [sender] }
}

async function start(t: Test, options: StartOptions = {}) {
  const { state, senders } = gateway()
  return { state, service: await startApp(t, { senders, ...options }) }
}

const send = (service: TestApp, number: string, more: object = {}) =>
  service.post('/api/auth/send-otp', { mobile_number: number, ...more })

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body?.code]
const delivered = [502, 'delivery_failed']

/** How many new numbers count against their country. */
async function countedInIndia({ database }: Pick<TestApp, 'database'>): Promise<number> {
  const [row] = await database.$queryRaw<[{ count: number }]>`
    SELECT coalesce(sum(count), 0)::int AS count FROM limit_counters WHERE key = 'country_sent:IN'`
  return row.count
}

const sendsOf = ({ database }: Pick<TestApp, 'database'>, identifier: string) =>
  database.identifierLimit.findUnique({ where: { identifier } })

t.test('one refused number is asked twenty times an hour, and closes nothing', async (t) => {
  const settings = { BREAKER_MIN_SENDS: '10', SMS_BUDGET_PER_HOUR: '10', SMS_BUDGET_PER_DAY: '10' }
  const { state, service } = await start(t, { settings })
  const number = newNumber()
  for (let index = 0; index < 20; index += 1) t.strictSame(codeOf(await send(service, number)), delivered)
  t.equal(await countedInIndia(service), 0)
  const refused = await send(service, number)
  t.strictSame(codeOf(refused), [429, 'rate_limited'])
  t.ok(refused.body.retry_after > 3_500 && refused.body.retry_after <= 3_600, 'until an hour after the first')
  t.equal(refused.headers['retry-after'], String(refused.body.retry_after))
  const phone = { phonePrefix: '+91', phone: number }
  t.equal((await service.post('/auth/request-otp', phone)).status, 429, 'in the other flow too')
  t.match(service.logged(), /"kind":"refused","limit":"identifier"/)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'excess_rate_limit_exceeded' } }), {
    detail: 'send: refusals',
  })
  const login = await send(service, number, { mode: 'login' })
  t.strictSame(codeOf(login), [404, 'account_not_found'], 'who has no account hears of that first')

  state.send = state.take
  for (let index = 0; index < 10; index += 1)
    t.equal((await send(service, newNumber())).status, 200, 'the budget is whole')
  t.equal((await send(service, newNumber())).status, 503)
  await service.database.$executeRaw`UPDATE identifier_limits SET refused_started_at = now() - interval '1 hour'`
  t.strictSame(codeOf(await send(service, number)), [503, 'service_unavailable'], 'the next hour tries it again')
})

t.test('an address of mail is an identifier like any other', async (t) => {
  const { service } = await start(t)
  const email = newEmail()
  for (let index = 0; index < 20; index += 1) {
    t.strictSame(codeOf(await service.post('/auth/request-otp', { email })), delivered)
  }
  t.equal((await service.post('/auth/request-otp', { email })).status, 429)
})

t.test(
  'what all share is given back in the order in which it is counted, or two would wait for each other',
  async (t) => {
    const { state, service } = await start(t)
    let looked: Promise<unknown> | undefined
    state.send = async (message, signal) => {
      await new Promise<void>((begin) => {
        looked = service.database.$transaction(async (transaction) => {
          await transaction.$queryRaw`SELECT FROM limit_counters WHERE starts_with(key, 'domain:') FOR UPDATE`
          begin()
          await untilBlocked(service)
          await transaction.$queryRaw`SELECT FROM limit_counters WHERE starts_with(key, 'mailbox:') FOR UPDATE NOWAIT`
        })
      })
      return state.refuse(message, signal)
    }
    t.strictSame(codeOf(await service.post('/auth/request-otp', { email: newEmail() })), delivered)
    await t.resolves(Promise.resolve(looked), 'who waits for the domain holds no mailbox')
  },
)

t.test('mail to a trusted device counts on no mailbox, and gives none back', async (t) => {
  const open = await startApp(t)
  const email = newEmail()
  const { body } = await verify(open, email)
  const mailboxes = () => open.database.limitCounter.findMany({ where: { key: { startsWith: 'mailbox:' } } })
  t.match(await mailboxes(), [{ count: 1 }])
  const { service } = await start(t, { databaseUrl: open.config.database.url })
  const refused = await service.post('/auth/request-otp', { email, device_token: body.device_token })
  t.strictSame(codeOf(refused), delivered)
  t.match(await mailboxes(), [{ count: 1 }])
})

t.test('a gateway that cannot be reached costs newcomers nothing', async (t) => {
  const settings = { BREAKER_MIN_SENDS: '4', SMS_BUDGET_PER_HOUR: '4', SMS_BUDGET_PER_DAY: '4' }
  const { state, service } = await start(t, { settings })
  for (let index = 0; index < 12; index += 1) t.strictSame(codeOf(await send(service, newNumber())), delivered)
  state.send = state.take
  for (let index = 0; index < 4; index += 1) t.equal((await send(service, newNumber())).status, 200)
  t.equal((await send(service, newNumber())).status, 503, 'what goes out counts')
})

t.test('each kind of number gets its own back, and what may have gone out is kept', async (t) => {
  const open = await startApp(t)
  const number = newNumber()
  await join(open, `+91${number}`)
  await forgetSends(open.database)
  const settings = { SMS_BUDGET_PER_HOUR: '1' }
  const { state, service } = await start(t, { settings, databaseUrl: open.config.database.url })
  for (const each of [number, newNumber(), number, newNumber()])
    t.strictSame(codeOf(await send(service, each)), delivered, 'a budget of one is whole after each')
  state.send = () => Promise.reject(new Error('nobody knows'))
  t.strictSame(codeOf(await send(service, number)), delivered)
  t.equal((await send(service, number)).status, 429, 'nor does its cooldown come back')
  t.strictSame(codeOf(await send(service, newNumber())), delivered)
  t.equal((await send(service, newNumber())).status, 503, 'it was the only one')
})

t.test('while a provider is down nothing counts against a country', async (t) => {
  const { state, service } = await start(t)
  state.send = () => Promise.reject(new Error('garbage'))
  const statuses = []
  for (let index = 0; index < 20; index += 1) statuses.push((await send(service, newNumber())).status)
  t.ok(statuses.every((status) => status === 502))
  const counted = await countedInIndia(service)
  t.ok(counted <= 5, `${counted} until its circuit opened`)
  t.match(await service.database.identifierLimit.findMany(), Array(20).fill({ hourSends: 1 }), 'they may have gone out')
})

t.test('a known number that may have been sent something counts once, also while a provider is down', async (t) => {
  const open = await startApp(t)
  const number = newNumber()
  await join(open, `+91${number}`)
  await forgetSends(open.database)
  const { state, service } = await start(t, { databaseUrl: open.config.database.url })
  state.send = () => Promise.reject(new Error('garbage'))
  for (let index = 0; index < 6; index += 1) await send(service, newNumber())
  t.strictSame(codeOf(await send(service, number)), delivered)
  t.match(await sendsOf(service, `+91${number}`), { hourSends: 1, countedAt: Date })
})

t.test('a send that another one has followed gives nothing back, and counts as no refusal', async (t) => {
  const { state, service } = await start(t)
  const number = newNumber()
  state.send = async (message, signal) => {
    await service.database.$executeRaw`UPDATE otps SET code_id = gen_random_uuid()`
    return state.refuse(message, signal)
  }
  t.strictSame(codeOf(await send(service, number)), delivered)
  t.equal(await countedInIndia(service), 1)
  t.match(await sendsOf(service, `+91${number}`), { hourSends: 1, refusedSends: 0 })
})

t.test('what was counted before the hour changed is given back there', async (t) => {
  const { database } = await startApp(t)
  const id = randomUUID()
  const row = { identifier: '', hourSends: 3, daySends: 3, countedBy: id }
  const startedAt = new Date(Date.now() - 7_200_000)
  await database.identifierLimit.create({
    data: { ...row, hourStartedAt: new Date(), dayStartedAt: startedAt, countedAt: new Date() },
  })
  const giveBack = (codeId: string, isHidden: boolean) =>
    database.run({
      text: `SELECT "${readFunctionFiles().schema}".give_back_send('', 'sign_in', $1, $2, false, 'mailbox:x', 'domain:x', 'IN', 3,
        now() - interval '1 hour')`,
      values: [codeId, isHidden],
    })
  await database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, shard, expires_at, count)
    SELECT key, date_bin(window_length, now() - ago * interval '1 hour', to_timestamp(0)), shard, now(), 2 + 3 * ago
    FROM (VALUES ('country_sent:IN', interval '5 minutes', 3), ('domain:x', interval '1 hour', 3)) AS counters (key, window_length, shard),
      generate_series(0, 1) AS ago`
  const counts = async () => {
    const rows = await database.limitCounter.findMany({ orderBy: [{ key: 'asc' }, { windowStartedAt: 'asc' }] })
    return rows.map(({ count }) => count)
  }
  await giveBack(randomUUID(), true)
  t.strictSame(await counts(), [5, 2, 4, 2], 'another send is not the one that counted as a number')
  await giveBack(id, true)
  t.strictSame(await counts(), [4, 2, 3, 2])
  await giveBack(id, true)
  t.strictSame(await counts(), [4, 2, 2, 2], 'once')
  for (let index = 0; index < 6; index += 1) await giveBack(id, true)
  t.equal(await database.limitCounter.count({ where: { count: { lt: 0 } } }), 0, 'nothing is below none')
  t.match(
    await database.identifierLimit.findFirst(),
    { hourSends: 3, daySends: 3 },
    'of the identifier nothing, where nobody may see',
  )

  const past = new Date()
  const otp = { expiresAt: past, resendAt: past, hourStartedAt: past, dayStartedAt: past }
  await database.otp.create({ data: { identifier: '', purpose: 'sign_in', codeId: id, ...otp } })
  await giveBack(id, false)
  t.match(await database.identifierLimit.findFirst(), { hourSends: 3, daySends: 2 }, 'the hour is another one')
})

t.test('in strict mode what all share comes back, and nothing that somebody could see', async (t) => {
  const open = await startApp(t)
  const [number, other] = [newNumber(), newNumber()]
  for (const each of [number, other]) await join(open, `+91${each}`)
  await open.database.otp.deleteMany()
  await forgetSends(open.database)
  const settings = { ACCOUNT_DISCLOSURE: 'strict', SMS_BUDGET_PER_HOUR: '1' }
  let settle = async () => {}
  const onServices = (services: Services) => {
    settle = services.settle
  }
  const { state, service } = await start(t, { settings, databaseUrl: open.config.database.url, onServices })
  const unknown = newNumber()
  for (const each of [number, unknown]) t.equal((await send(service, each)).status, 200, 'in any mode')
  // No answer waits for deliveries, nor for what comes back after them.
  await settle()
  for (const each of [number, unknown])
    t.strictSame(codeOf(await send(service, each)), [429, 'rate_limited'], 'the cooldown stays')
  state.send = async (message, signal) => {
    await service.database.$executeRaw`ALTER TABLE identifier_limits RENAME TO away`
    return state.refuse(message, signal)
  }
  t.equal((await send(service, other, { mode: 'login' })).status, 200)
  await service.app.close()
  await open.database.$executeRaw`ALTER TABLE away RENAME TO identifier_limits`
  t.match(service.logged(), /what a refused message had counted could not be given back/)
  t.match(await sendsOf(open, `+91${number}`), { hourSends: 1, daySends: 1, refusedSends: 0, countedBy: null })
  t.match(await sendsOf(open, `+91${other}`), { hourSends: 1, countedBy: String })
})
