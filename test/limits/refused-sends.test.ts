// A message that was definitely refused costs nothing of what all share, and one identifier is not tried for ever.
import t, { type Test } from 'tap'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { DeliveryRefused, type Sender } from '../../src/delivery/sender.js'
import { type StartOptions, startApp, type TestApp } from '../support/app.js'
import { newEmail, newNumber } from '../support/flows.js'
import { join } from '../users/people.js'

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

/** What has been counted of all that is shared, by name. */
async function counted({ database }: TestApp): Promise<Record<string, number>> {
  const rows = await database.$queryRaw<{ key: string; count: number }[]>`
    SELECT key, sum(count)::int AS count FROM limit_counters WHERE key ~ '^(sms|country)_' GROUP BY key ORDER BY key`
  return Object.fromEntries(rows.filter(({ count }) => count > 0).map(({ key, count }) => [key, count]))
}

t.test('one refused number is asked twenty times an hour, and closes nothing', async (t) => {
  const settings = { BREAKER_MIN_SENDS: '10', SMS_BUDGET_PER_HOUR: '10', SMS_BUDGET_PER_DAY: '10' }
  const { state, service } = await start(t, { settings })
  const number = newNumber()
  for (let index = 0; index < 20; index += 1) t.strictSame(codeOf(await send(service, number)), delivered)
  t.strictSame(await counted(service), {})
  const refused = await send(service, number)
  t.strictSame(codeOf(refused), [429, 'rate_limited'])
  const toNextHour = 3600 - (Math.floor(Date.now() / 1000) % 3600)
  t.ok(Math.abs(refused.body.retry_after - toNextHour) <= 5, 'until the hour is over')
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
  t.equal((await send(service, newNumber())).status, 200, 'others are served')
  t.strictSame(await counted(service), { 'country_sent:IN': 1, 'sms_day:new': 1, 'sms_hour:new': 1 })
  const keys = await service.database.limitCounter.findMany({ where: { key: { startsWith: 'refused:' } } })
  t.notOk(
    keys.some(({ key }) => key.includes(number)),
    'no number is stored',
  )
  await service.database.$executeRaw`UPDATE limit_counters SET window_started_at = window_started_at - interval '1 hour'
    WHERE key LIKE 'refused:%'`
  t.equal((await send(service, number)).status, 200, 'and the next hour tries it again')
})

t.test('an address of mail is an identifier like any other', async (t) => {
  const { service } = await start(t)
  const email = newEmail()
  for (let index = 0; index < 20; index += 1) {
    t.strictSame(codeOf(await service.post('/auth/request-otp', { email })), delivered)
  }
  t.equal((await service.post('/auth/request-otp', { email })).status, 429)
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
  await open.database.$executeRaw`TRUNCATE limit_counters`
  await open.database.$executeRaw`UPDATE otps SET resend_at = now()`
  const { state, service } = await start(t, { databaseUrl: open.config.database.url })
  state.send = state.take
  await send(service, newNumber())
  const before = { 'country_sent:IN': 1, 'sms_day:new': 1, 'sms_hour:new': 1 }
  t.strictSame(await counted(service), before)
  state.send = state.refuse
  t.strictSame(codeOf(await send(service, number)), delivered)
  t.strictSame(await counted(service), before, 'of a known number')
  t.strictSame(codeOf(await send(service, newNumber())), delivered)
  t.strictSame(await counted(service), before, 'of a new one')

  state.send = () => Promise.reject(new Error('nobody knows'))
  t.strictSame(codeOf(await send(service, number)), delivered)
  t.strictSame(await counted(service), { ...before, 'sms_day:known': 1, 'sms_hour:known': 1 })
  t.equal((await send(service, number)).status, 429, 'nor does its cooldown come back')
})

t.test('a send that another one has followed gives nothing back, and counts as no refusal', async (t) => {
  const { state, service } = await start(t)
  state.send = async (message, signal) => {
    await service.database.$executeRaw`UPDATE otps SET code_id = gen_random_uuid()`
    return state.refuse(message, signal)
  }
  t.strictSame(codeOf(await send(service, newNumber())), delivered)
  t.strictSame(await counted(service), { 'country_sent:IN': 1, 'sms_day:new': 1, 'sms_hour:new': 1 })
  t.equal(await service.database.limitCounter.count({ where: { key: { startsWith: 'refused:' } } }), 0)
})

t.test('what was counted before the hour changed is given back there', async (t) => {
  const { database } = await startApp(t)
  const giveBack = (shard: number) =>
    database.run({
      text: `SELECT "${readFunctionFiles().schema}".give_back_send('', 'sign_in', gen_random_uuid(), true, '', 'IN', false, $1,
        now() - interval '1 hour')`,
      values: [shard],
    })
  await database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, shard, expires_at, count)
    SELECT key, date_bin(window_length, now() - ago * interval '1 hour', to_timestamp(0)), 3, now(), 2 + 3 * ago
    FROM (VALUES ('country_sent:IN', interval '5 minutes'), ('sms_hour:new', interval '1 hour')) AS counters (key, window_length),
      generate_series(0, 1) AS ago`
  await giveBack(3)
  const rows = await database.limitCounter.findMany({ orderBy: [{ key: 'asc' }, { windowStartedAt: 'asc' }] })
  t.strictSame(
    rows.map(({ key, count }) => [key, count]),
    [
      ['country_sent:IN', 4],
      ['country_sent:IN', 2],
      ['sms_hour:new', 4],
      ['sms_hour:new', 2],
    ],
  )
  for (let index = 0; index < 6; index += 1) await giveBack(3)
  t.equal(await database.limitCounter.count({ where: { count: { lt: 0 } } }), 0, 'nothing is below none')
  await giveBack(5)
  t.equal(await database.limitCounter.count({ where: { shard: 5 } }), 0, 'nor is any made')
})

t.test('in strict mode what all share comes back, and nothing that somebody could see', async (t) => {
  const open = await startApp(t)
  const [number, other] = [newNumber(), newNumber()]
  for (const each of [number, other]) await join(open, `+91${each}`)
  await open.database.$executeRaw`TRUNCATE limit_counters`
  await open.database.$executeRaw`DELETE FROM otps`
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const { state, service } = await start(t, { settings, databaseUrl: open.config.database.url })
  t.equal((await send(service, number, { mode: 'login' })).status, 200)
  t.equal((await service.post('/auth/request-otp', { email: newEmail() })).status, 502)
  state.send = async (message, signal) => {
    await service.database.$executeRaw`ALTER TABLE limit_counters RENAME TO away`
    return state.refuse(message, signal)
  }
  t.equal((await send(service, other, { mode: 'login' })).status, 200)
  await service.app.close()
  await open.database.$executeRaw`ALTER TABLE away RENAME TO limit_counters`
  t.strictSame(await counted(open), { 'sms_day:known': 1, 'sms_hour:known': 1 }, 'of the one that could be given back')
  t.match(service.logged(), /what a refused message had counted could not be given back/)
  t.match(await open.database.otp.findFirst({ where: { identifier: `+91${number}` } }), { hourSends: 1, daySends: 1 })
})

t.test('strict mode refuses a refused identifier alike, whoever has it', async (t) => {
  const open = await startApp(t)
  const [known, unknown] = [newNumber(), newNumber()]
  await join(open, `+91${known}`)
  await open.database.$executeRaw`DELETE FROM otps`
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const { service } = await start(t, { settings, databaseUrl: open.config.database.url })
  for (const number of [known, unknown]) {
    for (let index = 0; index < 20; index += 1) t.strictSame(codeOf(await send(service, number)), delivered)
  }
  const answers = [await send(service, known, { mode: 'login' }), await send(service, unknown, { mode: 'login' })]
  t.strictSame(answers.map(codeOf), [
    [429, 'rate_limited'],
    [429, 'rate_limited'],
  ])
})
