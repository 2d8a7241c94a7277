// Signing in and stepping up with passkeys: no name, no message, and one answer to whatever is wrong.
import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { hashTicket } from '../../src/auth/signup-tickets.js'
import { startApp, type TestApp } from '../support/app.js'
import { Authenticator } from '../support/authenticator.js'
import { messagesCame } from '../support/limits.js'
import { ageProofs, join, verify } from '../users/people.js'
import { origin, passkeySettings, register, signIn, stepUp } from './passkey-people.js'

const started = startApp(t, { settings: passkeySettings })
let people = 0
const newPerson = async () => join(await started, `user${++people}@example.com`)

const invalid = { status: 401, body: { code: 'passkey_invalid' } }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const lastEvent = (service: TestApp, userId: string) =>
  service.database.authEvent.findFirstOrThrow({ where: { userId }, orderBy: { id: 'desc' } })

t.test('somebody signs in with nothing but a passkey, as by a code', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { authenticator, answer } = await register(asha, new Authenticator(origin, 5))
  await messagesCame(service, 2)
  const signedIn = await signIn(service, authenticator)
  t.match(signedIn, {
    status: 200,
    body: { user: { id: asha.id }, isNewUser: false, token: String, device_token: String },
  })
  t.strictSame(signedIn.cookies.map(({ name }) => name).sort(), ['device', 'jwt'])
  t.strictSame(Object.keys(signedIn.body).sort(), ['device_token', 'isNewUser', 'token', 'user'])
  t.equal((await service.get('/api/auth/me', bearer(signedIn.body.token))).status, 200)
  t.match(await lastEvent(service, asha.id), { event: 'authn_login_success', detail: 'passkey' })
  await messagesCame(service, 3)
  t.match(service.messages.at(-1), { to: `user${people}@example.com` }, 'a new device is told of')
  t.match((await service.get('/metrics')).text, /latchkey_sign_ins_total\{method="passkey"\} 1\n/)
  t.match((await asha.get('/users/me/passkeys')).body.data, [{ id: answer.body.data.id, last_used_at: String }])
  t.equal((await asha.get('/users/me/sessions')).body.data.length, 2)
  t.match(await service.database.passkey.findFirst({ where: { userId: asha.id } }), { counter: 6n })
  t.notOk(service.logged().includes(signedIn.body.device_token))

  const known = await signIn(service, authenticator, {}, { device_token: signedIn.body.device_token })
  t.strictSame(Object.keys(known.body).sort(), ['isNewUser', 'token', 'user'])
  t.equal(service.messages.length, 3, 'a known one is not')
  const recent = { method: 'DELETE', url: '/users/me', ...bearer(known.body.token) } as const
  t.equal((await service.ask(recent)).status, 200, 'it is a recent proof')
})

t.test('nothing leaves an account whose owner signs in or steps up by passkey', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { authenticator } = await register(asha)
  const [where, phone] = [{ id: asha.id }, `+9198765420${people}`.padEnd(13, '0')]
  const proved = { phone, phoneVerifiedAt: new Date() }
  const leaving = async () => {
    await service.database.user.update({ where, data: { ...proved, leaving: phone, leavingSince: new Date() } })
  }
  const left = async () => {
    const { leaving, leavingSince } = await service.database.user.findUniqueOrThrow({ where })
    return [leaving, leavingSince]
  }
  await leaving()
  t.equal(
    (await signIn(service, authenticator, { signer: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }))
      .status,
    401,
  )
  t.equal((await left())[0], phone, 'not of whoever shows a wrong answer')
  t.equal((await signIn(service, authenticator)).status, 200)
  t.strictSame(await left(), [null, null], 'signed in')
  await leaving()
  t.equal((await stepUp(asha, authenticator)).status, 200)
  t.strictSame(await left(), [null, null], 'stepped up')
})

t.test('whatever is wrong with an answer is the same answer', async (t) => {
  const service = await started
  const [asha, ravi] = [await newPerson(), await newPerson()]
  const { authenticator } = await register(asha)
  const other = (await register(ravi)).authenticator
  const handleOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
  const stranger = new Authenticator(origin)
  const texts = new Set<string>()
  const refused = async (answer: Promise<{ status: number; text: string }>, name: string) => {
    const { status, text } = await answer
    t.equal(status, 401, name)
    texts.add(text)
  }
  const lies = {
    'another origin': { origin: 'https://evil.example' },
    'another domain': { rpId: 'evil.example' },
    'no verified user': { flags: 0x19 },
    'nobody present': { flags: 0x1c },
    'another type': { type: 'webauthn.create' },
    'a frame': { crossOrigin: true },
    'a challenge of nobody': { challenge: 'AAAA' },
    'the handle of another user': { userHandle: handleOf(ravi.id) },
    'a handle of nobody': { userHandle: 'AAAA' },
    'no handle': { userHandle: null },
    'signed by another key': {
      signer: (await import('node:crypto')).generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    },
  }
  for (const [name, lie] of Object.entries(lies)) await refused(signIn(service, authenticator, lie), name)
  await refused(signIn(service, stranger, { userHandle: handleOf(asha.id) }), 'an unknown credential')
  t.match(await lastEvent(service, asha.id), { event: 'authn_login_fail', detail: 'passkey' })

  const { body: asked } = await service.post('/auth/passkeys/authentication/options', {})
  const payload = { response: authenticator.get(asked.options), challenge_token: asked.challenge_token }
  const send = (body: object) => service.post('/auth/passkeys/authentication/verify', body)
  await refused(send({ response: payload.response }), 'without what it is bound to')
  await refused(send({ ...payload, challenge_token: 'x'.repeat(43) }), 'bound to another browser')
  t.equal((await send(payload)).status, 200)
  await refused(send(payload), 'a replay')
  const { body: late } = await service.post('/auth/passkeys/authentication/options', {})
  await service.database.$executeRaw`UPDATE passkey_challenges SET expires_at = now()`
  await refused(send({ response: authenticator.get(late.options), challenge_token: late.challenge_token }), 'too late')
  const wrongUse = await asha.post('/users/me/step-up/passkey/options')
  await refused(
    send({ response: authenticator.get(wrongUse.body.data.options), challenge_token: asked.challenge_token }),
    'of a step-up',
  )

  await service.database.user.update({ where: { id: asha.id }, data: { disabledAt: new Date() } })
  await refused(signIn(service, authenticator), 'a disabled user')
  t.match(await lastEvent(service, asha.id), { event: 'authn_login_fail', detail: 'passkey, disabled' })
  t.equal(texts.size, 1, [...texts].join('\n'))
  t.equal((await signIn(service, other)).status, 200, 'the other user is not concerned')
  for (const body of [
    {},
    { response: null },
    { response: { ...payload.response, type: 'password' } },
    { ...payload, token: 'x' },
  ]) {
    t.equal((await send(body)).status, 400, JSON.stringify(body).slice(0, 60))
  }
})

t.test('a browser keeps what binds its challenges as a cookie, which its tabs share', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { authenticator } = await register(asha)
  const ask = (cookies: Record<string, string> = {}) =>
    service.post('/auth/passkeys/authentication/options', undefined, { cookies })
  const first = await ask()
  const [cookie] = first.cookies
  t.match(cookie, { name: 'passkey', httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: 300 })
  const passkey = String(cookie?.value)
  const second = await ask({ passkey })
  t.equal(second.cookies[0]?.value, passkey)
  t.not((await ask({ passkey: 'planted' })).cookies[0]?.value, 'planted')
  const send = (options: { challenge: string }, cookies: Record<string, string>) =>
    service.post('/auth/passkeys/authentication/verify', { response: authenticator.get(options) }, { cookies })
  t.match(
    await send(first.body.options, { passkey: String((await ask()).cookies[0]?.value) }),
    invalid,
    'another browser',
  )
  t.equal((await send(first.body.options, { passkey })).status, 200)
  t.equal((await send(second.body.options, { passkey })).status, 200, 'the other tab')
  const foreign = { cookies: { passkey }, headers: { origin: 'https://evil.example' } }
  t.equal((await service.post('/auth/passkeys/authentication/options', undefined, foreign)).body.code, 'cross_site')
})

t.test('of two with the same challenge one signs in, and of two at once with their own both do', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { authenticator } = await register(asha)
  const { body } = await service.post('/auth/passkeys/authentication/options', {})
  const payload = { response: authenticator.get(body.options), challenge_token: body.challenge_token }
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => service.post('/auth/passkeys/authentication/verify', payload)),
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)])
  const both = await Promise.all([signIn(service, authenticator), signIn(service, authenticator)])
  t.strictSame(
    both.map(({ status }) => status),
    [200, 200],
  )
})

t.test('a counter that goes back ends the passkey, and its user hears of it', async (t) => {
  const service = await started
  for (const [counter, backTo] of [
    [7, 7],
    [7, 3],
    [7, 0],
  ] as const) {
    const asha = await newPerson()
    const { authenticator } = await register(asha, new Authenticator(origin, counter))
    const abroad = { phone: `+1415555267${backTo}`, phoneVerifiedAt: new Date(), locale: 'en' }
    await service.database.user.update({ where: { id: asha.id }, data: abroad })
    const count = service.messages.length
    t.match(await signIn(service, authenticator, { counter: backTo }), invalid)
    await messagesCame(service, count + 1)
    t.equal(service.messages.at(-1)?.to, `user${people}@example.com`)
    t.strictSame((await asha.get('/users/me/passkeys')).body.data, [])
    t.match(await signIn(service, authenticator, { counter: 99 }), invalid)
    const events = await service.database.authEvent.findMany({
      where: { userId: asha.id },
      orderBy: { id: 'desc' },
      take: 2,
    })
    t.match(
      events.map(({ event, detail }) => `${event} ${detail}`),
      ['user_updated passkey removed', 'authn_token_reuse passkey, its counter went back'],
    )
  }
  const ravi = await newPerson()
  const { authenticator } = await register(ravi)
  for (let time = 0; time < 2; time++) t.equal((await signIn(service, authenticator)).status, 200, 'none counts none')
})

t.test('a passkey that is removed while its answer is on the way opens nothing', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { authenticator } = await register(asha)
  const { pending } = await service.database.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT id FROM users WHERE id = ${asha.id}::uuid FOR UPDATE`
    const pending = signIn(service, authenticator)
    const { untilBlocked } = await import('../users/waiting.js')
    await untilBlocked(service)
    await transaction.passkey.deleteMany({ where: { userId: asha.id } })
    return { pending }
  })
  t.match(await pending, invalid)
})

t.test('a step-up by passkey costs no message, in this session and by its own user alone', async (t) => {
  const service = await started
  const [asha, ravi] = [await newPerson(), await newPerson()]
  t.match(await asha.post('/users/me/step-up/passkey/options'), {
    status: 400,
    body: { errors: ['You have no passkey'] },
  })
  const { authenticator } = await register(asha)
  const other = (await register(ravi)).authenticator
  const told = service.messages.length + 1
  const { token: elsewhere } = (await signIn(service, authenticator)).body
  await messagesCame(service, told)
  await ageProofs(service)
  t.equal((await asha.get('/users/me/export')).body.code, 'step_up_required')
  const asked = await asha.post('/users/me/step-up/passkey/options')
  t.match(asked.body.data.options, {
    userVerification: 'required',
    allowCredentials: [{ id: authenticator.credentialId.toString('base64url'), transports: ['internal', 'hybrid'] }],
  })
  const response = authenticator.get(asked.body.data.options)
  t.match(await ravi.post('/users/me/step-up/passkey/verify', { response }), invalid, 'another session')
  t.match(await stepUp(asha, other), invalid, 'a passkey of somebody else')
  t.match(await lastEvent(service, asha.id), { event: 'authn_login_fail', detail: 'step_up, passkey' })
  t.match(await stepUp(asha, authenticator, { flags: 0x19 }), invalid)
  t.match(await stepUp(asha, authenticator, { challenge: 'AAAA' }), invalid)
  const spare = await asha.post('/users/me/step-up/passkey/options')
  await service.database.passkeyChallenge.updateMany({
    where: { challengeHash: hashTicket(spare.body.data.options.challenge) },
    data: { purpose: 'registration' },
  })
  const ofAnother = { response: authenticator.get(spare.body.data.options) }
  t.match(await asha.post('/users/me/step-up/passkey/verify', ofAnother), invalid, 'a challenge of another purpose')
  t.equal((await asha.get('/users/me/export')).body.code, 'step_up_required')

  const count = service.messages.length
  const proven = await asha.post('/users/me/step-up/passkey/verify', { response })
  t.equal(proven.status, 200)
  t.ok(Date.parse(proven.body.data.proven_until) > Date.now() + 890_000)
  t.match(await lastEvent(service, asha.id), { event: 'authn_login_success', detail: 'step_up, passkey' })
  t.equal((await asha.get('/users/me/export')).status, 200)
  t.equal((await service.get('/users/me/export', bearer(elsewhere))).body.code, 'step_up_required', 'here alone')
  t.equal(service.messages.length, count)
  t.match(await stepUp(asha, authenticator, { userHandle: null }), { status: 200 }, 'who asked is known')

  const { pending } = await service.database.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT id FROM users WHERE id = ${asha.id}::uuid FOR UPDATE`
    const pending = stepUp(asha, authenticator)
    const { untilBlocked } = await import('../users/waiting.js')
    await untilBlocked(service)
    await transaction.session.deleteMany({ where: { userId: asha.id } })
    return { pending }
  })
  t.match(await pending, { status: 401, body: { code: 'unauthorized' } })
})

t.test('an address asks for so many options in ten minutes', async (t) => {
  const service = await startApp(t, { settings: { ...passkeySettings, IP_VERIFY_PER_10_MIN: '1' } })
  const { body } = await verify(service, 'limits@example.com')
  const asks = [
    () => service.post('/auth/passkeys/authentication/options', {}),
    () => service.post('/auth/passkeys/registration/options', undefined, bearer(body.token)),
    () => service.post('/users/me/step-up/passkey/options', undefined, bearer(body.token)),
  ]
  const statuses: number[] = []
  for (let time = 0; time < 2; time++) for (const ask of asks) statuses.push((await ask()).status)
  t.strictSame(statuses, [200, 200, 400, 200, 200, 429])
  const refused = await service.post('/auth/passkeys/authentication/options', {})
  t.match(refused, { status: 429, body: { code: 'rate_limited' } })
  t.ok(refused.body.retry_after > 0 && refused.body.retry_after <= 600)
})
