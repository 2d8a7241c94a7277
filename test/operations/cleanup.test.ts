// The cleanup: removes what is over, in batches, on many replicas at once, and never a row whose window is open.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createCleanupTasks } from '../../src/cleanup-tasks.js'
import { cleanUp, scheduleCleanup } from '../../src/operations/cleanup.js'
import { startApp, type TestApp } from '../support/app.js'
import { runCommand } from '../support/command.js'

async function addCodes({ database }: TestApp, name: string, count: number, changes: Record<string, unknown> = {}) {
  const past = new Date(Date.now() - 2 * 86_400_000)
  await database.otp.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      identifier: `${name}-${index}@example.com`,
      purpose: 'sign_in' as const,
      codeId: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10',
      expiresAt: past,
      resendAt: past,
      hourStartedAt: past,
      dayStartedAt: past,
      ...changes,
    })),
  })
}

const passkeyChallenge = (hash: Uint8Array<ArrayBuffer>, expiresAt: Date) =>
  ({ challengeHash: hash, purpose: 'authentication', holderHash: hash, expiresAt }) as const

t.test('rows with a live code or an open window stay', async (t) => {
  const service = await startApp(t)
  const now = new Date()
  const soon = new Date(Date.now() + 60_000)
  await addCodes(service, 'over', 3)
  await addCodes(service, 'live', 1, { expiresAt: soon })
  await addCodes(service, 'day', 1, { dayStartedAt: now })
  await addCodes(service, 'hour', 1, { hourStartedAt: now })
  await addCodes(service, 'cooldown', 1, { resendAt: soon })
  await addCodes(service, 'failures', 1, { failuresStartedAt: now, failures: 20 })
  await addCodes(service, 'old-failures', 1, { failuresStartedAt: new Date(Date.now() - 86_400_001), failures: 20 })

  const deleted = await cleanUp(createCleanupTasks(service.database, 90 * 86_400))
  t.strictSame(deleted, {
    otps: 4,
    identifier_limits: 0,
    spent_challenges: 0,
    signup_tickets: 0,
    recycle_tickets: 0,
    exchange_codes: 0,
    passkey_challenges: 0,
    sessions: 0,
    devices: 0,
    api_keys: 0,
    limit_counters: 0,
    message_hours: 0,
    event_outbox: 0,
    event_endpoints: 0,
    events: 0,
    auth_events: 0,
  })
  const left = await service.database.otp.findMany({ orderBy: { identifier: 'asc' } })
  t.strictSame(
    left.map(({ identifier }) => identifier.split('-')[0]),
    ['cooldown', 'day', 'failures', 'hour', 'live'],
  )
})

t.test('what an identifier was sent stays while a window is open', async (t) => {
  const { database } = await startApp(t)
  const past = new Date(Date.now() - 2 * 86_400_000)
  const now = new Date()
  const over = { hourStartedAt: past, hourSends: 1, dayStartedAt: past, daySends: 1 }
  const rows = {
    over: {},
    hour: { hourStartedAt: now },
    day: { dayStartedAt: now },
    trusted: { trustedStartedAt: now, trustedSends: 1 },
    refused: { refusedStartedAt: now, refusedSends: 1 },
    counted: { countedAt: now },
  }
  for (const [identifier, row] of Object.entries(rows))
    await database.identifierLimit.create({ data: { identifier, ...over, ...row } })
  t.match(await cleanUp(createCleanupTasks(database, 90 * 86_400)), { identifier_limits: 1 })
  t.strictSame((await database.identifierLimit.findMany()).map(({ identifier }) => identifier).sort(), [
    'counted',
    'day',
    'hour',
    'refused',
    'trusted',
  ])
})

t.test('tickets and sessions go when they are over', async (t) => {
  const service = await startApp(t)
  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  const otp = service.lastCode('asha@example.com')
  const { body } = await service.post('/auth/verify-otp', { email: 'asha@example.com', otp })
  await service.database.session.create({
    data: { id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10', userId: body.user.id, expiresAt: new Date(Date.now() - 1000) },
  })
  for (const [index, life] of [-1000, 60_000].entries()) {
    const tokenHash = new Uint8Array(32).fill(index)
    await service.database.signupTicket.create({
      data: { tokenHash, phone: '+919876543210', expiresAt: new Date(Date.now() + life) },
    })
  }
  await service.database.device.create({
    data: {
      id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a11',
      userId: body.user.id,
      tokenHash: new Uint8Array(32),
      expiresAt: new Date(Date.now() - 1000),
    },
  })
  for (const [index, life] of [-1000, 60_000].entries()) {
    const tokenHash = new Uint8Array(32).fill(index)
    const expiresAt = new Date(Date.now() + life)
    const ticket = { tokenHash, userId: body.user.id, identifier: 'asha@example.com', expiresAt }
    await service.database.recycleTicket.create({ data: ticket })
    const code = {
      tokenHash,
      userId: body.user.id,
      sessionId: body.user.id,
      origin: 'https://shop.example',
      challenge: tokenHash,
      expiresAt,
    }
    await service.database.exchangeCode.create({ data: code })
    await service.database.passkeyChallenge.create({ data: passkeyChallenge(tokenHash, code.expiresAt) })
  }
  for (const [place, expiresAt] of [new Date(0), new Date(Date.now() + 60_000)].entries()) {
    const [id, tokenHash] = [`019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a2${place}`, new Uint8Array(32).fill(place)]
    const key = { id, name: 'x', tokenHash, beginning: 'lk_1234', scopes: ['users:read'], expiresAt }
    await service.database.apiKey.create({ data: key })
  }
  const longAgo = new Date(Date.now() - 91 * 86_400_000)
  await service.database.limitCounter.create({ data: { key: 'x', windowStartedAt: longAgo, expiresAt: longAgo } })
  await service.database.authEvent.create({ data: { event: 'authn_login_fail', happenedAt: longAgo } })
  const deleted = await cleanUp(createCleanupTasks(service.database, 90 * 86_400))
  t.strictSame(deleted, {
    otps: 0,
    identifier_limits: 0,
    spent_challenges: 0,
    signup_tickets: 1,
    recycle_tickets: 1,
    exchange_codes: 1,
    passkey_challenges: 1,
    sessions: 1,
    devices: 1,
    api_keys: 1,
    limit_counters: 1,
    message_hours: 0,
    event_outbox: 4,
    event_endpoints: 0,
    events: 0,
    auth_events: 1,
  })
  t.equal((await service.get('/api/auth/me', { cookies: { jwt: body.token } })).status, 200)
})

t.test('many rows go in batches, with progress, and two replicas share the work', async (t) => {
  const service = await startApp(t)
  await addCodes(service, 'over', 2_500)
  const progress: number[] = []
  const tasks = createCleanupTasks(service.database, 90 * 86_400)
  const [one, other] = await Promise.all([
    cleanUp(tasks, (task, deleted) => task === 'otps' && progress.push(deleted)),
    cleanUp(tasks),
  ])
  t.equal((one['otps'] ?? 0) + (other['otps'] ?? 0), 2_500)
  t.ok(progress.length >= 1)
  t.equal(await service.database.otp.count(), 0)
})

t.test('what is over for longest goes first: a batch walks the index and reads no other rows', async (t) => {
  const service = await startApp(t)
  const { database } = service
  const { id: userId } = await database.user.create({
    data: { id: '019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a10', phone: '+919876543210' },
  })
  // The younger one comes first in the table, where a walk through the table would find it first.
  for (const [place, days] of [2, 4].entries()) {
    const past = new Date(Date.now() - days * 86_400_000)
    const [id, tokenHash] = [`019aab5e-7c1e-7f0a-9d1b-0b8f5c6f7a2${place}`, new Uint8Array(32).fill(place)]
    await addCodes(service, `${days}-days`, 1, { dayStartedAt: past })
    const sends = { hourStartedAt: past, hourSends: 1, dayStartedAt: past, daySends: 1 }
    await database.identifierLimit.create({ data: { identifier: `${days}`, ...sends } })
    await database.signupTicket.create({ data: { tokenHash, phone: '+919876543210', expiresAt: past } })
    await database.recycleTicket.create({ data: { tokenHash, userId, identifier: `${days}`, expiresAt: past } })
    const code = {
      tokenHash,
      userId,
      sessionId: id,
      origin: 'https://shop.example',
      challenge: tokenHash,
      expiresAt: past,
    }
    await database.exchangeCode.create({ data: code })
    await database.passkeyChallenge.create({ data: passkeyChallenge(tokenHash, past) })
    await database.spentChallenge.create({ data: { name: `${days}`, expiresAt: past } })
    await database.session.create({ data: { id, userId, expiresAt: past } })
    await database.device.create({ data: { id, userId, tokenHash, expiresAt: past } })
    await database.apiKey.create({
      data: { id, name: 'x', tokenHash, beginning: 'lk_1234', scopes: ['users:read'], expiresAt: past },
    })
    await database.limitCounter.create({ data: { key: `${days}`, windowStartedAt: past, expiresAt: past } })
    const counts = { sent: 1, delivered: 0, failed: 0, verified: 0 }
    await database.messageHour.create({ data: { hour: past, channel: 'sms', country: 'IN', driver: 'x', ...counts } })
    await database.event.create({ data: { position: 100 - days, type: 'user.created', data: {}, happenedAt: past } })
    await database.authEvent.create({ data: { event: 'authn_login_fail', happenedAt: past } })
  }

  // Of the other two one moves rows, and one has few (test/events/log.test.ts).
  const { event_outbox, event_endpoints, ...tasks } = createCleanupTasks(database, 86_400, null, 86_400)
  for (const [name, deleteBatch] of Object.entries(tasks)) t.equal(await deleteBatch(1), 1, name)
  const left = [
    (await database.otp.findFirstOrThrow()).dayStartedAt,
    (await database.identifierLimit.findFirstOrThrow()).dayStartedAt,
    (await database.signupTicket.findFirstOrThrow()).expiresAt,
    (await database.recycleTicket.findFirstOrThrow()).expiresAt,
    (await database.exchangeCode.findFirstOrThrow()).expiresAt,
    (await database.spentChallenge.findFirstOrThrow()).expiresAt,
    (await database.passkeyChallenge.findFirstOrThrow()).expiresAt,
    (await database.session.findFirstOrThrow()).expiresAt,
    (await database.device.findFirstOrThrow()).expiresAt,
    (await database.apiKey.findFirstOrThrow()).expiresAt,
    (await database.limitCounter.findFirstOrThrow()).expiresAt,
    (await database.messageHour.findFirstOrThrow({ where: { channel: 'sms' } })).hour,
    (await database.event.findFirstOrThrow()).happenedAt,
    (await database.authEvent.findFirstOrThrow()).happenedAt,
  ]
  const threeDaysAgo = Date.now() - 3 * 86_400_000
  for (const [index, name] of Object.keys(tasks).entries()) t.ok(Number(left[index]) > threeDaysAgo, name)
})

t.test('a full batch is followed by a rest three times as long as it took', async (t) => {
  const begun: number[] = []
  const ended: number[] = []
  async function rows(most: number) {
    begun.push(performance.now())
    if (begun.length === 3) return most - 1
    // Work of a certain length.
    await sleep(20 * begun.length)
    ended.push(performance.now())
    return most
  }
  await cleanUp({ rows })
  t.equal(begun.length, 3)
  for (const [batch, end] of ended.entries()) {
    const [worked, rested] = [end - Number(begun[batch]), Number(begun[batch + 1]) - end]
    // Timers know whole milliseconds.
    t.ok(rested > 3 * worked - 2, `${worked} ms of work, ${rested} ms of rest`)
  }
})

t.test('told to leave what is left for another time, it neither rests on nor goes on', async (t) => {
  const stopping = new AbortController()
  const begun: string[] = []
  // Work whose rest would outlast the test.
  t.intercept(performance, 'now', { value: () => begun.length * 3_600_000 })
  const task = (name: string) => async (most: number) => {
    begun.push(name)
    return most
  }
  const cleaning = cleanUp(
    { first: task('first'), second: task('second') },
    () => setImmediate(() => stopping.abort()),
    stopping.signal,
  )
  t.strictSame(await cleaning, { first: 500 })
  t.strictSame(begun, ['first'])
  t.strictSame(await cleanUp({ first: task('first') }, undefined, stopping.signal), {}, 'nor begins')
})

t.test('a row that another replica holds is passed over, not waited for', async (t) => {
  const service = await startApp(t)
  await addCodes(service, 'over', 2)
  await service.database.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT FROM otps WHERE identifier LIKE 'over-0%' FOR UPDATE`
    t.match(await cleanUp(createCleanupTasks(service.database, 90 * 86_400)), { otps: 1 })
  })
})

t.test('the schedule runs it, goes on after a failure, and stops when the run under way is done', async (t) => {
  const lines: object[] = []
  const logger = { info: (line: object) => lines.push(line), error: (line: object) => lines.push(line) }
  let runs = 0
  let release: (() => void) | undefined
  const third = new Promise<void>((resolve) => {
    release = resolve
  })
  const schedule = await new Promise<{ stop: () => Promise<void> }>((resolve) => {
    const made = scheduleCleanup('* * * * * *', { rows }, logger as never)
    async function rows() {
      runs += 1
      if (runs === 1) throw new Error('the database is away')
      if (runs === 3) {
        resolve(made)
        await third
      }
      return 0
    }
  })
  const stopped = schedule.stop()
  release?.()
  await stopped
  t.match(lines, [{ err: Error }, { deleted: { rows: 0 } }, { deleted: { rows: 0 } }])
})

t.test('a stop cuts the rest of a run short', async (t) => {
  let batches = 0
  // Work whose rest would outlast the test.
  t.intercept(performance, 'now', { value: () => batches * 3_600_000 })
  const lines: object[] = []
  const logger = { info: (line: object) => lines.push(line) }
  const schedule = await new Promise<{ stop: () => Promise<void> }>((resolve) => {
    const made = scheduleCleanup('* * * * * *', { rows }, logger as never)
    async function rows(most: number) {
      batches += 1
      resolve(made)
      return most
    }
  })
  await schedule.stop()
  t.equal(batches, 1)
  t.match(lines, [{ deleted: { rows: 500 } }])
})

t.test('the command', async (t) => {
  const service = await startApp(t)
  await addCodes(service, 'over', 2)
  const environment = { DATABASE_URL: service.config.database.url }
  const { code, output } = await runCommand(['cleanup'], { environment })
  t.equal(code, 0)
  t.strictSame(output, [
    'otps: 2 rows so far',
    'otps: 2 rows deleted',
    ...[
      'identifier_limits',
      'signup_tickets',
      'recycle_tickets',
      'exchange_codes',
      'spent_challenges',
      'passkey_challenges',
      'sessions',
      'devices',
      'api_keys',
      'limit_counters',
      'message_hours',
      'event_outbox',
      'event_endpoints',
      'events',
      'auth_events',
    ].map((task) => `${task}: 0 rows deleted`),
  ])
  await addCodes(service, 'over', 1)
  const json = await runCommand(['cleanup', '--json'], { environment })
  t.match(JSON.parse(json.output.join('')), { deleted: { otps: 1, sessions: 0 } })
  t.strictSame(json.errors, ['otps: 1 row so far'])
  t.strictSame(await runCommand(['cleanup']), { code: 1, output: [], errors: ['DATABASE_URL is required'] })
})
