// HOOK_BEFORE_SIGNUP: asked of whoever proved an identifier that has no account, before the proof is used; and what it keeps of them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { BeforeSignup, type HookTelemetry } from '../../src/auth/before-signup.js'
import { withConnection } from '../../src/development/postgres-query.js'
import type { Client } from '../../src/http/client.js'
import type { Identifier } from '../../src/identifiers/parser.js'
import { checkWebhook } from '../support/answer-check.js'
import { startApp, testConfig, wrongCode } from '../support/app.js'
import { insertUser, joinAsAdmin, nobody, verify } from '../users/people.js'
import { untilBlockedOrDone } from '../users/waiting.js'

const secret = `whsec_${Buffer.from('a secret of the tests, 32 bytes!').toString('base64')}`
const email = 'asha@example.com'
type Asked = { type: string; timestamp: string; data: Record<string, unknown> }
type Reply = Readonly<{ status?: number; body?: unknown; headers?: Record<string, string>; text?: string }> | null

/** Whoever decides: what it was asked, and what it answers next; null for no answer at all. */
async function startDecider(t: Parameters<typeof startApp>[0]) {
  const asked: Asked[] = []
  let reply: Reply | (() => Promise<Reply>) = { body: { allow: true } }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const question = new Webhook(secret).verify(body, request.headers as Record<string, string>) as Asked
    checkWebhook('beforeSignup', question)
    asked.push(question)
    const said = typeof reply === 'function' ? await reply() : reply
    if (said === null) return
    response.writeHead(said.status ?? 200, said.headers ?? {}).end(said.text ?? JSON.stringify(said.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    asked,
    setting: `http://127.0.0.1:${(server.address() as AddressInfo).port}/may-sign-up|${secret}`,
    says(next: typeof reply) {
      reply = next
    },
  }
}

async function startWith(t: Parameters<typeof startApp>[0], settings: Record<string, string> = {}) {
  const decider = await startDecider(t)
  const service = await startApp(t, { settings: { HOOK_BEFORE_SIGNUP: decider.setting, ...settings } })
  const tryCode = (otp = service.lastCode(email)) => service.post('/auth/verify-otp', { email, otp })
  return { ...decider, service, tryCode }
}

t.test('a refusal leaves the code as it was; whoever is let in has what the product keeps of them', async (t) => {
  const { asked, says, service, tryCode } = await startWith(t)
  await service.post('/auth/request-otp', { email })
  t.equal((await tryCode(wrongCode(service.lastCode(email)))).body.code, 'otp_invalid')
  t.equal(asked.length, 0, 'nobody is asked of who proved nothing')

  says({ body: { allow: false, message: 'By invitation only' } })
  for (let n = 0; n < 6; n += 1) {
    t.match(await tryCode(), { status: 403, body: { code: 'signup_refused', errors: ['By invitation only'] } })
  }
  t.match(await service.database.otp.findFirst(), { attempts: 1, consumedAt: null })
  t.equal(await service.database.user.count(), 0)
  t.match(asked[0], {
    type: 'signup.requested',
    timestamp: String,
    data: { method: 'email', email, country: null, user_name: null, locale: null, network: '127.0.0.0/24' },
  })
  for (const message of ['two\nlines', 'two\u2028lines', 'turned \u202e round']) {
    says({ body: { allow: false, message } })
    t.match((await tryCode()).body.errors, ['No account may be made of this'])
  }

  const kept = { plan: 'pro', camelCase: { inner_Name: [1, null] } }
  says({ body: { allow: true, public_metadata: kept } })
  t.match(await tryCode(), { status: 200, body: { isNewUser: true } })
  t.strictSame((await service.database.user.findFirstOrThrow()).publicMetadata, kept)
  const before = asked.length
  t.match((await verify(service, email)).body, { isNewUser: false })
  t.equal(asked.length, before, 'nobody is asked of who has an account')
})

t.test('no answer is none: nobody gets in, or everybody, as it is set', async (t) => {
  const { says, service, tryCode } = await startWith(t)
  const open = await startWith(t, { HOOK_FAIL_OPEN: 'on' })
  await service.post('/auth/request-otp', { email })
  const failures: Reply[] = [
    { status: 500, body: { allow: true } },
    { status: 302, headers: { location: '/elsewhere' }, body: { allow: true } },
    { body: { allow: 'yes' } },
    { text: 'allow' },
    { body: { allow: true, public_metadata: ['pro'] } },
    { body: { allow: true, public_metadata: { text: 'x'.repeat(4_090) } } },
    { body: { allow: true, public_metadata: { text: '\u0000' } } },
    { body: { allow: true, filler: 'x'.repeat(8_192) } },
    null,
  ]
  for (const failure of failures) {
    says(failure)
    t.match(
      await tryCode(),
      { status: 503, body: { code: 'service_unavailable' } },
      JSON.stringify(failure)?.slice(0, 80),
    )
  }
  t.match(await service.database.otp.findFirst(), { attempts: 0, consumedAt: null })
  open.says({ status: 500, body: {} })
  t.match((await verify(open.service, email)).body, { isNewUser: true })
  t.match(service.logged(), /"reason":"answered 500","msg":"hook before signup"/)
})

t.test('two who show one code at once make one account, and a code that ends meanwhile makes none', async (t) => {
  const { asked, says, service, tryCode } = await startWith(t)
  await service.post('/auth/request-otp', { email })
  let answer = () => {}
  const answered = new Promise<Reply>((resolve) => {
    answer = () => resolve({ body: { allow: true } })
  })
  says(() => answered)
  const both = Promise.all([tryCode(), tryCode()])
  while (asked.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 100))
  answer()
  const statuses = (await both).map(({ status }) => status).sort()
  t.strictSame(statuses, [200, 401])
  t.equal(asked.length, 1, 'a code that is shown again meanwhile takes no second place')
  t.equal(await service.database.user.count(), 1)

  const late = 'late@example.com'
  await service.post('/auth/request-otp', { email: late })
  says(async () => {
    await service.database.$executeRaw`UPDATE otps SET expires_at = now() - interval '1 second'`
    return { body: { allow: true } }
  })
  const otp = service.lastCode(late)
  t.equal((await service.post('/auth/verify-otp', { email: late, otp })).body.code, 'otp_invalid')
  t.equal(await service.database.user.count(), 1)
})

t.test('who waits for a place gets none once their two seconds are over', async (t) => {
  const { asked, says, setting } = await startDecider(t)
  let answer = () => {}
  const isHeld = new Promise<void>((resolve) => {
    answer = resolve
  })
  says(async () => {
    await isHeld
    return { body: { allow: true } }
  })
  const timers: AbortController[] = []
  t.intercept(AbortSignal, 'timeout', {
    value: () => {
      const timer = new AbortController()
      timers.push(timer)
      return timer.signal
    },
  })
  const { beforeSignup: endpoint } = testConfig({ HOOK_BEFORE_SIGNUP: setting }).events
  const told: unknown[] = []
  const onTelemetry = (_origin: unknown, event: HookTelemetry) => void told.push(event)
  const hook = new BeforeSignup({ endpoint, failsOpen: true, onTelemetry })
  t.teardown(() => hook.close())
  const ask = (n: number) => {
    const identifier = { method: 'email', identifier: `person${n}@example.com` } as Identifier
    return hook.ask({ identifier, userName: null, locale: null }, { network: '127.0.0.0/24' } as Client)
  }
  const holders = Array.from({ length: 16 }, (_, n) => ask(n))
  const waiter = ask(16)
  timers.at(-1)?.abort()
  await t.rejects(waiter, { code: 'service_unavailable' }, 'though the hook fails open')
  t.strictSame(told, [{ kind: 'failed', reason: 'too many at once' }])
  answer()
  t.equal((await Promise.all(holders)).filter(({ isAdmitted }) => isAdmitted).length, 16)
  t.equal(asked.length, 16, 'nothing is asked of whoever got no place')
})

t.test(
  'who is refused gets in by no crowd, and nobody waits longer than two seconds',
  { timeout: 25_000 },
  async (t) => {
    const { says, setting } = await startDecider(t)
    says(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return { body: { allow: false } }
    })
    const { beforeSignup: endpoint } = testConfig({ HOOK_BEFORE_SIGNUP: setting }).events
    const hook = new BeforeSignup({ endpoint, failsOpen: true, onTelemetry: () => {} })
    t.teardown(() => hook.close())
    const client = { network: '127.0.0.0/24' } as Client
    const ask = async (n: number) => {
      const identifier = { method: 'email', identifier: `person${n}@example.com` } as Identifier
      const start = performance.now()
      const code = await hook.ask({ identifier, userName: null, locale: null }, client).then(
        () => 'admitted',
        ({ code }) => code,
      )
      return { code, time: performance.now() - start }
    }
    const answers = await Promise.all(Array.from({ length: 480 }, (_, n) => ask(n)))
    const count = (code: string) => answers.filter((answer) => answer.code === code).length
    t.equal(count('admitted'), 0)
    t.equal(count('signup_refused') + count('service_unavailable'), 480)
    t.ok(count('signup_refused') >= 16)
    t.ok(Math.max(...answers.map(({ time }) => time)) < 7_000, 'as thirty rounds of the sixteen places would take nine')
    t.equal((await ask(1)).code, 'signup_refused', 'each place is given back')
  },
)

t.test('the mobile flow asks with the form, and a refusal leaves the ticket as it was', async (t) => {
  const { asked, says, service } = await startWith(t)
  const mobile_number = '9876543210'
  await service.post('/api/auth/send-otp', { mobile_number })
  const proof = { mobile_number, otp: service.lastCode(`+91${mobile_number}`) }
  const { signup_token } = (await service.post('/api/auth/verify-otp', proof)).body
  const place = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'MH', pincode: '411001' }
  const form = { mobile_number, user_name: ' Asha Rao ', ...place }
  const signUp = (token: string) => service.post('/api/auth/signup', { ...form, signup_token: token })
  t.equal((await signUp('x'.repeat(43))).body.code, 'verification_required')
  t.equal(asked.length, 0)
  says({ body: { allow: false } })
  t.equal((await signUp(signup_token)).body.code, 'signup_refused')
  t.match(asked, [{ data: { method: 'phone', phone: '+919876543210', country: 'IN', user_name: 'Asha Rao' } }])
  says({ body: { allow: true, public_metadata: { via: 'app' } } })
  t.equal((await signUp(signup_token)).status, 201)
  t.match(await service.database.user.findFirst(), { publicMetadata: { via: 'app' } })
  t.equal((await signUp(signup_token)).body.code, 'verification_required')
})

t.test(
  'a signup counts once on its address, and one that is refused too: the limit bounds who is asked of',
  async (t) => {
    const { asked, says, service, tryCode } = await startWith(t, { IP_VERIFY_PER_10_MIN: '3' })
    await service.post('/auth/request-otp', { email })
    says({ body: { allow: false } })
    for (let n = 0; n < 2; n += 1) t.equal((await tryCode()).status, 403)
    says({ body: { allow: true } })
    t.match(await tryCode(), { status: 200, body: { isNewUser: true } }, 'the third one, which is within the limit')
    t.match(await service.database.limitCounter.findMany({ where: { key: { startsWith: 'verify_ip:' } } }), [
      { count: 3 },
    ])
    const other = 'ravi@example.com'
    await service.post('/auth/request-otp', { email: other })
    const fourth = await service.post('/auth/verify-otp', { email: other, otp: service.lastCode(other) })
    t.match(fourth, { status: 429, body: { code: 'rate_limited', retry_after: Number } })
    t.equal(asked.length, 3, 'nobody is asked of beyond it')
  },
)

t.test('nobody takes the place of an account that is deleted at that moment without being asked of', async (t) => {
  const { asked, says, service } = await startWith(t)
  says({ body: { allow: false } })
  const [mobile_number, phone] = ['9876543210', '+919876543210']
  await service.post('/api/auth/send-otp', { mobile_number })
  const proof = { mobile_number, otp: service.lastCode(phone) }
  const { signup_token } = (await service.post('/api/auth/verify-otp', proof)).body
  await insertUser(service, nobody, 'Asha', { phone })
  const place = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'MH', pincode: '411001' }
  await withConnection(service.config.database.url, async (client) => {
    await client.query('BEGIN')
    await client.query('DELETE FROM users')
    const signingUp = service.post('/api/auth/signup', { mobile_number, user_name: 'Eve', ...place, signup_token })
    await untilBlockedOrDone(service, signingUp)
    await client.query('COMMIT')
    t.match(await signingUp, { status: 409, body: { code: 'already_registered' } })
  })
  t.equal(asked.length, 0)
  t.equal(await service.database.user.count(), 0)
})

t.test('a ticket that is refused has nobody asked for ever', async (t) => {
  const { asked, says, service } = await startWith(t, { IP_VERIFY_PER_10_MIN: '3' })
  says({ body: { allow: false } })
  const mobile_number = '9876543210'
  await service.post('/api/auth/send-otp', { mobile_number })
  const proof = { mobile_number, otp: service.lastCode(`+91${mobile_number}`) }
  const { signup_token } = (await service.post('/api/auth/verify-otp', proof)).body
  const place = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'MH', pincode: '411001' }
  const signUp = (user_name: string) =>
    service.post('/api/auth/signup', { mobile_number, user_name, ...place, signup_token })
  for (let n = 0; n < 3; n += 1) t.equal((await signUp(`Asha ${'ABC'[n]}`)).body.code, 'signup_refused')
  t.match(await signUp('Asha D'), { status: 429, body: { code: 'rate_limited', retry_after: Number } })
  t.equal(asked.length, 3)
})

t.test('admins write what the product keeps; users read it in their export alone', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const { body } = await verify(service, '+919876543210')
  const { id } = body.user
  const asAsha = (method: 'GET' | 'PATCH', url: string, payload?: object) =>
    service.ask({ method, url, headers: { authorization: `Bearer ${body.token}` }, ...(payload && { payload }) })
  t.strictSame((await admin.get(`/users/${id}`)).body.data.public_metadata, {})
  const kept = { plan: 'pro', camelCase: { innerName: [1, null, 'é'] }, null: null }
  const changed = await admin.patch(`/users/${id}`, { public_metadata: kept })
  t.strictSame(changed.body.data.public_metadata, kept)
  t.strictSame((await admin.get(`/users/${id}`)).body.data.public_metadata, kept)
  for (const query of ['', '?phone=%2B919876543210', '?q=9876543210', `?q=${id}`]) {
    const { data } = (await admin.get(`/users${query}`)).body
    t.match(data.find((user: { id: string }) => user.id === id)?.public_metadata, kept, query)
  }
  t.strictSame((await asAsha('GET', '/users/me/export')).body.data.public_metadata, kept)
  t.notOk('public_metadata' in (await asAsha('GET', '/users/me')).body.data)
  t.notOk('public_metadata' in (await asAsha('PATCH', '/users/me', { user_name: 'Asha' })).body.data)
  t.match(await asAsha('PATCH', '/users/me', { public_metadata: { plan: 'free' } }), {
    status: 400,
    body: { errors: ['public_metadata is not a known field'] },
  })
  const length = 4_096 - JSON.stringify({ text: '' }).length
  for (const [wrong, line] of [
    [{ text: 'x'.repeat(length + 1) }, /at most 4096 bytes/],
    [[1], /object/],
    ['text', /object/],
  ] as const) {
    const answer = await admin.patch(`/users/${id}`, { public_metadata: wrong })
    t.match(answer, { status: 400, body: { errors: [line], fields: [{ pointer: '/public_metadata' }] } }, String(line))
  }
  t.equal((await admin.patch(`/users/${id}`, { public_metadata: { text: 'x'.repeat(length) } })).status, 200)
  for (const text of ['a\u0000b', '\ud800']) {
    t.match((await admin.patch(`/users/${id}`, { public_metadata: { [text]: text } })).body.errors, [
      /NUL or lone surrogates/,
    ])
  }
  const beyond = await service.ask({
    method: 'PATCH',
    url: `/users/${id}`,
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
    payload: '{"public_metadata":{"limits":[1e999]}}',
  })
  t.match(beyond.body, { status: 400, errors: ['public_metadata must hold no number beyond 1.8e308'] })
  const deep = JSON.parse(`{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`)
  t.equal((await admin.patch(`/users/${id}`, { public_metadata: deep })).status, 200)
  t.equal((await admin.patch(`/users/${id}`, { public_metadata: { text: '\\u0000 \\\\ud800 😀' } })).status, 200)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'user_updated', detail: 'public_metadata' } }), {
    userId: id,
    actorId: admin.id,
  })
  t.strictSame((await admin.patch(`/users/${id}`, { public_metadata: {} })).body.data.public_metadata, {})
})
