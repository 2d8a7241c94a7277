// Every line that tells of a request carries its id, and the code of the error where it failed, whoever writes it.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Traces } from '../../src/cli/doctor-traces.js'
import { DeliveryRefused, type Sender } from '../../src/messaging/sender.js'
import { type Answer, startApp, type TestApp, wrongCode } from '../support/app.js'
import { newEmail, newNumber } from '../support/flows.js'
import { forgetSends } from '../support/limits.js'
import { join } from '../users/people.js'

type Line = Record<string, unknown> & { msg: string }

const linesOf = (service: TestApp): Line[] =>
  service
    .logged()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** What the log tells of the request of an answer, oldest first: `send undelivered delivery_failed`. */
function told(service: TestApp, { headers }: Answer): string[] {
  return linesOf(service)
    .filter(({ requestId }) => requestId === headers['x-request-id'])
    .map(({ msg, kind, code }) => [msg, kind, code].filter(Boolean).join(' '))
}

const isOfRequest = ({ msg }: Line) => msg !== 'ready' && msg !== 'stopping'

const refusing: Sender = { name: 'refusing', send: () => Promise.reject(new DeliveryRefused('no')) }

t.test('of many at once, which are decided together, each line has the id of its own request', async (t) => {
  const service = await startApp(t)
  const emails = Array.from({ length: 40 }, newEmail)
  const sends = await Promise.all(emails.map((email) => service.post('/auth/request-otp', { email })))
  for (const answer of sends) t.strictSame(told(service, answer), ['send sent', 'request'])

  const bodies = emails.map((email, index) => {
    const code = service.lastCode(email)
    return { email, otp: index % 2 === 0 ? code : wrongCode(code) }
  })
  const answers = await Promise.all(bodies.map((body) => service.post('/auth/verify-otp', body)))
  for (const [index, answer] of answers.entries()) {
    const right = ['sign-in verification', 'sign-in new_account', 'request']
    const wrong = ['sign-in verification otp_invalid', 'request otp_invalid']
    t.strictSame(told(service, answer), index % 2 === 0 ? right : wrong)
  }
  for (const line of linesOf(service).filter(isOfRequest)) t.type(line['requestId'], 'string', line.msg)
})

t.test('a delivery that fails, and what limits refuse', async (t) => {
  const state = { send: refusing.send }
  const sender: Sender = { name: 'gateway', send: (message, signal) => state.send(message, signal) }
  const service = await startApp(t, { senders: [sender] })
  const send = (email = 'a@example.com') => service.post('/auth/request-otp', { email })
  const failed = ['delivery attempt failed', 'send undelivered delivery_failed', 'request delivery_failed']
  for (let index = 0; index < 4; index += 1) t.strictSame(told(service, await send()), failed)
  const last = told(service, await send())
  t.strictSame(last.sort(), [...failed, 'delivery circuit'].sort(), 'the one that lets the driver rest')
  state.send = async () => ({})
  t.strictSame(told(service, await send()), ['delivery circuit', 'send sent', 'request'], 'the one that wakes it')

  const limited = await startApp(t, { settings: { IP_SEND_PER_HOUR: '1' } })
  await limited.post('/auth/request-otp', { email: 'a@example.com' })
  const refused = await limited.post('/auth/request-otp', { email: 'b@example.com' })
  t.strictSame(told(limited, refused), ['send refused rate_limited', 'request rate_limited'])
  t.strictSame(told(limited, await limited.get('/nowhere')), ['request not_found'])
})

t.test('what nobody waits for: deliveries, what they had counted, their events', async (t) => {
  const open = await startApp(t)
  const numbers = [newNumber(), newNumber(), newNumber()]
  for (const number of numbers) await join(open, `+91${number}`)
  await open.database.$executeRaw`DELETE FROM otps`
  await forgetSends(open.database)
  // Its name is longer than the trail can hold, once it takes messages.
  const state = { send: refusing.send }
  const sender: Sender = { name: 'x'.repeat(33), send: (message, signal) => state.send(message, signal) }
  const settings = { ACCOUNT_DISCLOSURE: 'strict' }
  const service = await startApp(t, { settings, senders: [sender], databaseUrl: open.config.database.url })
  const send = (mobile_number: string | undefined) =>
    service.post('/api/auth/send-otp', { mobile_number, mode: 'login' })
  state.send = async (message, signal) => {
    await open.database.$executeRaw`ALTER TABLE identifier_limits RENAME TO away`
    return refusing.send(message, signal)
  }
  const refused = await send(numbers[0])
  while (told(service, refused).length < 4) await sleep(10)
  await open.database.$executeRaw`ALTER TABLE away RENAME TO identifier_limits`
  state.send = async () => ({})
  const taken = await Promise.all([send(numbers[1]), send(numbers[2])])
  await service.app.close()
  t.strictSame(told(service, refused).sort(), [
    'delivery attempt failed',
    'request',
    'send undelivered',
    'what a refused message had counted could not be given back',
  ])
  for (const answer of taken) {
    t.strictSame(told(service, answer).sort(), ['request', 'send sent', 'the event of a delivery could not be written'])
  }
})

t.test('the alarm, and an error of ours', async (t) => {
  const service = await startApp(t)
  const email = 'a@example.com'
  await service.post('/auth/request-otp', { email })
  const otp = wrongCode(service.lastCode(email))
  await service.post('/auth/verify-otp', { email, otp })
  await service.database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, shard, count, expires_at)
    SELECT 'guesses', date_trunc('hour', now(), 'UTC'), n, 125, now() + interval '1 hour' FROM generate_series(0, 15) AS n
    ON CONFLICT (key, window_started_at, shard) DO UPDATE SET count = 125`
  t.strictSame(told(service, await service.post('/auth/verify-otp', { email, otp })), [
    'sign-in verification otp_invalid',
    'wrong guesses in all have passed the alarm otp_invalid',
    'request otp_invalid',
  ])
  await service.database.$executeRaw`ALTER TABLE otps RENAME TO away`
  const broken = await service.post('/auth/request-otp', { email })
  t.strictSame(told(service, broken), ['request failed internal_error', 'request internal_error'])
})

t.test("a trusted proxy's id of a request is kept, where it is a UUID", async (t) => {
  const service = await startApp(t, { settings: { TRUST_PROXY: '10.1.0.0/16,fd00::/8,192.0.2.7' } })
  const id = randomUUID()
  const askedAs = (remoteAddress: string, told: string) =>
    service.post('/auth/request-otp', { email: newEmail() }, { remoteAddress, headers: { 'x-request-id': told } })
  const bare = randomUUID().replaceAll('-', '')
  for (const [address, given] of [
    ['10.1.2.3', id],
    ['::ffff:10.1.2.3', randomUUID()],
    ['fd00::1', randomUUID().toUpperCase()],
    ['192.0.2.7', bare],
  ] as const) {
    const answer = await askedAs(address, given)
    t.equal(answer.headers['x-request-id'], given, address)
    t.strictSame(told(service, answer), ['send sent', 'request'])
  }
  const events = await service.database.authEvent.findMany({ where: { requestId: { in: [id] } } })
  t.ok(events.length > 0, 'the trail has it too')
  const traces = new Traces(service.database, service.config)
  t.equal(await traces.networkOf(bare), '192.0.2.0/24', 'the doctor finds it by either form')
  t.equal(await traces.hasOthers('192.0.2.0/24', [bare]), false)

  for (const address of ['10.2.0.1', 'fe80::1', '192.0.2.8', '::ffff:10.2.0.1']) {
    const given = randomUUID()
    const { headers } = await askedAs(address, given)
    t.match(headers['x-request-id'], /^[0-9a-f-]{36}$/)
    t.not(headers['x-request-id'], given, `${address} is no proxy of ours`)
  }
  for (const given of ['', 'request-1', `${id}, ${id}`, `${id}0`, `{${id}}`, 'x'.repeat(36), id.slice(1)]) {
    const { headers } = await askedAs('10.1.2.3', given)
    t.match(headers['x-request-id'], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, given)
    t.not(headers['x-request-id'], given)
  }
  const unlisted = await startApp(t)
  const { headers } = await unlisted.get('/health/live', { headers: { 'x-request-id': id } })
  t.not(headers['x-request-id'], id, 'without TRUST_PROXY nobody is one')
})

t.test('bytes that a terminal obeys, in a header that is logged, are escapes', async (t) => {
  const service = await startApp(t)
  const origin = 'https://\u009b31m\u0085.example'
  const answer = await service.post('/auth/request-otp', {}, { headers: { cookie: 'jwt=x', origin } })
  t.equal(answer.body.code, 'cross_site')
  t.match(service.logged(), 'https://\\u009b31m\\u0085.example')
  t.notMatch(service.logged(), /(?!\n)\p{Cc}/u)
  t.ok(
    linesOf(service).some((line) => line['origin'] === origin),
    'which say the same',
  )
})

t.test('a probe that goes well is told of at debug alone; one that fails, and all else, at info', async (t) => {
  const service = await startApp(t)
  const levelOf = ({ headers }: Answer) =>
    linesOf(service).find(({ requestId, msg }) => requestId === headers['x-request-id'] && msg === 'request')?.['level']
  const [debug, info] = [20, 30]
  for (const path of ['/health/live', '/health/ready', '/metrics'])
    t.equal(levelOf(await service.get(path)), debug, path)
  for (const path of ['/auth/phone-prefixes', '/metrics/x']) t.equal(levelOf(await service.get(path)), info, path)
  service.health.drain()
  t.equal(levelOf(await service.get('/health/ready')), info)
})
