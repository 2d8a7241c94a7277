// The way back from the sign-in page to another origin: a code that is good once, for a minute, for who has its verifier.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { ageProofs, join, type Person } from '../users/people.js'
import { untilBlocked } from '../users/waiting.js'

const shop = 'https://shop.example'
const settings = {
  RETURN_TO_ORIGINS: `${shop},https://app.example`,
  CORS_ORIGINS: shop,
  PUBLIC_URL: 'https://login.example',
  IP_VERIFY_PER_10_MIN: '200',
  TEST_OTPS: '+919999900001:123456@2099-01-31',
}
const started = startApp(t, { settings })
const reviewer = { phonePrefix: '+91', phone: '9999900001' }

let people = 0
const newPerson = async () => join(await started, `person${++people}@example.com`)

/** A verifier and what a link says of it. */
function pkce() {
  const code_verifier = randomBytes(32).toString('base64url')
  return { code_verifier, code_challenge: createHash('sha256').update(code_verifier).digest('base64url') }
}
const bodyOf = (code_challenge: string) => ({
  return_to: `${shop}/cb?a=b`,
  state: 's 1',
  code_challenge,
  code_challenge_method: 'S256',
})

/** A code of somebody, with its verifier. */
async function codeFor(person: Person) {
  const { code_verifier, code_challenge } = pkce()
  const { body } = await person.post('/auth/exchange/codes', bodyOf(code_challenge))
  return { code: String(new URL(body.data.redirect_to).searchParams.get('code')), code_verifier }
}

/** Each call of an address of its own, where that is to be no other's. */
let lastAddress = 0
const newAddress = () => ({ remoteAddress: `203.0.${++lastAddress}.7` })
async function redeem(body: object, headers: Record<string, string> = {}, from = newAddress()) {
  return (await started).post('/auth/exchange', body, { headers, ...from })
}
const isSignedIn = async (service: TestApp, token: string) =>
  (await service.get('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })).status === 200
const lastEvents = async (service: TestApp, take: number) =>
  (
    await service.database.authEvent.findMany({
      where: { detail: { startsWith: 'exchange: ' } },
      orderBy: { id: 'desc' },
      take,
    })
  ).map(({ event, detail }) => `${event} ${detail}`)

t.test('a code comes back with the state, and becomes a session of its own', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { code_verifier, code_challenge } = pkce()
  const { status, body, headers } = await asha.post('/auth/exchange/codes', bodyOf(code_challenge))
  t.match([status, body, headers['cache-control']], [201, { success: true, data: { expires_in: 60 } }, 'no-store'])
  const url = new URL(body.data.redirect_to)
  t.match(body.data.redirect_to, /^https:\/\/shop\.example\/cb\?a=b&code=[\w-]{43}&state=s\+1$/)
  const code = String(url.searchParams.get('code'))

  const exchanged = await redeem({ code, code_verifier })
  t.match(exchanged, {
    status: 200,
    body: { user: { id: asha.id, email: `person${people}@example.com` }, token: String },
  })
  t.strictSame([Object.keys(exchanged.body), exchanged.cookies], [['token', 'user'], []])
  const { token } = exchanged.body
  t.strictSame(await lastEvents(service, 2), [
    'authn_login_success exchange: shop.example',
    'authn_token_created exchange: shop.example',
  ])
  const { body: listed } = await asha.get('/users/me/sessions')
  t.match(listed.data, [{ device: /shop\.example$/, current: false }, { current: true }])
  const [rowOfCode] = await service.database.exchangeCode.findMany({ where: { userId: asha.id } })
  t.notMatch(JSON.stringify(rowOfCode), code)

  await service.post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${token}` } })
  t.strictSame([await isSignedIn(service, token), await isSignedIn(service, asha.token)], [false, true], 'the shop’s')
  const next = await codeFor(asha)
  const { token: second } = (await redeem(next)).body
  await service.post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${asha.token}` } })
  t.strictSame([await isSignedIn(service, second), await isSignedIn(service, asha.token)], [true, false], 'the page’s')
})

t.test(
  'the session is as old as the one that it comes from, on its device, and ends when that would have to',
  async (t) => {
    const service = await started
    const asha = await newPerson()
    await service.database.$executeRaw`
    UPDATE sessions SET created_at = now() - interval '29 days 23 hours', proved_at = now() - interval '14 minutes',
      device = 'Chrome on Android', network = '198.51.100.0' WHERE user_id = ${asha.id}::uuid`
    const { body } = await redeem(await codeFor(asha))
    const sessions = await service.database.session.findMany({ where: { userId: asha.id }, orderBy: { id: 'asc' } })
    const [parent, branch] = sessions
    t.match(branch, {
      createdAt: parent?.createdAt,
      provedAt: parent?.provedAt,
      deviceId: parent?.deviceId,
      network: '198.51.100.0',
      device: 'Chrome on Android, shop.example',
      byTestCode: false,
    })
    t.ok(Number(branch?.expiresAt) - Date.now() < 3_601_000)
    const { iat, exp } = JSON.parse(Buffer.from(body.token.split('.')[1], 'base64url').toString())
    t.ok(exp - iat <= 3_601 && exp - iat > 3_500, `${exp - iat}`)
  },
)

t.test('a code is asked for soon after signing in or stepping up, and not by what comes out of one', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { code_challenge } = pkce()
  await service.database
    .$executeRaw`UPDATE sessions SET created_at = now() - interval '16 minutes' WHERE user_id = ${asha.id}::uuid`
  t.equal((await asha.post('/auth/exchange/codes', bodyOf(code_challenge))).status, 201, 'stepped up')
  const { token } = (await redeem(await codeFor(asha))).body
  await ageProofs(service)
  t.match(await asha.post('/auth/exchange/codes', bodyOf(code_challenge)), {
    status: 403,
    body: { code: 'step_up_required' },
  })
  const headers = { authorization: `Bearer ${token}` }
  const branched = await service.post('/auth/exchange/codes', bodyOf(code_challenge), { headers })
  t.match(branched, { status: 403, body: { code: 'step_up_required' } })
  t.equal((await service.post('/auth/exchange/codes', bodyOf(code_challenge))).body.code, 'unauthorized')
})

t.test('a fixed code of a reviewer gets there, and no further than before', async (t) => {
  const service = await started
  await service.post('/auth/request-otp', reviewer)
  const { body } = await service.post('/auth/verify-otp', { ...reviewer, otp: '123456' })
  const headers = { authorization: `Bearer ${body.token}` }
  const { code_verifier, code_challenge } = pkce()
  const answer = await service.post('/auth/exchange/codes', bodyOf(code_challenge), { headers })
  t.equal(answer.status, 201)
  const code = new URL(answer.body.data.redirect_to).searchParams.get('code')
  const { token } = (await redeem({ code, code_verifier })).body
  const rows = await service.database.session.findMany({ where: { userId: body.user.id } })
  t.match(rows, [
    { byTestCode: true, provedAt: new Date(0) },
    { byTestCode: true, provedAt: new Date(0) },
  ])
  const deletion = { method: 'DELETE', url: '/users/me', headers: { authorization: `Bearer ${token}` } } as const
  t.equal((await service.ask(deletion)).body.code, 'step_up_required')
})

t.test('only the page itself asks for a code, and only for an origin that is named', async (t) => {
  const asha = await newPerson()
  const service = await started
  const { code_challenge } = pkce()
  const from = (headers: Record<string, string>) =>
    service.post('/auth/exchange/codes', bodyOf(code_challenge), { headers, cookies: { jwt: asha.token } })
  t.equal((await from({ origin: 'https://login.example', 'sec-fetch-site': 'same-origin' })).status, 201)
  const others = [
    { origin: shop },
    { origin: 'https://evil.example' },
    { origin: 'https://neighbour.login.example', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
  ] as Record<string, string>[]
  for (const headers of others) t.match(await from(headers), { status: 403, body: { code: 'cross_site' } })
  const bearer = { origin: shop, authorization: `Bearer ${asha.token}` }
  t.equal((await service.post('/auth/exchange/codes', bodyOf(code_challenge), { headers: bearer })).status, 403)

  const good = bodyOf(code_challenge)
  const wrong: [string, object][] = [
    ['/return_to', { return_to: 'https://evil.example/cb' }],
    ['/return_to', { return_to: 'https://login.example/' }],
    ['/return_to', { return_to: '/orders' }],
    ['/return_to', { return_to: `${shop}/cb?code=x` }],
    ['/state', { state: '' }],
    ['/code_challenge', { code_challenge: 'short' }],
    ['/code_challenge_method', { code_challenge_method: 'plain' }],
  ]
  for (const [pointer, change] of wrong) {
    const { status, body } = await asha.post('/auth/exchange/codes', { ...good, ...change })
    t.match([status, body.fields], [400, [{ pointer }]], JSON.stringify(change))
  }
  t.equal((await asha.post('/auth/exchange/codes', { ...good, code_challenge_method: undefined })).status, 400)
  t.equal(await service.database.exchangeCode.count({ where: { userId: asha.id } }), 1, 'no code was made of them')
})

t.test('a wrong verifier uses the code up, and so does a page of another origin', async (t) => {
  const service = await started
  const asha = await newPerson()
  const invalid = { status: 401, body: { code: 'exchange_invalid' } }
  const first = await codeFor(asha)
  t.match(await redeem({ ...first, code_verifier: pkce().code_verifier }), invalid)
  t.match(await redeem(first), invalid)
  t.strictSame(await lastEvents(service, 2), [
    'authn_login_fail exchange: used',
    'authn_login_fail exchange: wrong verifier',
  ])
  const second = await codeFor(asha)
  t.match(await redeem(second, { origin: 'https://app.example' }), invalid)
  t.match(await redeem(second, { origin: shop }), invalid, 'nor by the right one any more')
  t.equal((await redeem(await codeFor(asha), { origin: shop })).headers['access-control-allow-origin'], shop)

  const ended = await codeFor(asha)
  await service.database.exchangeCode.updateMany({ where: { consumedAt: null }, data: { expiresAt: new Date() } })
  const unknown = await redeem({ code: 'x', code_verifier: ended.code_verifier })
  t.match(await redeem(ended), { ...invalid, body: unknown.body }, 'the same answer')
  t.strictSame(await lastEvents(service, 2), [
    'authn_login_fail exchange: expired',
    'authn_login_fail exchange: unknown',
  ])
  const malformed = await codeFor(asha)
  for (const code_verifier of ['short', 'a'.repeat(129), `${'a'.repeat(42)}+`, malformed.code_verifier.slice(1)]) {
    t.match(await redeem({ ...malformed, code_verifier }), {
      status: 400,
      body: { fields: [{ pointer: '/code_verifier' }] },
    })
  }
  t.equal((await redeem(malformed)).status, 200, 'what is no verifier uses nothing up')
})

t.test('a second use ends the session of the first one; without the verifier it does not', async (t) => {
  const service = await started
  const asha = await newPerson()
  const code = await codeFor(asha)
  const { token } = (await redeem(code)).body
  t.equal((await redeem({ ...code, code_verifier: pkce().code_verifier })).status, 401)
  t.equal(await isSignedIn(service, token), true)
  t.equal((await redeem(code)).status, 401)
  t.strictSame([await isSignedIn(service, token), await isSignedIn(service, asha.token)], [false, true])
  t.strictSame(await lastEvents(service, 1), ['authn_token_reuse exchange: used twice'])
  const { expiresAt } = await service.database.exchangeCode.findFirstOrThrow({ where: { userId: asha.id } })
  t.ok(Number(expiresAt) > Date.now() + 86_000_000, 'it is remembered for a day')
})

t.test('what a stolen code was turned into ends with it, and nothing else', async (t) => {
  const service = await started
  const asha = await newPerson()
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  async function branchOf(token: string) {
    const { code_verifier, code_challenge } = pkce()
    const { body } = await service.post('/auth/exchange/codes', bodyOf(code_challenge), bearer(token))
    const code = String(new URL(body.data.redirect_to).searchParams.get('code'))
    return (await redeem({ code, code_verifier })).body.token
  }
  const other = await branchOf(asha.token)
  const stolen = await codeFor(asha)
  const thief = (await redeem(stolen)).body.token
  const children = [await branchOf(thief), await branchOf(thief)]
  const grandchild = await branchOf(String(children[1]))
  t.equal(await isSignedIn(service, grandchild), true)
  t.equal((await redeem(stolen)).status, 401)
  for (const token of [thief, ...children, grandchild]) t.equal(await isSignedIn(service, token), false)
  for (const token of [asha.token, other]) t.equal(await isSignedIn(service, token), true)
})

t.test('a used code that is shown again and again is told of within the limit of an address', async (t) => {
  const service = await started
  const asha = await newPerson()
  const from = newAddress()
  const code = await codeFor(asha)
  const withAnother = { ...code, code_verifier: pkce().code_verifier }
  await redeem(code)
  const events = async () => service.database.authEvent.count({ where: { userId: asha.id } })
  const before = await events()
  t.equal((await redeem(withAnother, {}, from)).status, 401)
  t.equal(await events(), before + 1)
  t.equal((await redeem(code)).status, 401)
  t.equal(await events(), before + 2)
  const counters = { where: { key: { startsWith: 'exchange_ip:' } } }
  await service.database.limitCounter.updateMany({ ...counters, data: { count: 200 } })
  for (const again of [code, withAnother, code]) t.equal((await redeem(again, {}, from)).status, 429)
  t.equal(await events(), before + 2)
  const alarms = { userId: asha.id, event: 'authn_token_reuse' } as const
  t.equal(await service.database.authEvent.count({ where: alarms }), 1, 'there is one alarm of a code')
  await service.database.limitCounter.deleteMany(counters)
})

t.test('of the same code at once, one opens a session, and the others end it', async (t) => {
  const service = await started
  const asha = await newPerson()
  const code = await codeFor(asha)
  const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(code)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)])
  t.equal(await service.database.session.count({ where: { userId: asha.id } }), 1)
  t.equal(await service.database.authEvent.count({ where: { userId: asha.id, event: 'authn_login_success' } }), 2)
})

t.test('who is disabled, signed out or gone in between gets nothing', async (t) => {
  const service = await started
  const asha = await newPerson()
  const [one, two, three] = [await codeFor(asha), await codeFor(asha), await codeFor(asha)]
  await service.database.user.update({ where: { id: asha.id }, data: { disabledAt: new Date() } })
  t.equal((await redeem(one)).status, 401)
  t.strictSame(await lastEvents(service, 1), ['authn_login_fail exchange: session over'])
  await service.database.user.update({ where: { id: asha.id }, data: { disabledAt: null } })
  await service.post('/api/auth/logout', {}, { headers: { authorization: `Bearer ${asha.token}` } })
  t.equal((await redeem(two)).status, 401)
  t.equal(await service.database.session.count({ where: { userId: asha.id } }), 0)
  const late = await service.database.$transaction(async (transaction) => {
    await transaction.user.delete({ where: { id: asha.id } })
    const pending = redeem(three)
    await untilBlocked(service)
    return { pending }
  })
  t.equal((await late.pending).status, 401, 'deleted between the look and the lock')
})

t.test('an address is let through with so many wrong codes in ten minutes, and with every right one', async (t) => {
  const service = await started
  const asha = await newPerson()
  const from = newAddress()
  const wrong = () => redeem({ code: 'x', code_verifier: 'a'.repeat(43) }, {}, from)
  t.equal((await wrong()).status, 401)
  const counters = { where: { key: { startsWith: 'exchange_ip:' } } }
  await service.database.limitCounter.updateMany({ ...counters, data: { count: 199 } })
  const statuses: number[] = []
  for (let time = 1; time <= 3; time++) statuses.push((await wrong()).status)
  t.strictSame(statuses, [401, 429, 429])
  const refused = await wrong()
  t.ok(refused.body.retry_after > 0 && refused.body.retry_after <= 600)
  t.strictSame(await lastEvents(service, 2), [
    'excess_rate_limit_exceeded exchange: address',
    'authn_login_fail exchange: unknown',
  ])
  t.equal((await redeem(await codeFor(asha), {}, from)).status, 200)
})

t.test('no code, verifier or challenge is in the log', async (t) => {
  const service = await started
  const asha = await newPerson()
  const code = await codeFor(asha)
  await redeem(code)
  for (const secret of Object.values(code)) t.notOk(service.logged().includes(secret))
})
