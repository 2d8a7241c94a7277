// The limits around the identifier's own: per address, on the cost of SMS, and what they tell.
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { clientAddress } from '../../src/http/address.js'
import { DeliveryRefused } from '../../src/messaging/sender.js'
import { startApp, type TestApp } from '../support/app.js'
import { newNumber } from '../support/flows.js'
import { forgetSends, numberOutsideTheTenth } from '../support/limits.js'

const mobile = (index: number) => `98765${String(43_210 + index)}`
const from = (remoteAddress: string) => ({ remoteAddress })

function send(service: TestApp, index: number, address = '203.0.113.1', mode?: string) {
  return service.post('/api/auth/send-otp', { mobile_number: mobile(index), ...(mode && { mode }) }, from(address))
}

/** Makes an account of a number, from an address of its own. */
async function signUp(service: TestApp, index: number) {
  const phone = { phonePrefix: '+91', phone: mobile(index) }
  const address = from(`198.51.100.${index}`)
  await service.post('/auth/request-otp', phone, address)
  const otp = service.lastCode(`+91${mobile(index)}`)
  return service.post('/auth/verify-otp', { ...phone, otp }, address)
}

t.test('the block of an address', async (t) => {
  t.equal(clientAddress('203.0.113.7').block, '203.0.113.7')
  t.equal(clientAddress('::ffff:203.0.113.7').block, '203.0.113.7', 'IPv4 in IPv6 clothes')
  t.equal(clientAddress('2001:db8:1:2:3:4:5:6').block, '2001:db8:1:2::/64')
  t.equal(clientAddress('2001:0DB8:0001:0002::').block, '2001:db8:1:2::/64')
  t.equal(clientAddress('fe80::1%eth0').block, 'fe80::/64')
  for (const nonsense of ['', 'unknown', '999.1.1.1', "' OR 1=1", '_hidden']) {
    t.equal(clientAddress(nonsense).block, 'unknown')
    t.equal(clientAddress(nonsense).network, 'unknown')
  }
  t.equal(clientAddress('203.0.113.7').network, '203.0.113.0/24')
  t.equal(clientAddress('2001:db8:1:2:3:4:5:6').network, '2001:db8:1:2::/64')
})

t.test('sends of one address, shared by replicas, IPv6 by its /64', async (t) => {
  const settings = { IP_SEND_PER_HOUR: '3' }
  const service = await startApp(t, { settings })
  const replica = await startApp(t, { settings, databaseUrl: service.config.database.url })
  const statuses: number[] = []
  for (let index = 0; index < 4; index++) statuses.push((await send(index % 2 ? service : replica, index)).status)
  t.strictSame(statuses, [200, 200, 200, 429])
  const refused = await send(service, 9)
  t.match([refused.body.code, refused.headers['retry-after']], ['rate_limited', String(refused.body.retry_after)])
  const toNextHour = 3600 - (Math.floor(Date.now() / 1000) % 3600)
  t.ok(Math.abs(refused.body.retry_after - toNextHour) <= 5, 'until the hour is over')
  t.equal((await send(service, 9, '203.0.113.2')).status, 200, 'another address is another client')

  for (let index = 10; index < 13; index++) {
    t.equal((await send(service, index, `2001:db8:1:2::${index}`)).status, 200)
  }
  t.equal((await send(service, 13, '2001:db8:1:2:ffff::1')).status, 429, 'the /64 is one client')
  t.equal((await send(service, 13, '2001:db8:1:3::1')).status, 200)
  const keys = await service.database.limitCounter.findMany({ select: { key: true } })
  t.notOk(
    keys.some(({ key }) => /203\.0|2001:/.test(key)),
    'no address is stored',
  )
})

t.test('an address has no more where a batch waits too long', async (t) => {
  const service = await startApp(t, { settings: { IP_SEND_PER_HOUR: '5', IP_VERIFY_PER_10_MIN: '5' } })
  const first = [newNumber(), newNumber(), newNumber()]
  const send = (phone: string, remoteAddress: string) =>
    service.post('/auth/request-otp', { phonePrefix: '+91', phone }, { remoteAddress })
  const guess = (phone: string, remoteAddress: string) =>
    service.post('/auth/verify-otp', { phonePrefix: '+91', phone, otp: '000000' }, { remoteAddress })
  for (const number of first) await send(number, '203.0.113.50')

  /** All at once, while somebody holds rows longer than a batch waits. */
  async function whileHeld(table: string, ask: (number: string) => Promise<{ status: number }>) {
    const held = await service.database.$transaction(async (transaction) => {
      await transaction.$queryRawUnsafe(`SELECT FROM ${table} FOR UPDATE`)
      const answers = Promise.all([...first, ...Array.from({ length: 20 }, newNumber)].map(ask))
      await setTimeout(500)
      return { answers }
    })
    return (await held.answers).filter(({ status }) => status !== 429).length
  }
  const sent = await whileHeld('identifier_limits', (number) => send(number, '203.0.113.51'))
  t.ok(sent <= 5, `${sent} where identifiers are held: what is left for later was told that it is too much`)
  const counters = await whileHeld('limit_counters', (number) => send(number, '203.0.113.51'))
  t.equal(counters, 0, 'where the count of the address is held: a batch that was undone counted nothing')
  const guessed = await whileHeld('otps', (number) => guess(number, '203.0.113.52'))
  t.ok(guessed <= 5, `${guessed} attempts`)
})

t.test('verifications of one address', async (t) => {
  const service = await startApp(t, { settings: { IP_VERIFY_PER_10_MIN: '3' } })
  await send(service, 0)
  const otp = service.lastCode(`+91${mobile(0)}`)
  const verify = (code: string, address = '203.0.113.1') =>
    service.post('/api/auth/verify-otp', { mobile_number: mobile(0), otp: code }, from(address))
  for (let guess = 0; guess < 3; guess++) {
    t.equal(
      (await service.post('/auth/verify-otp', { email: 'a@example.com', otp: '000000' }, from('203.0.113.1'))).status,
      401,
    )
  }
  const refused = await verify(otp)
  t.match([refused.status, refused.body.code], [429, 'rate_limited'])
  t.ok(refused.body.retry_after >= 1 && refused.body.retry_after <= 600)
  t.match(await service.database.otp.findFirst(), { attempts: 0 }, 'the guess was not evaluated')
  t.equal((await verify(otp, '203.0.113.2')).status, 200)
})

t.test('past its share of unknown numbers an address is answered as in strict mode', async (t) => {
  const service = await startApp(t, { settings: { IP_UNKNOWN_PER_HOUR: '2', OTP_ECHO: 'true' } })
  await signUp(service, 1)
  await forgetSends(service.database)
  t.equal((await send(service, 20, '203.0.113.1', 'login')).status, 404)
  t.equal((await send(service, 21, '203.0.113.1', 'login')).status, 404)
  const sent = service.messages.length
  const unknown = await send(service, 22, '203.0.113.1', 'login')
  t.equal(unknown.status, 200)
  t.equal(service.messages.length, sent, 'nothing is sent to it')
  t.equal((await send(service, 23, '203.0.113.2', 'login')).status, 404, 'other addresses are told')
  const known = await send(service, 1, '203.0.113.1', 'login')
  t.equal(known.status, 200)
  const withoutCode = (text: string) => text.replace(/"otp":"\d+"/, '')
  t.equal(withoutCode(known.text), withoutCode(unknown.text))
})

t.test('strict mode answers an unknown number as a known one, byte for byte', async (t) => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let delivered = 0
  const slow = {
    name: 'slow',
    send: async () => {
      await held
      delivered += 1
      throw new Error('garbage')
    },
  }
  const open = await startApp(t)
  await signUp(open, 1)
  await open.database.otp.deleteMany()
  await forgetSends(open.database)
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const service = await startApp(t, { settings, senders: [slow], databaseUrl: open.config.database.url })
  const known = await send(service, 1, '203.0.113.1', 'login')
  const unknown = await send(service, 2, '203.0.113.1', 'login')
  t.strictSame([known.status, known.text], [200, unknown.text], 'before delivery, which fails')
  const names = (answer: typeof known) => Object.keys(answer.headers).sort()
  t.strictSame(names(known), names(unknown))
  for (const index of [1, 2]) {
    const again = await send(service, index, '203.0.113.1', 'login')
    t.equal(again.status, 429, 'and the counters go on alike')
  }
  const rows = await service.database.otp.findMany({ orderBy: { identifier: 'asc' } })
  t.match(rows, [{ codeHash: Uint8Array }, { codeHash: null }])
  t.match(await service.database.identifierLimit.findMany(), [{ hourSends: 1 }, { hourSends: 1 }])
  const guesses = [1, 2].map((index) =>
    service.post('/api/auth/verify-otp', { mobile_number: mobile(index), otp: '000000' }),
  )
  const [one, other] = await Promise.all(guesses)
  t.equal(one?.text, other?.text)
  release()
  await service.app.close()
  t.equal(delivered, 1, 'a stop waits for deliveries that no answer waits for')
})

t.test('in strict mode a refused delivery gives no cooldown back, which would tell that there was one', async (t) => {
  const open = await startApp(t)
  await signUp(open, 1)
  await open.database.otp.deleteMany()
  await forgetSends(open.database)
  const refusing = { name: 'refusing', send: () => Promise.reject(new DeliveryRefused('no')) }
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const service = await startApp(t, { settings, senders: [refusing], databaseUrl: open.config.database.url })
  t.equal((await send(service, 1, '203.0.113.1', 'login')).status, 200)
  await service.app.close()
  t.match(await open.database.otp.findFirst(), { codeHash: Uint8Array })
  t.match(await open.database.identifierLimit.findFirst(), { hourSends: 1 })
})

t.test('in strict mode nobody is told that the messages to an owner were refused', async (t) => {
  const open = await startApp(t)
  t.equal((await signUp(open, 1)).status, 200)
  await forgetSends(open.database)
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const service = await startApp(t, { settings, databaseUrl: open.config.database.url })
  const sent = await send(service, 2, '203.0.113.1', 'login')
  await service.database.$executeRaw`
    INSERT INTO identifier_limits (identifier, hour_started_at, hour_sends, day_started_at, day_sends, refused_started_at, refused_sends)
    VALUES (${`+91${mobile(1)}`}, now(), 0, now(), 0, now(), 20)`
  const before = service.messages.length
  const answer = await send(service, 1, '203.0.113.1', 'login')
  t.strictSame([answer.status, answer.text], [200, sent.text])
  await service.app.close()
  t.equal(service.messages.length, before, 'and none is tried')
})

t.test('the SMS budget of new numbers never stops those that verified before, nor email', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '3' } })
  await signUp(service, 1)
  await send(service, 2)
  await send(service, 3)
  const refused = await send(service, 4)
  t.match([refused.status, refused.body.code], [503, 'service_unavailable'])
  t.ok(refused.body.retry_after >= 1 && refused.body.retry_after <= 3600)
  t.match(
    await service.database.otp.findFirst({ where: { identifier: `+91${mobile(4)}` } }),
    null,
    'nothing was issued',
  )
  t.equal((await send(service, 1)).status, 200, 'a number with an account')
  t.equal((await service.post('/auth/request-otp', { email: 'a@example.com' })).status, 200)
  t.match(service.logged(), /"kind":"refused","limit":"budget"/)

  await service.database.$executeRaw`UPDATE limit_counters SET window_started_at = window_started_at - interval '1 hour'
    WHERE key LIKE 'sms_hour%'`
  t.equal((await send(service, 4)).status, 200, 'the next hour has a budget of its own')
})

t.test('the budget of a day', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_DAY: '1' } })
  await send(service, 1)
  const refused = await send(service, 2)
  t.equal(refused.status, 503)
  const toNextDay = 86_400 - (Math.floor(Date.now() / 1000) % 86_400)
  t.ok(Math.abs(refused.body.retry_after - toNextDay) <= 5)
})

t.test('a refused resend costs nothing of the budget', async (t) => {
  const service = await startApp(t, { settings: { SMS_BUDGET_PER_HOUR: '2' } })
  await send(service, 1)
  for (let attempt = 0; attempt < 5; attempt++) t.equal((await send(service, 1)).status, 429)
  t.equal((await send(service, 2)).status, 200)
})

t.test('of many requests that find that a country is to be closed one closes it', async (t) => {
  const service = await startApp(t, { settings: { BREAKER_MIN_SENDS: '2', BREAKER_MIN_VERIFIED: '0.5' } })
  const sendNew = async () =>
    service.post('/api/auth/send-otp', { mobile_number: await numberOutsideTheTenth(service) }, from('203.0.113.1'))
  for (let index = 0; index < 2; index++) t.equal((await sendNew()).status, 200)
  // So that all of them find a connection that is open.
  await Promise.all([1, 2, 3, 4, 5, 6].map(() => service.database.$queryRaw`SELECT pg_sleep(0.1)::text`))
  const refused = await Promise.all([3, 4, 5, 6, 7, 8].map(sendNew))
  for (const { status } of refused) t.equal(status, 503)
  t.equal(service.logged().match(/"kind":"country_closed"/g)?.length, 1)
})

t.test('a country in which nobody verifies is closed to new numbers, and opens again by itself', async (t) => {
  const settings = { BREAKER_MIN_SENDS: '4', BREAKER_MIN_VERIFIED: '0.5' }
  const service = await startApp(t, { settings })
  await signUp(service, 1)
  const statuses: number[] = []
  const sendNew = async () =>
    service.post('/api/auth/send-otp', { mobile_number: await numberOutsideTheTenth(service) }, from('203.0.113.1'))
  for (let index = 2; index < 6; index++) statuses.push((await sendNew()).status)
  t.strictSame(statuses, [200, 200, 200, 503], 'four were sent, one was verified')
  t.match(service.logged(), /"kind":"country_closed"/)
  const closed = await sendNew()
  t.ok(closed.body.retry_after > 890 && closed.body.retry_after <= 900)
  t.equal((await send(service, 1)).status, 200, 'verified numbers always pass')
  t.equal((await service.post('/auth/request-otp', { email: 'a@example.com' })).status, 200)

  // fifteen minutes later
  await service.database.$executeRaw`UPDATE country_breakers SET closed_until = closed_until - interval '15 minutes'`
  await service.database
    .$executeRaw`UPDATE limit_counters SET window_started_at = window_started_at - interval '15 minutes'`
  for (let index = 7; index < 11; index++) statuses.push((await sendNew()).status)
  t.strictSame(statuses.slice(4), [200, 200, 200, 200], 'tried again, and counted anew')
  t.equal((await sendNew()).status, 503, 'at once: no window is left out')
})

t.test('a country in which people verify stays open', async (t) => {
  const service = await startApp(t, { settings: { BREAKER_MIN_SENDS: '2', BREAKER_MIN_VERIFIED: '0.5' } })
  for (let index = 1; index < 6; index++) t.equal((await signUp(service, index)).status, 200)
})

t.test('a flood of one address is refused on every route, unknown ones included', async (t) => {
  const service = await startApp(t, { settings: { FLOOD_PER_MINUTE: '5' } })
  const ask = (url: string, address = '203.0.113.1') => service.get(url, from(address))
  for (const url of ['/openapi.json', '/nowhere', '/%ff', '/auth/phone-prefixes', '/.well-known/jwks.json']) {
    t.not((await ask(url)).status, 429)
  }
  for (const url of ['/openapi.json', '/nowhere', '/api/auth/me', '/docs', '/%ff']) {
    const refused = await ask(url)
    t.match([refused.status, refused.body.code], [429, 'rate_limited'], url)
    t.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 60)
    t.equal(refused.headers['x-content-type-options'], 'nosniff')
  }
  t.equal((await service.post('/auth/request-otp', undefined, { ...from('203.0.113.1'), payload: '{' })).status, 429)
  t.equal((await ask('/openapi.json', '203.0.113.2')).status, 200)
})

t.test('RATE_LIMITS=off lifts what addresses and budgets limit, never what an identifier does', async (t) => {
  const one = { FLOOD_PER_MINUTE: '1', IP_SEND_PER_HOUR: '1', IP_VERIFY_PER_10_MIN: '1', SMS_BUDGET_PER_HOUR: '1' }
  const service = await startApp(t, { settings: { RATE_LIMITS: 'off', ...one } })
  for (let index = 1; index < 9; index++) t.equal((await send(service, index)).status, 200)
  t.equal((await send(service, 1)).status, 429, 'the cooldown')
  const otp = service.lastCode(`+91${mobile(1)}`)
  const wrong = otp === '000000' ? '111111' : '000000'
  const verify = (code: string) => service.post('/api/auth/verify-otp', { mobile_number: mobile(1), otp: code })
  for (let guess = 0; guess < 5; guess++) await verify(wrong)
  t.equal((await verify(otp)).status, 401, 'the guesses')
})

t.test('a thousand wrong guesses an hour raise the alarm', async (t) => {
  const service = await startApp(t)
  const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000)
  const expiresAt = new Date(hour.getTime() + 3_600_000)
  const rows = Array.from({ length: 16 }, (_, shard) => ({
    key: 'guesses',
    windowStartedAt: hour,
    shard,
    count: 62,
    expiresAt,
  }))
  await service.database.limitCounter.createMany({ data: rows })
  await send(service, 1)
  const otp = service.lastCode(`+91${mobile(1)}`) === '000000' ? '111111' : '000000'
  const guess = () => service.post('/api/auth/verify-otp', { mobile_number: mobile(1), otp })
  const alarms = () => service.database.authEvent.count({ where: { detail: { startsWith: 'guesses in all' } } })

  await guess()
  t.equal(await alarms(), 0, '993 are fewer, though a shard has had its share')
  // Whichever shard comes next has its second share; in all there are two thousand.
  await service.database.$executeRaw`UPDATE limit_counters SET count = 125 WHERE key = 'guesses'`
  await guess()
  t.equal(await alarms(), 1)
  t.match(service.logged(), /wrong guesses in all have passed the alarm/)
})
