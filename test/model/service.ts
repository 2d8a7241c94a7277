// The real service beside the model: asks it over HTTP, holds each answer against the expected one, and lets time pass.
import { deepEqual, equal, fail, ok } from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { type Message, RecipientRefused, type Sender } from '../../src/messaging/sender.js'
import { type Answer, startApp, type TestApp } from '../support/app.js'
import type { Expected, Gateway } from './answers.js'
import type { Code } from './codes.js'
import type { Device, Session, Ticket, User } from './state.js'

/** Shared limits have tests of their own; here they would make one run disturb another. */
export const settings = {
  // Of a million codes two of a long run are the same one once in a hundred runs of this test.
  OTP_LENGTH: '10',
  IP_UNKNOWN_PER_HOUR: '1000000',
  SMS_BUDGET_PER_HOUR: '1000000',
  SMS_BUDGET_PER_DAY: '1000000',
  BREAKER_MIN_SENDS: '1000000',
  LOG_LEVEL: 'error',
}

/** The service, and what its provider was given, oldest first. */
export type Replica = Readonly<{ app: TestApp; messages: Message[] }>

export type Service = Replica &
  Readonly<{
    /** what becomes of messages with a code */
    gateway: { state: Gateway }
    adminToken: string
    age: (seconds: number) => Promise<void>
    /** forgets what earlier runs left, which would only make this one slow */
    clear: () => Promise<void>
  }>

export async function startService(t: Test): Promise<Service> {
  const gateway: Service['gateway'] = { state: 'accepts' }
  const { app, messages } = await start(t, gateway)
  const email = 'admin@example.com'
  await app.post('/auth/request-otp', { email })
  const { user, token } = (await app.post('/auth/verify-otp', { email, otp: messages.at(-1)?.code })).body
  await app.database.user.update({ where: { id: user.id }, data: { role: 'ADMIN' } })
  return { app, messages, gateway, adminToken: token, ...(await createClock(app, user.id)) }
}

/** Another replica on the same database. */
export function startReplica(t: Test, { app }: Service): Promise<Replica> {
  return start(t, { state: 'accepts' }, app.config.database.url)
}

async function start(t: Test, gateway: Service['gateway'], databaseUrl?: string): Promise<Replica> {
  const messages: Message[] = []
  const sender: Sender = {
    name: 'recorder',
    async send(message) {
      messages.push(message)
      if (message.code === undefined || gateway.state === 'accepts') return {}
      throw gateway.state === 'refuses' ? new RecipientRefused('no such number') : new Error('no answer')
    },
  }
  const app = await startApp(t, { settings, senders: [sender], ...(databaseUrl && { databaseUrl }) })
  return { app, messages }
}

/** Not part of any run: what all share, and what cannot be changed. */
const untouched = ['_prisma_migrations', 'auth_events', 'country_breakers', 'limit_counters']

/** Time, and the end of a run, by what both do to every row of every table that there is, those of the admin aside. */
async function createClock({ database }: TestApp, adminId: string): Promise<Pick<Service, 'age' | 'clear'>> {
  type Table = { name: string; times: string[]; owner: string | null }
  const tables = await database.$queryRaw<Table[]>`
    SELECT table_name AS name, array_agg(column_name::text) FILTER (WHERE data_type LIKE 'timestamp%') AS times,
      CASE WHEN table_name = 'users' THEN 'id' ELSE min(column_name) FILTER (WHERE column_name = 'user_id') END AS owner
    FROM information_schema.columns WHERE table_schema = current_schema() AND NOT table_name = ANY(${untouched})
    GROUP BY table_name HAVING bool_or(data_type LIKE 'timestamp%')`
  const others = ({ owner }: Table) => (owner === null ? '' : ` WHERE ${owner} <> '${adminId}'`)
  const shifts = tables.map((table) => {
    const values = table.times.map((column) => `${column} = ${column} - make_interval(secs => $1)`)
    return `${table.name}_ AS (UPDATE ${table.name} SET ${values.join(', ')}${others(table)})`
  })
  // What mailboxes are sent in all is no part of the model, and is counted by days that its time does not know.
  const forgetMail = () => database.$executeRaw`DELETE FROM limit_counters WHERE key ~ '^(mailbox|domain):'`
  const shift = `WITH ${shifts.join(', ')} SELECT`
  return {
    // Time that would have to pass is taken off the rows instead.
    async age(seconds) {
      await database.$queryRawUnsafe(shift, seconds)
      await forgetMail()
    },
    async clear() {
      await forgetMail()
      for (const table of tables) await database.$executeRawUnsafe(`DELETE FROM ${table.name}${others(table)}`)
    },
  }
}

/** Keeps which value of the service stands for which object of the model; none stands for two. */
function createNames<Key extends object>(what: string) {
  const values = new Map<Key, string>()
  const keys = new Map<string, Key>()
  return {
    of: (key: Key) => values.get(key) ?? fail(`the service has told no ${what} that the model has`),
    has: (value: string) => keys.has(value),
    learn(key: Key, value: unknown): void {
      ok(typeof value === 'string', `a ${what} is in the answer`)
      equal(values.get(key) ?? value, value, `the same ${what} as before`)
      equal(keys.get(value) ?? key, key, `another ${what} than before`)
      values.set(key, value)
      keys.set(value, key)
    },
  }
}

export type Run = ReturnType<typeof createRun>

/** One run: what the model calls by objects, by the names that the service gave them. */
export function createRun(service: Service) {
  const { app, messages, gateway } = service
  const began = performance.now()
  const firstMessage = messages.length
  const codes = createNames<Code>('code')
  const users = createNames<User>('user id')
  const sessions = createNames<Session>('session id')
  const devices = createNames<Device>('device token')
  const tickets = createNames<Ticket>('ticket')
  /** the newest token of each session */
  const tokens = new Map<Session, string>()
  /** what was answered to what */
  const outcomes = new Set<string>()

  /** Whole seconds that are left of so many, of which some have passed by themselves. */
  function isAbout(actual: number, expected: number, what: string): void {
    const passed = Math.ceil((performance.now() - began) / 1000) + 1
    ok(actual <= Math.max(1, expected) && actual >= expected - passed, `${what}: ${actual} instead of ${expected}`)
  }

  /** Asks, and holds the answer against the expected one. */
  async function ask(request: InjectOptions, expected: Expected, state: Gateway = 'accepts'): Promise<void> {
    const before = messages.length
    gateway.state = state
    const answer = await app.ask(request)
    gateway.state = 'accepts'
    const outcome =
      `${request.method} ${templateOf(String(request.url))} ${expected.status} ${expected.code ?? ''}`.trim()
    outcomes.add(outcome)
    deepEqual([answer.status, answer.body.code], [expected.status, expected.code], `${outcome}: ${answer.text}`)
    const sent = messages.slice(before).filter(({ code }) => code !== undefined)
    deepEqual(
      sent.map(({ to }) => to),
      expected.message ? [expected.message.to] : [],
      'messages with a code',
    )
    if (expected.message) codes.learn(expected.message.code, sent[0]?.code)
    if (expected.retryAfter !== undefined) isAbout(answer.body.retry_after, expected.retryAfter, 'retry_after')
    if (expected.status < 300) compareBody(answer, expected)
  }

  function compareBody({ body }: Answer, expected: Expected): void {
    const { session, device, ticket } = expected
    const data = body.data ?? body
    told(expected.sent, (sent) => compareSent(data, sent))
    told(expected.method, (method) => equal(data.method, method, 'method'))
    told(expected.user, (user) => compareUser(body.user ?? data, user))
    told(expected.isNewUser, (isNewUser) => equal(data.isNewUser, isNewUser, 'isNewUser'))
    told(expected.ended, (ended) => equal(data.ended, ended, 'ended'))
    told(expected.sessions, () => compareSessions(data, expected))
    // What gives somebody a right is there where it is due, and nowhere else.
    const secrets = [data.token, data.device_token, data.signup_token].map((secret) => secret !== undefined)
    deepEqual(
      secrets,
      [session !== undefined, device !== undefined, ticket !== undefined],
      'token, device_token, signup_token',
    )
    told(session, (own) => learnToken(own, data.token))
    told(device, (own) => devices.learn(own, data.device_token))
    told(ticket, (own) => tickets.learn(own, data.signup_token))
  }

  function compareSent(actual: Record<string, number>, sent: NonNullable<Expected['sent']>): void {
    isAbout(Number(actual['expires_in']), sent.expiresIn, 'expires_in')
    isAbout(Number(actual['resend_after']), sent.resendAfter, 'resend_after')
    equal(actual['attempts_allowed'], sent.guessesLeft, 'attempts_allowed')
  }

  function compareSessions(actual: { id: string; current: boolean }[], expected: Expected): void {
    const listed = expected.sessions?.map((each) => ({ id: sessions.of(each), current: each === expected.current }))
    deepEqual(
      actual.map(({ id, current }) => ({ id, current })),
      listed,
      'sessions',
    )
  }

  function compareUser(actual: Record<string, unknown>, user: User): void {
    users.learn(user, actual['id'])
    const { phone, email, user_name, role } = actual
    const expected = {
      phone: user.phone?.name ?? null,
      email: user.email?.name ?? null,
      user_name: user.userName,
      role: 'USER',
    }
    deepEqual({ phone, email, user_name, role }, expected, 'user')
    if (Array.isArray(actual['addresses'])) equal(actual['addresses'].length, user.addresses, 'addresses')
  }

  function learnToken(session: Session, token: string): void {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    sessions.learn(session, claims.sid)
    equal(claims.sub, users.of(session.user), 'whose session')
    tokens.set(session, token)
  }

  /** Waits until so many notices went out; they go by themselves. */
  async function expectNotices(recipients: readonly string[]): Promise<void> {
    const noticed = () => messages.slice(firstMessage).filter(({ code }) => code === undefined)
    const end = performance.now() + 2_000
    while (noticed().length < recipients.length && performance.now() < end) await setImmediate()
    deepEqual(
      noticed()
        .map(({ to }) => to)
        .sort(),
      [...recipients].sort(),
      'notices',
    )
  }

  return {
    ask,
    expectNotices,
    codes,
    users,
    sessions,
    devices,
    tickets,
    tokens,
    outcomes,
    age: service.age,
    adminToken: service.adminToken,
  }
}

/** Checks what the model says, where it says something. */
function told<Value>(value: Value | undefined, check: (value: Value) => void): void {
  if (value !== undefined) check(value)
}

function templateOf(url: string): string {
  return url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, ':id')
}
