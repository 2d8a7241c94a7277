// What each call costs the database: docs/performance.md has the table, and a call that asks for more than it says fails here.
// `UPDATE_ROUND_TRIPS=1 npm test -- test/round-trips.test.ts` writes the table anew: read the difference.
import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { origin, passkeySettings } from './passkeys/passkey-people.js'
import { type Answer, startApp, type TestApp, wrongCode } from './support/app.js'
import { Authenticator } from './support/authenticator.js'
import { email, type Flow, mobile, newEmail, newNumber, phone } from './support/flows.js'
import { forgetSends } from './support/limits.js'
import { projectUrl } from './support/project.js'
import { type CallWork, watchRoundTrips } from './support/round-trips.js'
import { listen, sendWhole, startSlowly } from './support/slow-request.js'
import { ageProofs, join, type Person } from './users/people.js'

const document = new URL('docs/performance.md', projectUrl)
const introspectionToken = 'a-token-of-thirty-two-bytes-and-more'

const home = { house_number: '1', street_locality: 'MG Road', city: 'Pune', state: 'Maharashtra', pincode: '411001' }

const nothing = { roundTrips: 0, commits: 0 }

/** What is looked at of an answer. */
type Seen = Pick<Answer, 'status' | 'text' | 'body'>

type Counted = Readonly<{ name: string; work: CallWork<Seen> }>

t.test('the table of docs/performance.md is what the calls do', async (t) => {
  const service = await startApp(t, {
    settings: { INTROSPECTION_TOKEN: introspectionToken, ...passkeySettings },
  })
  const watch = await watchRoundTrips(t, service)
  const counted: Counted[] = []

  /** Makes a call that is answered with this status, and counts what it does. */
  async function count(name: string, status: number, call: () => Promise<Seen>): Promise<Seen> {
    const work = await watch(call)
    t.equal(work.result.status, status, `${name}: ${work.result.text}`)
    counted.push({ name, work })
    return work.result
  }

  // A replica's slices of the budgets: one round trip for 60 messages, or for a minute.
  for (const { send, newIdentifier, body } of [mobile, email]) await service.post(send, body(newIdentifier()))
  // What is written of these comes a moment after their answers.
  while ((await service.database.authEvent.count({ where: { channel: { not: null } } })) < 2) await setImmediate()
  for (const flow of [mobile, phone, email]) await countFlow(service, flow, count)
  await countSession(service, count)
  await countPasskeys(service, count)

  const workOf = (pattern: RegExp) => counted.filter(({ name }) => pattern.test(name)).map(({ work }) => work)
  for (const { before, after } of workOf(/^(mobile|phone|email): send/)) {
    t.ok(before.roundTrips <= 2 && before.commits <= 1, 'a send waits for two round trips at most')
    t.ok(after.roundTrips <= 1, 'and what delivery reports is written after its answer')
  }
  for (const { before, after } of workOf(/: a user signs in$/)) {
    t.ok(before.roundTrips + after.roundTrips <= 2, 'a sign-in is two round trips, with limits, session and event')
  }
  for (const { before, after } of workOf(/me`$/)) {
    t.strictSame(
      [before, after],
      [{ roundTrips: 1, commits: 0 }, nothing],
      'a read of oneself is one, and writes nothing',
    )
  }

  const written = readFileSync(document, 'utf8')
  const head =
    '| Call | Round trips | Commits | Round trips after the answer | Commits after it |\n|---|---|---|---|---|\n'
  const [before = '', after = ''] = written.split(/\| Call \| Round trips .*\n\|---.*\n(?:\|.*\n)*/)
  const expected = before + head + counted.map(rowOf).join('') + after
  if (process.env['UPDATE_ROUND_TRIPS']) writeFileSync(document, expected)
  t.equal(readFileSync(document, 'utf8'), expected)
})

function rowOf({ name, work: { before, after } }: Counted): string {
  return `| ${name} | ${before.roundTrips} | ${before.commits} | ${after.roundTrips} | ${after.commits} |\n`
}

type Count = (name: string, status: number, call: () => Promise<Seen>) => Promise<Seen>

/** Somebody becomes a user, signs in again, and guesses. */
async function countFlow(service: TestApp, flow: Flow, count: Count): Promise<void> {
  const { name, send, verify, body, recipient } = flow
  const identifier = flow.newIdentifier()
  const sending = () => service.post(send, body(identifier))
  const verifying = (otp: string) => () => service.post(verify, { ...body(identifier), otp })
  const code = () => service.lastCode(recipient(identifier))

  await count(`${name}: send to somebody new`, 200, sending)
  await count(`${name}: send again, too soon`, 429, sending)
  await forgetSends(service.database)
  await count(`${name}: send again, the same code`, 200, sending)
  await count(`${name}: a wrong code`, 401, verifying(wrongCode(code())))
  if (flow === mobile) await countSignup(service, identifier, code(), count)
  else await count(`${name}: the right code makes an account`, 200, verifying(code()))

  await forgetSends(service.database)
  await count(`${name}: send to a user`, 200, sending)
  await count(`${name}: a user signs in`, 200, verifying(code()))
  await count(`${name}: a code that is used up`, 401, verifying('123456'))
  const never = { ...body(flow.newIdentifier()), otp: '123456' }
  await count(`${name}: a code where none was sent`, 401, () => service.post(verify, never))
}

async function countSignup(service: TestApp, number: string, otp: string, count: Count): Promise<void> {
  const proof = () => service.post(mobile.verify, { mobile_number: number, otp })
  const { signup_token } = (await count('mobile: the right code gives a ticket', 200, proof)).body
  const form = { mobile_number: number, user_name: 'Asha', ...home, signup_token }
  await count('mobile: the ticket makes an account', 201, () => service.post('/api/auth/signup', form))
  const login = { mobile_number: newNumber(), mode: 'login' }
  await count('mobile: send to nobody, with `mode` `login`', 404, () => service.post(mobile.send, login))
}

/** A call of somebody signed in, over a socket: whether it comes whole decides what it costs. */
function callOf(service: TestApp, { token }: Person, path: string, body: object = {}, method = 'POST') {
  return { app: service.app, request: { method, path, body, headers: { authorization: `Bearer ${token}` } } }
}

async function sendAsOne(...call: Parameters<typeof callOf>): Promise<Seen> {
  const { app, request } = callOf(...call)
  const { status, text } = await sendWhole(app, request)
  return { status, text, body: JSON.parse(text) }
}

async function postSlowly(...call: Parameters<typeof callOf>): Promise<Seen> {
  const { app, request } = callOf(...call)
  const { status, text } = await (await startSlowly(app, request))()
  return { status, text, body: JSON.parse(text) }
}

/** Somebody who is signed in. */
async function countSession(service: TestApp, count: Count): Promise<void> {
  const address = newEmail()
  const person = await join(service, address)
  await listen(service.app)
  await count('`GET /users/me`', 200, () => person.get('/users/me'))
  await count('`GET /api/auth/me`', 200, () => person.get('/api/auth/me'))
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '6 minutes'`
  await count('the same, for the first time in five minutes', 200, () => person.get('/api/auth/me'))
  await count('`GET /users`, which is for admins', 403, () => person.get('/users'))
  await count('introspection', 200, () => introspect(service, person))
  await count('refresh', 200, () => sendAsOne(service, person, '/api/auth/refresh'))
  await count('the same, where the body comes after the head', 200, () =>
    postSlowly(service, person, '/api/auth/refresh'),
  )
  await countStepUp(service, person, address, count)
  await count('`PATCH /users/me`: a name', 200, () =>
    sendAsOne(service, person, '/users/me', { user_name: 'Asha' }, 'PATCH'),
  )
  await count('an address is added', 201, () => sendAsOne(service, person, '/users/me/addresses', home))
  await count('other sessions are ended', 200, () =>
    sendAsOne(service, person, '/users/me/sessions?others=true', {}, 'DELETE'),
  )
  await count('logout', 200, () => person.post('/api/auth/logout'))
  await count('any call with a session that is over', 401, () => person.get('/api/auth/me'))
}

async function countStepUp(service: TestApp, person: Person, address: string, count: Count): Promise<void> {
  await ageProofs(service)
  await count('step-up: send', 200, () => sendAsOne(service, person, '/users/me/step-up'))
  const verify = (otp: string) => () => sendAsOne(service, person, '/users/me/step-up/verify', { otp })
  await count('step-up: a wrong code', 401, verify(wrongCode(service.lastCode(address))))
  await count('step-up: the right code', 200, verify(service.lastCode(address)))
}

/** A passkey is made, used and removed. */
async function countPasskeys(service: TestApp, count: Count): Promise<void> {
  const person = await join(service, newEmail())
  await listen(service.app)
  const authenticator = new Authenticator(origin)
  const call = (path: string, body: object = {}, method = 'POST') => sendAsOne(service, person, path, body, method)

  const made = await count('passkeys: options to make one', 200, () => call('/auth/passkeys/registration/options'))
  const response = authenticator.create(made.body.data.options)
  const kept = await count('passkeys: the one that was made', 201, () =>
    call('/auth/passkeys/registration/verify', { response }),
  )
  await count('`GET /users/me/passkeys`', 200, () => person.get('/users/me/passkeys'))
  const options = (path: string) => () => service.post(path, {})
  const asked = await count('passkeys: options to sign in', 200, options('/auth/passkeys/authentication/options'))
  const { challenge_token } = asked.body
  const proof = { response: authenticator.get(asked.body.options), challenge_token }
  const verify = () => service.post('/auth/passkeys/authentication/verify', proof)
  await count('passkeys: somebody signs in', 200, verify)
  await count('passkeys: the same answer again', 401, verify)
  const step = await count('passkeys: options to step up', 200, () => call('/users/me/step-up/passkey/options'))
  const proven = { response: authenticator.get(step.body.data.options) }
  await count('passkeys: stepping up', 200, () => call('/users/me/step-up/passkey/verify', proven))
  const path = `/users/me/passkeys/${kept.body.data.id}`
  await count('passkeys: one is named', 200, () => call(path, { name: 'Key' }, 'PATCH'))
  await count('passkeys: one is removed', 200, () => call(path, {}, 'DELETE'))
}

function introspect(service: TestApp, { token }: Person): Promise<Answer> {
  return service.post('/auth/introspect', { token }, { headers: { authorization: `Bearer ${introspectionToken}` } })
}
