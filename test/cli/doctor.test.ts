// The doctor against real services: well ones, and ones broken on purpose, each of which has to be told. Coming from elsewhere than
// the service's own machine is played by an address that is not known as loopback, and by a proxy.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  databaseFindings,
  judgeClock,
  judgeSession,
  judgeStandby,
  judgeVersion,
} from '../../src/cli/doctor-database.js'
import type { Finding } from '../../src/cli/doctor-findings.js'
import { settingsFindings } from '../../src/cli/doctor-settings.js'
import { parseConfig } from '../../src/config/config.js'
import { openDatabase } from '../../src/database/client.js'
import { createEmptyDatabase, query } from '../database/scratch.js'
import { type StartOptions, startApp, type TestApp, testSecrets } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { contentOf } from '../support/content.js'

const METRICS_TOKEN = 'a-metrics-token-of-thirty-two-bytes'
const limits = { FLOOD_PER_MINUTE: '60', IP_VERIFY_PER_10_MIN: '120', IP_SEND_PER_HOUR: '60' }
const nowhere = 'postgresql://me:secret-word@127.0.0.1:1/x'

/** The settings of a good deployment. */
const deployment = {
  ...testSecrets,
  ...limits,
  DATABASE_URL: nowhere,
  SMS_DRIVERS: 'webhook',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: 'https://gateway.internal/codes',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  METRICS_TOKEN,
}

async function examine(environment: Record<string, string>, ...words: string[]) {
  const { code, output, errors } = await runCommand(['doctor', ...words], { environment })
  const rows = output.filter((line) => /^(ok|note|warning|failed) /.test(line))
  const told = (state: string) =>
    rows.filter((row) => row.startsWith(state)).map((row) => row.slice(9).replace(/ +/, ' '))
  return {
    code,
    output,
    errors,
    failed: told('failed'),
    ok: told('ok'),
    notes: told('note'),
    warnings: told('warning'),
  }
}

/** With all that writes and counts. */
const prove = (environment: Record<string, string>, ...words: string[]) => examine(environment, '--prove', ...words)

/** A service that listens, and the doctor's environment for it. */
async function startListening(
  t: Test,
  settings: Record<string, string> = {},
  options: StartOptions & { host?: string } = {},
) {
  const service = await startApp(t, { ...options, settings: { ...limits, METRICS_TOKEN, ...settings } })
  const url = await service.app.listen({ host: options.host ?? '127.0.0.1', port: 0 })
  return { service, url, environment: { ...deployment, DATABASE_URL: service.config.database.url } }
}

async function listen(t: Test, handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function leftovers({ database }: TestApp) {
  const counters = await database.limitCounter.findMany({ where: { key: { startsWith: 'verify_ip:' } } })
  return { codes: await database.otp.count(), maxAttempts: Math.max(...counters.map(({ count }) => count)) }
}

const notTried = [
  /^limits the flood guard was not tried: --prove does that/,
  /^limits the limits of an address and X-Forwarded-For were not tried: --prove does that/,
  /^limits the guesses that a code takes and its cooldown were not tried: --prove does that/,
]

/** The trail is append-only. */
const withoutEvents = (content: string) =>
  JSON.stringify(JSON.parse(content).filter(([table]: [string]) => !table.startsWith('auth_events')))

const aboutLimits = (rows: string[]) => rows.filter((row) => row.startsWith('limits '))

t.test('unless it is to prove the limits, it writes no row and sends no message', async (t) => {
  const { service, url, environment } = await startListening(t)
  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  // Its event comes after the answer.
  while ((await service.database.authEvent.count({ where: { event: 'delivery_accepted' } })) === 0) await sleep(5)
  const before = await contentOf(environment.DATABASE_URL)
  t.match(before, 'asha@example.com')
  const { code, failed, ok, notes, warnings, errors } = await examine(environment, '--url', url)
  t.strictSame({ code, failed, errors }, { code: 0, failed: [], errors: [] })
  t.match(aboutLimits(notes), notTried)
  t.strictSame(aboutLimits([...ok, ...warnings]), [])
  t.ok(ok.some((row) => row.startsWith('service calls from pages of other sites are refused')))
  t.equal(await contentOf(environment.DATABASE_URL), before)
  t.equal(service.messages.length, 1)
})

t.test('it writes none either where the guards are down that it asks about', async (t) => {
  const { url, environment } = await startListening(t)
  const proxy = await listen(t, (incoming, outgoing) => {
    const { host: _host, origin: _origin, 'sec-fetch-site': _site, 'content-length': _, ...headers } = incoming.headers
    const forward = request(
      new URL(String(incoming.url), url),
      { method: String(incoming.method), headers },
      (answer) => {
        outgoing.writeHead(Number(answer.statusCode), answer.headers)
        answer.pipe(outgoing)
      },
    )
    json(incoming).then(
      (body) => forward.end(JSON.stringify({ ...Object(body), doctor: undefined })),
      () => forward.end(),
    )
  })
  const before = await contentOf(environment.DATABASE_URL)
  t.match((await examine(environment, '--url', proxy)).failed, [
    /^service unknown fields are answered 400 otherwise than the service does/,
    /^service calls from pages of other sites are answered 400, not 403 cross_site/,
  ])
  t.equal(await contentOf(environment.DATABASE_URL), before)
})

t.test('what --prove could not try either has its own reason', async (t) => {
  const { url, environment } = await startListening(t, {}, { host: '0.0.0.0' })
  const elsewhere = await examine(environment, '--url', url.replace('127.0.0.1', '0.0.0.0'))
  t.match(aboutLimits(elsewhere.notes), [
    /^limits the flood guard was not tried: others may share/,
    ...notTried.slice(1),
  ])
  const settings = { ...environment, CHANNELS: 'sms', FLOOD_PER_MINUTE: '100000' }
  const reasons = [/^limits the flood guard was not tried: FLOOD_PER_MINUTE/, /^limits the limits on codes .*no email/]
  t.match(aboutLimits((await examine(settings, '--url', url)).notes), reasons)
  const { output, notes } = await prove(settings, '--url', url)
  t.match(output[0], /^--prove has nothing to try at http:.*, and writes nothing$/)
  t.match(aboutLimits(notes), reasons)
})

t.test('--prove says before it starts what it will write, and leaves no more', async (t) => {
  const { service, url, environment } = await startListening(t)
  const rows = async () => ({
    events: await service.database.authEvent.count(),
    counters: await service.database.limitCounter.count(),
    sends: await service.database.identifierLimit.count(),
  })
  const before = await contentOf(environment.DATABASE_URL)
  t.strictSame(await rows(), { events: 0, counters: 0, sends: 0 })
  const { code, output } = await prove(environment, '--url', url)
  t.equal(code, 0)
  const firstFinding = output.findIndex((line) => line.startsWith('ok '))
  const told = output.slice(0, firstFinding).join('\n')
  t.match(told, /^--prove lets itself be refused by http:\/\/127.*\n- .* more than 60 times .*\n- up to 8 guesses/)
  t.match(told, /stay for 90 days/)
  const [, events, counters, sends] =
    /up to (\d+) events, .*; up to (\d+) counters and (\d+) row of identifier_limits/.exec(told) ?? []
  const left = await rows()
  t.ok(left.events > 0 && left.events <= Number(events), `events: ${left.events}`)
  t.ok(left.counters > 0 && left.counters <= Number(counters), `counters: ${left.counters}`)
  t.ok(left.sends <= Number(sends), `sends: ${left.sends}`)
  // Nothing else than these.
  await service.database.$executeRaw`DELETE FROM limit_counters`
  await service.database.$executeRaw`DELETE FROM identifier_limits`
  t.equal(withoutEvents(await contentOf(environment.DATABASE_URL)), withoutEvents(before))
})

t.test(
  'with --prove a good deployment passes, nobody gets a message, and nothing stays but a few counts',
  async (t) => {
    const { service, url, environment } = await startListening(t, { DOCS: 'off' })
    const { code, failed, ok, errors, output } = await prove(environment, '--url', url)
    t.strictSame({ code, failed, errors }, { code: 0, failed: [], errors: [] })
    for (const line of [
      'service /metrics answers to METRICS_TOKEN',
      'service the echo is off',
      'service unknown fields are refused',
      'service calls from pages of other sites are refused',
      'limits the flood guard refuses an address after 60 calls a minute',
      'limits a client cannot choose its address by X-Forwarded-For',
      'limits guesses are counted on the address they come from',
      'limits an address is refused after 120 guesses in 10 minutes',
      'limits a code takes 5 guesses and no more',
      'limits another code is refused until the cooldown is over',
    ]) {
      t.ok(
        ok.some((row) => row.startsWith(line)),
        line,
      )
    }
    t.match(output.at(-1), /^\d+ ok, \d+ notes, \d+ warnings, 0 failed$/)
    t.strictSame(service.messages, [])
    const { codes, maxAttempts } = await leftovers(service)
    t.equal(codes, 0)
    t.ok(maxAttempts < 15, 'the counter that was filled up is as before')
    t.equal((await service.get('/health/live')).status, 200, 'others from this machine are heard')
  },
)

t.test('as one document', async (t) => {
  const { url, environment } = await startListening(t)
  const { code, output, errors } = await prove(environment, '--json', '--url', url)
  const { ok, findings } = JSON.parse(output.join('\n'))
  t.match(errors[0], /^--prove lets itself be refused/, 'what it writes is told beside the document')
  t.strictSame({ code, ok, lines: output.length }, { code: 0, ok: true, lines: 1 })
  t.match(findings[0], { area: 'settings', state: 'ok', line: String })
})

t.test('limits that are off are found', async (t) => {
  const { url, environment } = await startListening(t, { RATE_LIMITS: 'off' })
  const { code, failed } = await prove(environment, '--url', url)
  t.equal(code, 1)
  t.match(failed, [
    /^limits the flood guard let more than 60 calls/,
    /^limits an address with more than 120 guesses .* is not refused/,
  ])
})

t.test('an echo and open metrics are failures, in development warnings', async (t) => {
  const { url, environment } = await startListening(t, { OTP_ECHO: 'true', METRICS_TOKEN: '' })
  const open = [/^service the echo is on/, /^service \/metrics is answered 200 without a token/]
  const { METRICS_TOKEN: _, ...without } = environment
  t.match(await prove(without, '--url', url), { code: 1, failed: open })
  t.match((await prove({ ...environment, METRICS_TOKEN: METRICS_TOKEN.toUpperCase() }, '--url', url)).code, 1)
  const test = await prove(
    { ...without, NODE_ENV: 'test', SMS_DRIVERS: 'console', EMAIL_DRIVERS: 'console' },
    '--url',
    url,
  )
  t.strictSame([test.code, test.failed], [0, []])
  for (const line of open) t.ok(test.warnings.some((row) => line.test(row)))
})

t.test('settings that are not those of the service are found', async (t) => {
  const { url, environment } = await startListening(t, { OTP_MAX_ATTEMPTS: '8' })
  const OTP_PEPPER = 'another pepper, of 32 bytes and more, too'
  const { failed } = await prove({ ...environment, OTP_PEPPER, METRICS_TOKEN: 'x'.repeat(32) }, '--url', url)
  t.match(failed, [
    /^service \/metrics is answered 401 with METRICS_TOKEN/,
    /^limits guesses are not counted on the address/,
    /^limits a code that takes 5 guesses was guessed at 7 times/,
  ])
  const EVENT_KEY = 'another key of events, 32 bytes and more'
  t.match((await prove({ ...environment, EVENT_KEY }, '--url', url)).failed, [
    /^limits guesses are not counted on the address/,
    /^limits a code that takes 5 guesses/,
  ])
  const elsewhere = await startListening(t)
  const mixed = await prove({ ...environment, DATABASE_URL: elsewhere.environment.DATABASE_URL }, '--url', url)
  t.match(mixed.failed, [/^limits the guess left no event in this database/])
})

t.test('clients that choose their address are found, unless all of this machine is a proxy', async (t) => {
  const { url, environment } = await startListening(t, { TRUST_PROXY: '127.0.0.0/8' })
  t.match((await prove(environment, '--url', url)).failed, [
    /^limits a client can choose its address by X-Forwarded-For/,
  ])
  const trusted = await prove({ ...environment, TRUST_PROXY: '127.0.0.0/8,fd00::1,10.0.0.1' }, '--url', url)
  t.strictSame(trusted.failed, [])
  t.ok(trusted.notes.some((row) => row.startsWith('limits X-Forwarded-For was not tried')))
})

t.test('a server that answers everything fails in everything', async (t) => {
  const { environment } = await startListening(t)
  const url = await listen(t, (_request, response) => response.end('{}'))
  const { code, failed, ok } = await prove(environment, '--url', url)
  t.equal(code, 1)
  t.match(failed, [
    /^service answers lack headers/,
    /^service unknown fields are answered 200/,
    /^service calls from pages of other sites are answered 200/,
    /^service \/openapi.json does not describe/,
    /^service \/metrics is answered 200/,
    /^limits the flood guard let/,
    /^limits a guess at a code that was never sent is answered 200/,
  ])
  t.notOk(ok.some((row) => row.startsWith('limits')))
  const deaf = await listen(t, (_request, response) => response.writeHead(500).end('<html>'))
  t.match((await prove(environment, '--url', deaf)).failed.slice(0, 2), [
    /live is answered 500/,
    /ready is answered 500/,
  ])
})

t.test('a proxy that changes answers is found', async (t) => {
  const { url, environment } = await startListening(t)
  const proxy = await listen(t, (incoming, outgoing) => {
    if (incoming.url === '/auth/request-otp') {
      outgoing.writeHead(200).end('{}')
      return
    }
    const { host: _, ...headers } = incoming.headers
    const forward = request(
      new URL(String(incoming.url), url),
      { method: String(incoming.method), headers },
      (answer) => {
        const { 'retry-after': _retry, 'referrer-policy': _policy, 'x-request-id': id, ...rest } = answer.headers
        const shown = incoming.url === '/health/live' ? rest : { ...rest, 'x-request-id': id }
        outgoing.writeHead(
          Number(answer.statusCode),
          Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined)),
        )
        answer.pipe(outgoing)
      },
    )
    incoming.pipe(forward)
  })
  const flooded = await prove({ ...environment, FLOOD_PER_MINUTE: '100000' }, '--url', proxy)
  t.match(flooded.failed, [
    /^service answers lack headers, or have others: referrer-policy, x-request-id$/,
    /^limits an address is refused after 120 guesses in 10 minutes, but says no true Retry-After/,
    /^limits another code within the cooldown is answered 200, not 429/,
  ])
  t.ok(
    flooded.notes.some((row) => row.startsWith('limits the flood guard was not tried: FLOOD_PER_MINUTE is too high')),
  )
})

t.test('from elsewhere nobody else is held back: what others share is not filled up', async (t) => {
  const { url, environment, service } = await startListening(t, {}, { host: '0.0.0.0' })
  const elsewhere = url.replace('127.0.0.1', '0.0.0.0')
  const first = await prove(environment, '--url', elsewhere)
  t.match(first.failed, [/^service reached over plain HTTP/])
  t.ok(first.warnings.some((row) => row.startsWith('limits the service sees a private address')))
  t.ok(first.notes.some((row) => row.startsWith('limits the flood guard was not tried')))
  t.ok(
    first.ok.some((row) => row.startsWith('limits an address is refused')),
    'nobody else was here in a day',
  )
  const second = await prove(environment, '--url', elsewhere)
  t.ok(second.notes.some((row) => row.startsWith('limits whether an address is refused was not tried')))
  t.strictSame(service.messages, [])
})

t.test('of a service on IPv6, the block is what counts', async (t) => {
  const { url, environment } = await startListening(t, {}, { host: '::1' })
  const { failed, ok } = await prove(environment, '--url', url)
  t.strictSame(failed, [])
  t.ok(ok.some((row) => row.startsWith('limits an address is refused')))
})

t.test('where only phones are taken, no number is somebody’s to try', async (t) => {
  const { url, environment } = await startListening(t, { CHANNELS: 'sms' })
  const { failed, notes } = await prove({ ...environment, CHANNELS: 'sms' }, '--url', url)
  t.strictSame(failed, [])
  t.ok(notes.some((row) => row.startsWith('limits the limits on codes were not tried: CHANNELS has no email')))
})

t.test('problems of settings are told by name, never by value, and the database all the same', async (t) => {
  const { environment } = await startListening(t)
  const broken = { ...environment, OTP_PEPPER: 'short-secret', RATE_LIMITS: 'off' }
  const { code, failed, ok, output } = await examine(broken)
  t.equal(code, 1)
  t.match(failed, [/^settings OTP_PEPPER must be/, /^settings RATE_LIMITS must not be off/])
  t.ok(ok.some((row) => row.startsWith('database PostgreSQL')))
  t.notOk(output.some((line) => /short-secret/.test(line)))
  const nothing = await examine({})
  t.ok(nothing.failed.length >= 5 && nothing.failed.every((row) => row.startsWith('settings ')))
})

t.test('no database, no service, no address', async (t) => {
  const { url } = await startListening(t)
  const { failed, output } = await prove(deployment, '--url', url)
  t.match(failed, [
    /^database No database answers at|^database .*ECONNREFUSED|^database /,
    /^limits the limits on codes were not tried: the database/,
  ])
  t.notOk(output.some((line) => /secret-word/.test(line)))
  for (const address of ['http://127.0.0.1:1', 'https://127.0.0.1:1']) {
    t.match(
      (await prove(deployment, '--url', address)).failed.at(-1),
      new RegExp(`^service ${address}: .*ECONNREFUSED`),
    )
  }
  t.match(
    (await prove({ ...deployment, PUBLIC_URL: 'http://127.0.0.1:1' })).failed.at(-1),
    /^service http:\/\/127\.0\.0\.1:1/,
  )
  t.match((await prove({ ...deployment, PORT: '1' })).failed.at(-1), /^service http:\/\/127\.0\.0\.1:1/)
  for (const bad of ['ftp://x', 'x']) {
    t.match(await examine(deployment, '--url', bad), { code: 2, errors: ['--url must be an http or https URL'] })
  }
  t.match(await examine(deployment, '--force'), { code: 2, errors: [/^Unknown option --force; /] })
})

async function settingsTold(environment: Record<string, string>): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of settingsFindings(parseConfig({ ...deployment, ...environment }))) findings.push(finding)
  return findings
}

t.test('what is risky in the settings is told, and what is not is not', async (t) => {
  const second = {
    INTROSPECTION_TOKEN: 'i'.repeat(32),
    TRUST_PROXY: '10.0.0.1',
    REDIS_URL: 'redis://x',
    CHANNELS: 'email',
  }
  const good = {
    ...second,
    PUBLIC_URL: 'https://login.example.com',
    COOKIE_NAME: '__Host-jwt',
    ACCOUNT_DISCLOSURE: 'strict',
  }
  const all = [
    ['NODE_ENV', { NODE_ENV: 'test' }],
    ['PUBLIC_URL', { PUBLIC_URL: '' }],
    ['COOKIE_NAME', { COOKIE_NAME: 'jwt' }],
    ['METRICS_TOKEN', { METRICS_TOKEN: '' }],
    ['SMS_DRIVERS', { CHANNELS: 'sms' }],
    ['TOKEN_TTL', { INTROSPECTION_TOKEN: '' }],
    ['BREAKER_MIN_VERIFIED', { BREAKER_MIN_VERIFIED: '0' }],
    ['EVENT_KEY', { OTP_PEPPER_PREVIOUS: 'the next pepper, of 32 bytes and more' }],
    ['OTP_ECHO', { NODE_ENV: 'test', OTP_ECHO: 'true' }],
    ['RATE_LIMITS', { NODE_ENV: 'test', RATE_LIMITS: 'off' }],
    ['ACCOUNT_DISCLOSURE', { ACCOUNT_DISCLOSURE: '' }],
    ['TRUST_PROXY', { TRUST_PROXY: '' }],
    ['REDIS_URL', { REDIS_URL: '' }],
    ['IP_SEND_PER_HOUR', { IP_SEND_PER_HOUR: '2001' }],
    ['IP_VERIFY_PER_10_MIN', { IP_VERIFY_PER_10_MIN: '5001' }],
    ['FLOOD_PER_MINUTE', { FLOOD_PER_MINUTE: '10001' }],
    ['OTP_MAX_SENDS_PER_HOUR', { OTP_MAX_SENDS_PER_HOUR: '51' }],
    ['OTP_MAX_SENDS_PER_DAY', { OTP_MAX_SENDS_PER_DAY: '101' }],
  ] as const
  const quiet = await settingsTold(good)
  t.match(
    quiet.map(({ line }) => line),
    [/^the settings can be read/, /^EMAIL_DRIVERS names one driver/],
  )
  t.equal(quiet.length, 2)
  for (const [name, risk] of all) {
    const told = await settingsTold({ ...good, ...risk })
    const line = told.find((finding) => finding.line.startsWith(`${name} `))
    t.ok(line?.hint && ['note', 'warning'].includes(line.state), name)
  }
  t.notOk(
    (await settingsTold({ ...good, COOKIE_NAME: 'jwt', PUBLIC_URL: 'http://localhost:3000' })).some(({ line }) =>
      line.startsWith('COOKIE_NAME'),
    ),
  )
})

t.test('the database: its version, migrations, clock and role', async (t) => {
  t.match(judgeVersion({ version: '14.9', major: 14 }), { state: 'failed', line: /14\.9 is too old/ })
  t.match(judgeVersion({ version: '15.0', major: 15 }), { state: 'ok' })
  t.strictSame([...judgeStandby({ isStandby: false })], [])
  t.match([...judgeStandby({ isStandby: true })], [{ state: 'failed', line: /takes no writes: it is a standby$/ }])
  const direct = { faults: [], advice: [], isPooled: false, hasLostNames: false }
  const pooled = { faults: ['TimeZone is Asia/Kolkata'], advice: ['ALTER ROLE …'], isPooled: true, hasLostNames: true }
  t.match([...judgeSession(direct)], [{ state: 'ok' }])
  t.match(
    [...judgeSession(pooled)],
    [
      { state: 'failed', line: 'TimeZone is Asia/Kolkata' },
      { state: 'warning', hint: 'set DATABASE_NAMED_STATEMENTS=false' },
      { state: 'warning', hint: 'ALTER ROLE …' },
    ],
  )
  t.match(
    [judgeClock(0.1), judgeClock(2), judgeClock(60)],
    [{ state: 'ok' }, { state: 'warning' }, { state: 'failed' }],
  )

  const url = await createEmptyDatabase(t)
  const role = `latchkey_plain_${process.pid}`
  await query(url, `CREATE ROLE ${role}`)
  const examineAs = async (url: string, directUrl: string) => {
    const database = openDatabase({ url, directUrl, poolSize: 1, namedStatements: true })
    const findings: Finding[] = []
    for await (const finding of databaseFindings(database, { url, directUrl, poolSize: 1, namedStatements: true }))
      findings.push(finding)
    await database.$disconnect()
    return findings
  }
  t.match(await examineAs(url, url), [
    { state: 'ok', line: /^PostgreSQL / },
    { state: 'failed', line: /^migrations are pending/ },
    { state: 'ok', line: /clocks/ },
    { state: 'ok', line: /^the sessions of the service have the settings/ },
    { state: 'note', line: /more rights than the service needs: .*SUPERUSER/ },
  ])
  const plain = await examineAs(`${url}?options=-c%20role%3D${role}`, nowhere)
  t.match(plain, [
    {},
    { state: 'failed', line: /^migrations: No database answers/ },
    {},
    { state: 'ok' },
    {
      state: 'warning',
      line: /the role lacks settings/,
      hint: /^ALTER ROLE .* SET statement_timeout = '2500ms'; ALTER/,
    },
    { state: 'ok', line: /no rights beyond/ },
  ])
  await query(url, `DROP ROLE ${role}`)
})
