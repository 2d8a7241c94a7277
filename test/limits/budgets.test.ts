// Budgets that strangers can't use up: of the identifier as a whole, of owners, of numbers, of neighbours, of mail; and the tenth that
// passes a closed country.
import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { readFunctionFiles } from '../../src/database/function-files.js'
import { startApp, type TestApp } from '../support/app.js'
import { newNumber } from '../support/flows.js'
import { forgetSends, messagesCame } from '../support/limits.js'
import { verify } from '../users/people.js'

const from = (remoteAddress: string) => ({ remoteAddress })
const endCooldowns = ({ database }: TestApp) => database.$executeRaw`UPDATE otps SET resend_at = now()`

function send(service: TestApp, number: string, more: object = {}, address = '203.0.113.1') {
  return service.post('/auth/request-otp', { phonePrefix: '+91', phone: number, ...more }, from(address))
}

/** A number with an account, and the token of a device that it was signed in on. */
async function owner(service: TestApp, number = newNumber()) {
  const { body } = await verify(service, `+91${number}`)
  await forgetSends(service.database)
  return { number, device_token: body.device_token as string, token: body.token as string }
}

t.test('sends count for the identifier as a whole, and its trusted devices have five a day on top', async (t) => {
  const service = await startApp(t)
  const { number, device_token, token } = await owner(service)
  const other = (await verify(service, `+91${number}`)).body.device_token
  await forgetSends(service.database)
  const headers = { authorization: `Bearer ${token}` }
  const statuses = []
  for (let index = 0; index < 5; index += 1) {
    const isStepUp = index % 2 === 1
    statuses.push(
      (await (isStepUp ? service.post('/users/me/step-up', {}, { headers }) : send(service, number))).status,
    )
    await endCooldowns(service)
  }
  t.strictSame(statuses, [200, 200, 200, 200, 200], 'two purposes, one count')
  const refused = await send(service, number)
  t.match([refused.status, refused.body.retry_after > 3_500], [429, true])
  t.equal((await service.post('/users/me/step-up', {}, { headers })).status, 429, 'whatever it is for')

  for (let index = 0; index < 5; index += 1) {
    t.equal((await send(service, number, { device_token: index % 2 ? other : device_token })).status, 200)
    await endCooldowns(service)
  }
  for (const each of [device_token, other]) {
    const over = await send(service, number, { device_token: each })
    t.match(
      [over.status, over.body.retry_after > 3_500 && over.body.retry_after <= 3_600],
      [429, true],
      'until the hour',
    )
  }
  t.match(await service.database.identifierLimit.findFirst(), { hourSends: 5, daySends: 5, trustedSends: 5 })
  await service.database.$executeRaw`UPDATE identifier_limits SET trusted_started_at = now() - interval '24 hours'`
  t.equal((await send(service, number, { device_token })).status, 200, 'a day later')
})

t.test('a trusted device that has used up what it has on top goes on where everybody may', async (t) => {
  const service = await startApp(t)
  const { number, device_token } = await owner(service)
  for (let index = 0; index < 10; index += 1) {
    t.equal((await send(service, number, { device_token })).status, 200)
    await endCooldowns(service)
  }
  t.equal((await send(service, number, { device_token })).status, 429)
  await service.database.$executeRaw`UPDATE identifier_limits SET hour_started_at = now() - interval '1 hour'`
  const later = await send(service, number, { device_token })
  t.match([later.status, later.body.resend_after <= 300], [200, true], 'an hour later, and its countdown says so')
})

t.test('the counts outlive the account', async (t) => {
  const service = await startApp(t)
  const { number, token } = await owner(service)
  for (let index = 0; index < 5; index += 1) {
    t.equal((await send(service, number)).status, 200)
    await endCooldowns(service)
  }
  t.equal(
    (await service.ask({ method: 'DELETE', url: '/users/me', headers: { authorization: `Bearer ${token}` } })).status,
    200,
  )
  t.equal((await send(service, number)).status, 429)
})

t.test('strangers use up neither the budget of known numbers twice with one nor that of owners', async (t) => {
  const open = await startApp(t)
  const owners = []
  for (let index = 0; index < 5; index += 1) owners.push(await owner(open))
  const [one, other, third] = owners.map(({ number }) => number) as [string, string, string]
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '2' }, databaseUrl: open.config.database.url })
  for (let index = 0; index < 3; index += 1) {
    t.equal((await send(service, one)).status, 200, 'a number counts once an hour')
    await endCooldowns(service)
  }
  t.equal((await send(service, other)).status, 200)
  t.equal((await send(service, third)).status, 503, 'two numbers were two')
  t.equal((await send(service, one)).status, 200, 'what has counted goes on')
  const onDevices = []
  for (const { number, device_token } of owners.slice(2))
    onDevices.push((await send(service, number, { device_token })).status)
  t.strictSame(onDevices, [200, 200, 503], 'owners have a budget of their own, of the same size')
  await service.database.$executeRaw`UPDATE identifier_limits SET counted_at = now() - interval '1 hour'`
  await endCooldowns(service)
  t.equal((await send(service, one)).status, 503, 'an hour later it counts again')
})

t.test('owners who use up the budget of trusted devices leave others that of verified numbers', async (t) => {
  const open = await startApp(t)
  const owners = []
  for (let index = 0; index < 5; index += 1) owners.push(await owner(open))
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '2' }, databaseUrl: open.config.database.url })
  const statuses = []
  for (const { number, device_token } of owners) {
    for (let index = 0; index < 2; index += 1) {
      statuses.push((await send(service, number, { device_token })).status)
      await endCooldowns(service)
    }
  }
  t.strictSame(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 503, 503], 'each counts once an hour')
})

t.test('what another call holds and does not need is waited for', async (t) => {
  const open = await startApp(t)
  const owners = []
  for (let index = 0; index < 20; index += 1) owners.push(await owner(open))
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '21' }, databaseUrl: open.config.database.url })
  const known = owners.map(({ number }) => send(service, number))
  await setImmediate()
  await setImmediate()
  const strangers = Array.from({ length: 10 }, () => send(service, newNumber()))
  const statuses = (await Promise.all([...known, ...strangers])).map(({ status }) => status)
  t.ok(
    statuses.every((status) => status === 200),
    `${statuses}`,
  )
})

t.test('two replicas never send more than a budget has', async (t) => {
  const settings = { SMS_BUDGET_PER_HOUR: '40', IP_SEND_PER_HOUR: '1000' }
  const first = await startApp(t, { settings })
  const second = await startApp(t, { settings, databaseUrl: first.config.database.url })
  const rounds = []
  for (let round = 0; round < 6; round += 1)
    rounds.push(
      ...(await Promise.all(Array.from({ length: 16 }, (_, index) => send(index % 2 ? first : second, newNumber())))),
    )
  t.equal(rounds.filter(({ status }) => status === 200).length, 40)
  t.equal(rounds.filter(({ status }) => status === 503).length, 56)
  t.equal(first.messages.length + second.messages.length, 40)
})

t.test('a replica that stops gives back what it has not used', async (t) => {
  const settings = { SMS_BUDGET_PER_HOUR: '100' }
  const first = await startApp(t, { settings })
  const second = await startApp(t, { settings, databaseUrl: first.config.database.url })
  for (const service of [first, second, first]) t.equal((await send(service, newNumber())).status, 200)
  const taken = () => second.database.limitCounter.findFirstOrThrow({ where: { key: 'sms_hour:new' } })
  t.ok((await taken()).count > 3, 'slices are larger than what was sent')
  for (const { app } of [first, second]) await app.close()
  t.equal((await taken()).count, 3)
})

t.test('strangers set nothing aside of the budget of owners', async (t) => {
  const settings = { SMS_BUDGET_PER_HOUR: '1' }
  const first = await startApp(t, { settings })
  const { number, device_token } = await owner(first)
  const second = await startApp(t, { settings, databaseUrl: first.config.database.url })
  t.equal((await send(second, newNumber())).status, 200)
  const third = await startApp(t, { settings, databaseUrl: first.config.database.url })
  t.equal((await send(third, newNumber())).status, 503, 'of their own there was one')
  t.equal((await send(third, number, { device_token })).status, 200)
})

t.test('the neighbours of an address have eight times its share', async (t) => {
  const service = await startApp(t, { settings: { IP_SEND_PER_HOUR: '2' } })
  const sendFrom = async (address: string) => (await send(service, newNumber(), {}, address)).status
  for (let host = 0; host < 8; host += 1)
    for (const status of [200, 200, 429])
      t.equal(await sendFrom(`203.0.113.${host}`), status, 'what is refused counts on no neighbour')
  const refused = await send(service, newNumber(), {}, '203.0.113.77')
  t.match([refused.status, refused.body.code], [429, 'rate_limited'])
  t.equal(await sendFrom('203.0.114.1'), 200, 'others are others')
  for (let net = 0; net < 8; net += 1)
    for (let index = 0; index < 2; index += 1) t.equal(await sendFrom(`2001:db8:1:${net}::1`), 200)
  t.equal(await sendFrom('2001:db8:1:ff::1'), 429, 'the /48')
  t.equal(await sendFrom('2001:db8:2::1'), 200)
  const { number, device_token } = await owner(service)
  t.equal((await send(service, number, { device_token }, '203.0.113.77')).status, 200, 'owners pass')
})

t.test('a mailbox is one, whatever stands behind its plus sign', async (t) => {
  const service = await startApp(t)
  const mail = (email: string, more: object = {}) => service.post('/auth/request-otp', { email, ...more })
  const { body } = await verify(service, 'asha@example.com')
  for (let index = 1; index < 20; index += 1) t.equal((await mail(`asha+${index}@example.com`)).status, 200)
  const refused = await mail('asha+more@example.com')
  t.match([refused.status, refused.body.code], [503, 'service_unavailable'])
  t.equal((await mail('asha@example.com')).status, 503)
  t.equal((await mail('asha@example.com', { device_token: body.device_token })).status, 200, 'its owner passes')
  t.equal((await mail('ravi+1@example.com')).status, 200)
  const keys = (await service.database.limitCounter.findMany()).map(({ key }) => key)
  t.notOk(
    keys.some((key) => key.includes('asha')),
    'no address is stored',
  )
})

t.test('RATE_LIMITS=off lifts what mailboxes have', async (t) => {
  const service = await startApp(t, { settings: { RATE_LIMITS: 'off' } })
  for (let index = 0; index < 22; index += 1)
    t.equal((await service.post('/auth/request-otp', { email: `asha+${index}@example.com` })).status, 200)
})

t.test('new addresses of one domain have half of what mail has', async (t) => {
  const service = await startApp(t)
  const mail = (email: string) => service.post('/auth/request-otp', { email })
  await verify(service, 'asha@example.com')
  await service.database.$executeRaw`UPDATE limit_counters SET count = 5000 WHERE key LIKE 'domain:%'`
  t.equal((await mail('new@example.com')).status, 503)
  t.equal((await mail('new@example.org')).status, 200)
  t.equal((await mail('asha@example.com')).status, 200, 'those that were verified pass')
})

t.test('a closed country lets a tenth through, the same in each try', async (t) => {
  const service = await startApp(t, {
    settings: { BREAKER_MIN_SENDS: '1', BREAKER_MIN_VERIFIED: '1', IP_SEND_PER_HOUR: '100000' },
  })
  t.equal((await send(service, newNumber())).status, 200)
  const numbers = Array.from({ length: 300 }, newNumber)
  const passed: string[] = []
  for (const number of numbers) if ((await send(service, number)).status === 200) passed.push(number)
  // By binomial distribution with p = 26/256, all but one run in a hundred thousand.
  t.ok(passed.length > 9 && passed.length < 58, `${passed.length} of 300`)
  const refused = numbers.filter((number) => !passed.includes(number)).slice(0, 50)
  for (const number of [...refused, ...refused])
    t.equal((await send(service, number)).status, 503, 'asking again does not help')
})

t.test('a country counts numbers, not sends', async (t) => {
  const service = await startApp(t, { settings: { BREAKER_MIN_SENDS: '2', BREAKER_MIN_VERIFIED: '1' } })
  const number = newNumber()
  for (let index = 0; index < 4; index += 1) {
    t.equal((await send(service, number)).status, 200)
    await endCooldowns(service)
  }
  t.match(await service.database.limitCounter.findMany({ where: { key: 'country_sent:IN' } }), [{ count: 1 }])
})

t.test('strict mode tells nothing by budgets, in any mode and on any route', async (t) => {
  const open = await startApp(t)
  const { number, token } = await owner(open)
  const settings = {
    ...{ ACCOUNT_DISCLOSURE: 'strict', SMS_BUDGET_PER_HOUR: '1', BREAKER_MIN_SENDS: '1', BREAKER_MIN_VERIFIED: '1' },
    OTP_ECHO: 'true',
  }
  const service = await startApp(t, { settings, databaseUrl: open.config.database.url })
  t.equal((await send(service, newNumber())).status, 200)
  const withoutCode = (text: string) => text.replace(/"otp":"\d+"/, '')
  const answers = [await send(service, number), await send(service, newNumber()), await send(service, newNumber())]
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  for (const { text } of answers) t.equal(withoutCode(text), withoutCode(answers[0]?.text ?? ''))
  const headers = { authorization: `Bearer ${token}` }
  const added = await service.post('/users/me/identifiers', { phone: `+91${newNumber()}` }, { headers })
  t.equal(added.status, 200, 'a new identifier too')
  await service.app.close()
  t.equal(service.messages.length, 2, 'the budgets hold: one new number, one known')
})

t.test('a notice by SMS comes out of the budget of owners, and is never left out', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '1' } })
  const phone = `+91${newNumber()}`
  const { token } = (await verify(service, phone)).body
  const headers = { authorization: `Bearer ${token}` }
  const email = `${randomUUID()}@example.com`
  await forgetSends(service.database)
  await service.post('/users/me/identifiers', { email }, { headers })
  const change = { email, otp: service.lastCode(email) }
  t.equal((await service.post('/users/me/identifiers/verify', change, { headers })).status, 200)
  await messagesCame(service, 3)
  t.match(service.messages.at(-1), { to: phone, code: undefined })
  t.match(await service.database.limitCounter.findMany({ where: { key: 'sms_hour:trusted' } }), [{ count: 1 }])
  t.equal((await service.ask({ method: 'DELETE', url: '/users/me/identifiers/phone', headers })).status, 200)
  await messagesCame(service, 4)
  t.match(service.messages.at(-1), { to: phone }, 'the budget is used up, and it is told all the same')
})

t.test('refusals are one event an hour for each address and limit', async (t) => {
  const service = await startApp(t, { settings: { IP_SEND_PER_HOUR: '3' } })
  const number = newNumber()
  for (let index = 0; index < 6; index += 1) await send(service, number)
  const events = () => service.database.authEvent.findMany({ where: { event: 'excess_rate_limit_exceeded' } })
  const details = async () => (await events()).map(({ detail }) => detail).sort()
  t.strictSame(await details(), ['send: address', 'send: identifier'])
  await send(service, number, {}, '203.0.113.2')
  t.strictSame(await details(), ['send: address', 'send: identifier', 'send: identifier'], 'another address')
})

t.test('what neighbours are refused together is one event for all of them', async (t) => {
  const service = await startApp(t, { settings: { IP_SEND_PER_HOUR: '1' } })
  for (let net = 0; net < 12; net += 1) await send(service, newNumber(), {}, `2001:db8:1:${net}::1`)
  const events = await service.database.authEvent.findMany({ where: { event: 'excess_rate_limit_exceeded' } })
  t.match(events, [{ detail: 'send: block' }], 'a /48 has 65,536 addresses')
  t.equal(events.length, 1)
})

t.test('a solved challenge opens what many share, and no more', async (t) => {
  const { database } = await startApp(t)
  const { schema } = readFunctionFiles()
  const budgets = [
    'sms:trusted',
    'sms:known',
    'sms:new',
    'sms:known:solved',
    'sms:new:solved',
    'mail:new',
    'mail:new:solved',
  ]
  const settings = {
    ...{
      ttl: 300,
      cooldown: 30,
      max_attempts: 5,
      max_per_hour: 5,
      max_per_day: 10,
      max_trusted_per_day: 5,
      max_failures: 20,
    },
    ...{
      max_per_address: 100,
      max_per_block: 1,
      max_unknown_per_address: 30,
      max_refusals_per_hour: 20,
      is_strict: false,
    },
    ...{
      max_per_mailbox: 0,
      max_per_domain: 0,
      breaker_min_sends: 0,
      breaker_min_verified: 1,
      closed_for: 900,
      shard: 0,
    },
    ...{ budgets, budget_retry: budgets.map(() => 60), tenth_key: '\\x00' },
  }
  async function ask(left: Record<string, number>, more: object): Promise<string> {
    const address = randomUUID()
    const request = {
      ...{
        method: 'phone',
        identifier: `+91${newNumber()}`,
        purpose: 'sign_in',
        only_known: false,
        code_id: randomUUID(),
      },
      ...{ code_hash: `\\x${'00'.repeat(32)}`, code_seed: `\\x${'00'.repeat(32)}`, country: 'IN', network: 'x' },
      ...{ address_key: `send_ip:${address}`, block_key: `send_net:${address}`, unknown_key: 'unknown_ip:x' },
      ...{ mailbox_key: 'mailbox:x', domain_key: 'domain:x', request_id: randomUUID(), ...more },
    }
    const values = [[request], { ...settings, budget_set_aside: budgets.map((name) => left[name] ?? 0) }].map((value) =>
      JSON.stringify(value),
    )
    const text = `SELECT outcome, budget FROM "${schema}".send_code_batch($1, $2, true, false)`
    const [row] = await database.run<[{ outcome: string; budget: string | null }]>({ text, values })
    return row.budget === null ? row.outcome : `${row.outcome}, ${row.budget}`
  }
  const email = () => ({ method: 'email', identifier: `${randomUUID()}@example.com` })
  const solved = () => ({ challenge: randomUUID() })
  await database.$executeRaw`INSERT INTO country_breakers VALUES ('IN', now() + interval '15 minutes')`
  while ((await ask({ 'sms:new': 1 }, {})) !== 'by_country') t.pass('one of the tenth')
  t.equal(await ask({ 'sms:new': 1 }, solved()), 'sent, sms:new', 'a closed country')
  t.equal(await ask({ 'sms:new:solved': 1 }, solved()), 'sent, sms:new:solved', 'a budget that is used up')
  t.equal(await ask({ 'sms:new:solved': 1 }, {}), 'by_budget', 'not without one')
  t.equal(await ask({}, solved()), 'by_budget', 'nor for ever')
  t.equal(await ask({ 'mail:new': 1 }, email()), 'by_mailbox')
  t.equal(await ask({ 'mail:new': 1 }, { ...solved(), ...email() }), 'sent, mail:new', 'a mailbox and a domain')

  await database.$executeRaw`UPDATE limit_counters SET count = 9 WHERE key LIKE 'send_net:%'`
  const block = {
    block_key: (await database.limitCounter.findFirstOrThrow({ where: { key: { startsWith: 'send_net' } } })).key,
  }
  t.equal(await ask({ 'sms:new': 1 }, block), 'by_block')
  t.equal(await ask({ 'sms:new': 1 }, { ...solved(), ...block }), 'sent, sms:new', 'the neighbours of an address')
  await database.$executeRaw`UPDATE limit_counters SET count = 100 WHERE key LIKE 'send_ip:%'`
  const address = {
    address_key: (await database.limitCounter.findFirstOrThrow({ where: { key: { startsWith: 'send_ip' } } })).key,
  }
  t.equal(await ask({ 'sms:new': 1 }, { ...solved(), ...address }), 'by_address', 'not the share of an address')
})
