// The metrics: who may read them, what is counted and under which labels, and that the docs and alerts name nothing else.
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import t from 'tap'
import { buildApp } from '../../src/app.js'
import { createLogger } from '../../src/http/logger.js'
import { DeliveryRefused, type Sender } from '../../src/messaging/sender.js'
import { Metrics } from '../../src/operations/metrics.js'
import { startApp, type TestApp, wrongCode } from '../support/app.js'
import { numberOutsideTheTenth } from '../support/limits.js'
import { projectUrl } from '../support/project.js'

const METRICS_TOKEN = 'a-metrics-token-of-thirty-two-bytes'
const phone = { phonePrefix: '+91', phone: '9876543210' }
const email = 'asha@example.com'

/** The metrics as lines without the comments, those of the process left out. */
async function linesOf(service: TestApp): Promise<string[]> {
  const { text } = await service.get('/metrics')
  return text.split('\n').filter((line) => line.startsWith('latchkey_'))
}

async function sampleOf(service: TestApp, sample: string): Promise<number> {
  const line = (await linesOf(service)).find((line) => line.startsWith(`${sample} `))
  return Number(line?.slice(sample.length) ?? 0)
}

t.test('with a token they are told to who shows it, and to nobody else', async (t) => {
  const service = await startApp(t, { settings: { METRICS_TOKEN } })
  for (const authorization of [
    undefined,
    'Bearer',
    METRICS_TOKEN,
    `Basic ${METRICS_TOKEN}`,
    `Bearer ${METRICS_TOKEN}x`,
    `Bearer ${METRICS_TOKEN.slice(1)}`,
  ]) {
    const answer = await service.get('/metrics', authorization === undefined ? {} : { headers: { authorization } })
    t.match(answer, { status: 401, body: { code: 'unauthorized' }, headers: { 'www-authenticate': /^Bearer/ } })
    t.notMatch(answer.text, /latchkey_/)
  }
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` }
  const answer = await service.get('/metrics', { headers })
  t.match(answer, {
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
  })
  t.match(answer.text, /^latchkey_ready 1$/m)
  t.equal((await service.app.inject({ method: 'HEAD', url: '/metrics' })).statusCode, 401)
  t.notOk(service.logged().includes(METRICS_TOKEN))
})

t.test('without a token they are open in test and development, and not there in production', async (t) => {
  const service = await startApp(t)
  t.equal((await service.get('/metrics')).status, 200)
  const config = { ...service.config, mode: 'production' } as const
  const logger = createLogger('silent', { write: () => {} })
  const { database, health } = service
  const senders = { sms: [], email: [] }
  const app = await buildApp({ config, database, logger, health, senders, version: '0' })
  t.teardown(() => app.close())
  t.equal((await app.inject('/metrics')).statusCode, 404)
})

t.test('the flood guard holds for them', async (t) => {
  const service = await startApp(t, { settings: { FLOOD_PER_MINUTE: '2' } })
  const statuses = []
  for (let call = 0; call < 3; call++) statuses.push((await service.get('/metrics')).status)
  t.strictSame(statuses, [200, 200, 429])
})

t.test('sends, verifications and accounts by channel, country and outcome', async (t) => {
  const service = await startApp(t, { settings: { OTP_MAX_FAILURES_PER_DAY: '2', OTP_RESEND_COOLDOWN: '600' } })
  const to = '+919876543210'
  await service.post('/auth/request-otp', phone)
  await service.post('/auth/request-otp', phone)
  const otp = service.lastCode(to)
  await service.post('/auth/verify-otp', { ...phone, otp: wrongCode(otp) })
  await service.post('/auth/verify-otp', { ...phone, otp })
  await service.post('/auth/verify-otp', { ...phone, otp })
  await service.post('/auth/request-otp', { email })
  for (let guess = 0; guess < 2; guess++) {
    await service.post('/auth/verify-otp', { email, otp: wrongCode(service.lastCode(email)) })
  }
  const mobile_number = '9876543211'
  await service.post('/api/auth/send-otp', { mobile_number })
  const proof = { mobile_number, otp: service.lastCode('+919876543211') }
  const { signup_token } = (await service.post('/api/auth/verify-otp', proof)).body
  const form = { user_name: 'Asha', house_number: '1', street_locality: 'x', city: 'y', state: 'z', pincode: '560001' }
  await service.post('/api/auth/signup', { mobile_number, signup_token, ...form })
  await service.post('/api/auth/send-otp', { mobile_number: '9876543212', mode: 'login' })

  const counted = (await linesOf(service)).filter((line) => /_(sends|verifications|accounts\w+)_total\{/.test(line))
  t.strictSame(counted.sort(), [
    'latchkey_accounts_created_total{channel="sms",country="IN"} 2',
    'latchkey_sends_total{channel="email",country="none",driver="recorder",outcome="sent"} 1',
    'latchkey_sends_total{channel="sms",country="IN",driver="none",outcome="limited_identifier"} 1',
    'latchkey_sends_total{channel="sms",country="IN",driver="recorder",outcome="sent"} 2',
    'latchkey_verifications_total{channel="email",country="none",result="locked"} 1',
    'latchkey_verifications_total{channel="email",country="none",result="wrong"} 1',
    'latchkey_verifications_total{channel="sms",country="IN",result="accepted"} 2',
    'latchkey_verifications_total{channel="sms",country="IN",result="refused"} 1',
    'latchkey_verifications_total{channel="sms",country="IN",result="wrong"} 1',
  ])
  const { text } = await service.get('/metrics')
  t.notMatch(text, /987654|asha|127\.0\.0/i, 'nobody is in them')
})

t.test('limits that refuse, and a country that is closed', async (t) => {
  const service = await startApp(t, {
    settings: { BREAKER_MIN_SENDS: '1', BREAKER_MIN_VERIFIED: '1', IP_VERIFY_PER_10_MIN: '1', IP_SEND_PER_HOUR: '3' },
  })
  t.equal(await sampleOf(service, 'latchkey_countries_closed_total{country="IN"}'), 0)
  for (const sample of [
    'latchkey_countries_closed_total{country="IN"}',
    'latchkey_verifications_total{channel="sms",country="IN",result="accepted"}',
  ]) {
    t.ok((await linesOf(service)).includes(`${sample} 0`), `${sample} before the first time`)
  }
  await service.post('/auth/request-otp', phone)
  for (let index = 0; index < 3; index++)
    await service.post('/auth/request-otp', { ...phone, phone: await numberOutsideTheTenth(service) })
  for (let guess = 0; guess < 2; guess++) await service.post('/auth/verify-otp', { ...phone, otp: '000000' })
  t.equal(await sampleOf(service, 'latchkey_countries_closed_total{country="IN"}'), 1)
  const refused = (limit: string) =>
    sampleOf(service, `latchkey_sends_total{channel="sms",country="IN",driver="none",outcome="limited_${limit}"}`)
  t.strictSame([await refused('country'), await refused('address')], [2, 1])
  t.equal(await sampleOf(service, 'latchkey_verifications_total{channel="sms",country="IN",result="by_address"}'), 1)
})

t.test('deliveries that fail, by driver', async (t) => {
  const failing = (name: string, error: Error): Sender => ({ name, send: () => Promise.reject(error) })
  const refuses = failing('refuses', new DeliveryRefused('no'))
  const breaks = failing('breaks', new Error('broken'))
  const takes: Sender = { name: 'takes', send: async () => ({}) }
  const chained = await startApp(t, { senders: [refuses, breaks, takes] })
  await chained.post('/auth/request-otp', { email })
  const attempt = (driver: string, outcome: string) =>
    `latchkey_delivery_failures_total{channel="email",driver="${driver}",outcome="${outcome}"}`
  t.equal(await sampleOf(chained, attempt('refuses', 'refused')), 1)
  t.equal(await sampleOf(chained, attempt('breaks', 'uncertain')), 1)
  const send = (driver: string, outcome: string) =>
    `latchkey_sends_total{channel="email",country="none",driver="${driver}",outcome="${outcome}"}`
  t.equal(await sampleOf(chained, send('takes', 'sent')), 1)
  for (const [sender, outcome] of [
    [refuses, 'delivery_refused'],
    [breaks, 'delivery_uncertain'],
  ] as const) {
    const service = await startApp(t, { senders: [sender] })
    await service.post('/auth/request-otp', { email })
    t.equal(await sampleOf(service, send('none', outcome)), 1)
  }
})

t.test('the alarm on guesses in all', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', { email })
  await service.database.$executeRaw`
    INSERT INTO limit_counters (key, window_started_at, shard, count, expires_at)
    SELECT 'guesses', date_bin('1 hour', now(), to_timestamp(0)), shard, 125, now() + interval '1 hour'
    FROM generate_series(0, 15) AS shard`
  t.equal(await sampleOf(service, 'latchkey_guess_alarms_total'), 0)
  // The next one on any shard is its 126th, two full shares of the alarm.
  await service.post('/auth/verify-otp', { email, otp: wrongCode(service.lastCode(email)) })
  t.equal(await sampleOf(service, 'latchkey_guess_alarms_total'), 1)
})

t.test('requests by pattern, never by URL', async (t) => {
  const service = await startApp(t)
  for (const url of ['/health/live', '/health/live?token=secret', '/nothing/here', '/nor/here', '/%']) {
    await service.get(url)
  }
  await service.post('/health/live')
  const routes = (await linesOf(service))
    .filter((line) => line.startsWith('latchkey_http_request_duration_seconds_count'))
    .map((line) => line.replace('latchkey_http_request_duration_seconds_count', ''))
  t.strictSame(routes.sort(), [
    '{method="GET",route="/health/live",status="200"} 2',
    '{method="GET",route="unknown",status="404"} 2',
    '{method="POST",route="/health/live",status="405"} 1',
  ])
})

t.test('the pool of the database, and readiness', async (t) => {
  const service = await startApp(t, { settings: { DATABASE_POOL_SIZE: '1' } })
  await service.get('/health/ready')
  t.equal(await sampleOf(service, 'latchkey_database_connections{state="idle"}'), 1)
  const metrics = new Metrics({
    countries: [],
    poolUse: () => ({ inUse: 3, idle: 2, waiting: 5 }),
    isReady: async () => false,
    eventHosts: [],
    eventLags: async () => new Map(),
  })
  metrics.databaseWatcher.onRefusal('send_code')
  t.match(await metrics.read(), /latchkey_batch_refusals_total{decision="send_code"} 1\n/)
  t.match(await metrics.read(), /in_use"} 3\n.*idle"} 2\n(.*\n)*latchkey_database_waiting 5\n(.*\n)*latchkey_ready 0\n/)
  const taken = service.database.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT 1`
    const waiting = service.database.$executeRaw`SELECT 1`.then(() => {})
    while (service.database.poolUse().waiting === 0) await new Promise(setImmediate)
    t.strictSame(service.database.poolUse(), { inUse: 1, idle: 0, waiting: 1 })
    return { waiting }
  })
  await (await taken).waiting
  service.health.drain()
  t.equal(await sampleOf(service, 'latchkey_ready'), 0)
})

t.test('what is alerted of by its increase is there from the start: from nothing to one is no increase', async (t) => {
  const service = await startApp(t, {
    settings: { EVENT_WEBHOOKS: `http://127.0.0.1:9/hear|whsec_${Buffer.alloc(32).toString('base64')}` },
  })
  const { text } = await service.get('/metrics')
  for (const result of ['delivered', 'failed', 'parked']) {
    t.match(text, `latchkey_event_deliveries_total{endpoint="127.0.0.1:9",result="${result}"} 0`)
  }
  for (const result of ['allowed', 'refused', 'failed'])
    t.match(text, `latchkey_signup_hooks_total{result="${result}"} 0`)
  t.match(text, 'latchkey_countries_closed_total{country="IN"} 0')
})

t.test('each app counts for itself, and asking leaves nothing behind', async (t) => {
  const services = [await startApp(t), await startApp(t)]
  await services[0]?.get('/health/live')
  const sample = 'latchkey_http_request_duration_seconds_count{method="GET",route="/health/live",status="200"}'
  t.strictSame(await Promise.all(services.map((service) => sampleOf(service, sample))), [1, 0])
  const { text } = await (services[0] as TestApp).get('/metrics')
  const value = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  t.ok(Math.abs(value('process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 2)
  t.ok(value('process_cpu_seconds_total') > 0 && value('process_cpu_seconds_total') < 3600 * availableParallelism())
  t.ok(value('nodejs_eventloop_active_seconds_total') > 0)
  t.ok(value('process_resident_memory_bytes') > value('nodejs_heap_size_used_bytes'))
})

t.test('docs and alerts name metrics that exist, and the docs all of them', async (t) => {
  const service = await startApp(t)
  const { text } = await service.get('/metrics')
  const known = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => String(name))
  t.ok(known.length > 10)
  const namesIn = async (file: string) => {
    const source = await readFile(new URL(file, projectUrl), 'utf8')
    const names = source.match(/\b(?:latchkey|process|nodejs)_[a-z0-9_]+[a-z]\b/g) ?? []
    return new Set(
      names.map((name) => name.replace(/(duration_seconds|wait_seconds|batch_size)_(bucket|count|sum)$/, '$1')),
    )
  }
  const documented = await namesIn('docs/metrics.md')
  t.strictSame([...documented].sort(), [...known].sort())
  const alerting = await namesIn('deploy/alerts.yaml')
  t.strictSame(
    [...alerting].filter((name) => !known.includes(name)),
    [],
  )
  t.ok(alerting.size >= 8)
  for (const name of known) t.match(name, /^(latchkey|process|nodejs)_/)
})
