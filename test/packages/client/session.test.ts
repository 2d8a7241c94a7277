// How the client keeps its session: one refresh at a time, in all tabs, and no token that comes back after a logout.
import { createPrivateKey, createSign } from 'node:crypto'
import t, { type Test } from 'tap'
import {
  type ClientOptions,
  createClient,
  memoryStorage,
  type TokenStorage,
} from '../../../packages/client/src/index.js'
import { testSecrets } from '../../support/app.js'
import { newEmail } from '../../support/flows.js'
import { recordingFetch, startService } from './service.js'

const refreshRoute = 'POST /api/auth/refresh'
const meRoute = 'GET /api/auth/me'

const partOf = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token that no service signed, issued so many seconds ago for a life of an hour. */
const unsigned = (name: string, age = 0) => {
  const iat = Math.floor(Date.now() / 1_000) - age
  return `${partOf({ alg: 'none' })}.${partOf({ jti: name, iat, exp: iat + 3_600 })}.${name}`
}

/** The same token as if it had been issued so many seconds before. */
function aged(token: string, seconds: number): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const moved = { ...claims, iat: claims.iat - seconds, exp: claims.exp - seconds }
  const input = `${token.split('.')[0]}.${partOf(moved)}`
  const key = createPrivateKey(testSecrets.JWT_PRIVATE_KEY)
  return `${input}.${createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url')}`
}

/** Keeps what it is given asynchronously, as a phone's secure storage does, for several clients at once. */
function sharedStorage(token?: string): TokenStorage & { kept: Map<string, string> } {
  const kept = new Map(token === undefined ? [] : [['latchkey.token', token]])
  return {
    kept,
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => kept.set(key, value),
    remove: async (key) => kept.delete(key),
  }
}

/** Web Locks as browsers have them, for the clients of this process. */
function useLocks(t: Test): string[] {
  const names: string[] = []
  let last: Promise<unknown> = Promise.resolve()
  const request = (name: string, _options: object, task: () => Promise<unknown>) => {
    names.push(name)
    const run = last.then(task, task)
    last = run.catch(() => undefined)
    return run
  }
  t.intercept(globalThis, 'navigator' as never, { value: { locks: { request } }, configurable: true } as never)
  return names
}

type Answer = { status: number; body: object }
const answering = (answer: Answer) =>
  new Response(JSON.stringify(answer.body), { status: answer.status, headers: { 'x-request-id': 'r-1' } })
const problem = (status: number, code: string): Answer => ({ status, body: { code, errors: [code], success: false } })
const me: Answer = { status: 200, body: { success: true, data: { id: 'me' } } }

/** A client of a service that answers each route as told, and holds answers back until it is let. */
function clientOf(storage: TokenStorage, answers: Record<string, (token: string | null) => Answer | Promise<Answer>>) {
  const recorded = recordingFetch(async (input, init) => {
    const token = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? null
    const answer = answers[`${init.method} ${new URL(input).pathname}`] ?? (() => problem(404, 'not_found'))
    return answering(await answer(token))
  })
  return { ...recorded, client: createClient({ baseUrl: 'http://auth.example', storage, fetch: recorded.fetch }) }
}

t.test('near its end a token is refreshed before the next call, once for all that run', async (t) => {
  const { service, newClient } = await startService(t, { settings: { TOKEN_TTL: '15m' } })
  const email = newEmail()
  const first = newClient()
  await first.client.identifier.requestOtp({ email })
  const { token } = await first.client.identifier.verifyOtp({ email, otp: service.lastCode(email) })
  await Promise.all([first.client.me(), first.client.sessions.list()])
  t.equal(first.count(refreshRoute), 0, 'a new one is not')

  const storage = sharedStorage(aged(token, 860))
  const { client, count, asked } = newClient({ storage })
  const [{ id }, sessions] = await Promise.all([client.me(), client.sessions.list()])
  t.type(id, 'string')
  t.equal(sessions.length, 1)
  t.equal(count(refreshRoute), 1)
  const fresh = storage.kept.get('latchkey.token')
  t.ok(fresh !== undefined && fresh !== aged(token, 860))
  t.ok(asked.filter(({ route }) => route !== refreshRoute).every((call) => call.token === fresh))

  useLocks(t)
  storage.kept.set('latchkey.token', aged(token, 860))
  const tabs = [newClient({ storage }), newClient({ storage }), newClient({ storage })]
  await Promise.all(tabs.map((tab) => tab.client.me()))
  t.equal(
    tabs.reduce((sum, tab) => sum + tab.count(refreshRoute), 0),
    1,
    'once in three tabs',
  )
  await first.client.logout()
  await t.rejects(client.me(), { code: 'unauthorized' })
})

t.test('a token that has ended is refreshed and the call goes again, once', async (t) => {
  const [old, next] = [unsigned('old'), unsigned('next')]
  const storage = sharedStorage(old)
  const { client, asked, count } = clientOf(storage, {
    [meRoute]: (token) => (token === next ? me : problem(401, 'token_expired')),
    [refreshRoute]: () => ({ status: 200, body: { success: true, token: next } }),
  })
  t.strictSame(await Promise.all([client.me(), client.me()]), [{ id: 'me' }, { id: 'me' }])
  t.equal(count(refreshRoute), 1)
  t.equal(asked.find(({ route }) => route === refreshRoute)?.token, old)
  t.equal(storage.kept.get('latchkey.token'), next)

  const never = clientOf(sharedStorage(old), {
    [meRoute]: () => problem(401, 'token_expired'),
    [refreshRoute]: () => ({ status: 200, body: { success: true, token: next } }),
  })
  await t.rejects(never.client.me(), { code: 'token_expired' })
  t.equal(never.count(meRoute), 2)
})

t.test('where the session is over the token goes, and nothing else is taken for that', async (t) => {
  for (const [code, status, isKept] of [
    ['unauthorized', 401, false],
    ['otp_invalid', 401, true],
    ['forbidden', 403, true],
    ['service_unavailable', 503, true],
  ] as const) {
    const storage = sharedStorage(unsigned('mine'))
    const { client } = clientOf(storage, { [meRoute]: () => problem(status, code) })
    const events: string[] = []
    t.teardown(client.onChange((event) => events.push(event)))
    await t.rejects(client.me(), { code, status, requestId: 'r-1' })
    t.equal(storage.kept.has('latchkey.token'), isKept, code)
    t.strictSame(events, isKept ? [] : ['signed_out'])
  }

  const over = sharedStorage(unsigned('old', 3_590))
  const { client, count } = clientOf(over, { [refreshRoute]: () => problem(401, 'unauthorized') })
  await t.rejects(client.me(), { code: 'unauthorized' })
  t.equal(count(meRoute), 0)
  t.strictSame([...over.kept.keys()], [])
  t.equal(await client.refresh(), false)

  const storage = sharedStorage(unsigned('slow'))
  const other = clientOf(storage, {
    [meRoute]: () => {
      storage.kept.set('latchkey.token', 'of another tab')
      return problem(401, 'unauthorized')
    },
  })
  await t.rejects(other.client.me(), { code: 'unauthorized' })
  t.equal(storage.kept.get('latchkey.token'), 'of another tab', 'another one has taken its place')
})

t.test('signing in asks nothing of an older session', async (t) => {
  const storage = sharedStorage(unsigned('old', 3_590))
  const next = unsigned('next')
  const { client, asked } = clientOf(storage, {
    'POST /auth/request-otp': () => ({ status: 200, body: { message: 'OTP sent' } }),
    'POST /auth/verify-otp': () => ({ status: 200, body: { token: next } }),
  })
  await client.identifier.requestOtp({ email: 'asha@example.com' })
  await client.identifier.verifyOtp({ email: 'asha@example.com', otp: '123456' })
  t.strictSame(
    asked.map(({ route, token }) => [route, token]),
    [
      ['POST /auth/request-otp', null],
      ['POST /auth/verify-otp', null],
    ],
  )
  t.equal(storage.kept.get('latchkey.token'), next)
})

t.test('a refresh that fails for another reason ends nothing', async (t) => {
  const old = unsigned('old', 3_590)
  const storage = sharedStorage(old)
  const { client, asked } = clientOf(storage, {
    [meRoute]: () => me,
    [refreshRoute]: () => problem(503, 'service_unavailable'),
  })
  t.strictSame(await client.me(), { id: 'me' })
  t.equal(asked.at(-1)?.token, old)
  await t.rejects(client.refresh(), { code: 'service_unavailable' })
  t.equal(storage.kept.get('latchkey.token'), old)
})

t.test('a clock that is wrong costs one refresh, not one for each call', async (t) => {
  const next = unsigned('next', 3_590)
  const { client, count } = clientOf(sharedStorage(unsigned('old', 3_590)), {
    [meRoute]: () => me,
    [refreshRoute]: () => ({ status: 200, body: { success: true, token: next } }),
  })
  for (let calls = 0; calls < 3; calls += 1) await client.me()
  t.equal(count(refreshRoute), 1)
})

t.test('a logout waits for the refresh under way, and no token comes after it', async (t) => {
  let answer = (_: Answer) => {}
  const storage = sharedStorage(unsigned('old'))
  const next = unsigned('next')
  const { client, asked } = clientOf(storage, {
    [refreshRoute]: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
    'POST /api/auth/logout': () => ({ status: 200, body: { success: true } }),
  })
  const refreshing = client.refresh()
  while (asked.length === 0) await new Promise(setImmediate)
  const leaving = client.logout()
  answer({ status: 200, body: { success: true, token: next } })
  await Promise.all([refreshing, leaving])
  t.strictSame(
    asked.map(({ token }) => token),
    [asked[0]?.token, next],
    'the newest token is the one that ends',
  )
  t.strictSame([...storage.kept.keys()], [])

  const elsewhere = sharedStorage(unsigned('old'))
  const tab = clientOf(elsewhere, {
    [refreshRoute]: () => {
      elsewhere.kept.clear()
      return { status: 200, body: { success: true, token: next } }
    },
  })
  t.equal(await tab.client.refresh(), false, 'signed out in another tab meanwhile')
  t.strictSame([...elsewhere.kept.keys()], [])
})

t.test('a signal ends the waiting for a refresh, not the refresh', async (t) => {
  let answer = (_: Answer) => {}
  const storage = sharedStorage(unsigned('old'))
  const { client, count } = clientOf(storage, {
    [refreshRoute]: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  })
  const patient = client.refresh()
  const hasty = new AbortController()
  const refused = client.refresh({ signal: hasty.signal })
  hasty.abort(new Error('left the page'))
  await t.rejects(refused, { message: 'left the page' })
  while (count(refreshRoute) === 0) await new Promise(setImmediate)
  answer({ status: 200, body: { success: true, token: unsigned('next') } })
  t.equal(await patient, true)
  t.equal(count(refreshRoute), 1)
})

t.test('a lock that is not to be had is done without; what fails under it fails once', async (t) => {
  const names: string[] = []
  const refuse = async (name: string) => {
    names.push(name)
    throw new DOMException('waited long enough', 'AbortError')
  }
  t.intercept(globalThis, 'navigator' as never, { value: { locks: { request: refuse } }, configurable: true } as never)
  const refreshed = () => ({ status: 200, body: { success: true, token: unsigned('next') } })
  const { client, count } = clientOf(sharedStorage(unsigned('old')), { [refreshRoute]: refreshed })
  t.equal(await client.refresh(), true)
  t.strictSame([names, count(refreshRoute)], [['latchkey:http://auth.example'], 1])
  const alone = { ...memoryStorage() }
  await alone.set('latchkey.token', unsigned('old'))
  await clientOf(alone, { [refreshRoute]: refreshed }).client.refresh()
  t.equal(names.length, 1, 'no other tab has what is in memory')

  const asked = useLocks(t)
  const failing = clientOf(sharedStorage(unsigned('old')), {
    [refreshRoute]: () => problem(503, 'service_unavailable'),
  })
  await t.rejects(failing.client.refresh(), { code: 'service_unavailable' })
  t.strictSame([asked.length, failing.count(refreshRoute)], [1, 1])
})

t.test('other tabs hear of sign-ins and sign-outs, without the token', async (t) => {
  const storage = sharedStorage()
  const options: ClientOptions = { baseUrl: `http://auth.example/${process.pid}`, storage }
  const signIn: ClientOptions['fetch'] = async () => answering({ status: 200, body: { token: unsigned('new') } })
  const here = createClient({ ...options, fetch: signIn })
  const there = createClient(options)
  const messages: unknown[] = []
  const spy = new BroadcastChannel(`latchkey:${options.baseUrl}`)
  spy.onmessage = (event) => messages.push((event as MessageEvent).data)
  t.teardown(() => spy.close())
  const heard = (client: typeof here, event: string) =>
    new Promise<void>((resolve) => {
      const stop = client.onChange((each) => {
        if (each !== event) return
        stop()
        resolve()
      })
    })
  const signedIn = heard(there, 'signed_in')
  await here.identifier.verifyOtp({ email: 'asha@example.com', otp: '123456' })
  await signedIn
  const own = heard(here, 'signed_out')
  const signedOut = heard(there, 'signed_out')
  await here.logout()
  await Promise.all([own, signedOut])
  while (messages.length < 2) await new Promise(setImmediate)
  t.strictSame(messages, ['signed_in', 'signed_out'])

  const separate = createClient({ ...options, storage: memoryStorage(), fetch: signIn })
  const events: string[] = []
  const stop = separate.onChange((event) => events.push(event))
  await separate.identifier.verifyOtp({ email: 'asha@example.com', otp: '123456' })
  await here.identifier.verifyOtp({ email: 'asha@example.com', otp: '123456' })
  while (messages.length < 3) await new Promise(setImmediate)
  stop()
  t.strictSame(events, ['signed_in'], 'who keeps a session alone hears of no other')
})
