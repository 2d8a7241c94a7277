// No downgrade by phishing: who has a passkey and signs in by a code on a device that is not known is told of it at every identifier, and for
// a day that device may change nothing of how the account is signed in to.
import t from 'tap'
import { startApp, type TestApp } from '../support/app.js'
import { forgetSends, messagesCame } from '../support/limits.js'
import { join, type Person, verify } from '../users/people.js'
import { passkeySettings, register, signIn } from './passkey-people.js'

const shop = 'https://shop.example'
const started = startApp(t, { settings: { ...passkeySettings, RETURN_TO_ORIGINS: shop } })
let people = 0

/** Somebody with a proven email and phone, and a passkey. */
async function newPerson(service: TestApp) {
  const [email, phone] = [`owner${++people}@example.com`, `+9198765410${people}`.padEnd(13, '0')]
  const asha = await join(service, email)
  await service.database.user.update({ where: { id: asha.id }, data: { phone, phoneVerifiedAt: new Date() } })
  const { authenticator, answer } = await register(asha)
  return { asha, email, phone, authenticator, passkeyId: String(answer.body.data.id) }
}

const asPerson = (service: TestApp, id: string, token: string): Person => {
  const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    service.ask({ method, url, headers: { authorization: `Bearer ${token}` }, ...(payload && { payload }) })
  return {
    id,
    token,
    get: (url) => ask('GET', url),
    post: (url, payload) => ask('POST', url, payload),
    patch: (url, payload) => ask('PATCH', url, payload),
    delete: (url) => ask('DELETE', url),
  }
}

const refused = { status: 403, body: { code: 'forbidden', reason: 'new_device' } }

/** All that such a session may not, of the account of this person. */
const forbidden = (
  id: string,
  passkeyId: string,
  sessionId: string,
): [string, (person: Person) => Promise<object>][] => [
  ['add a passkey', (person) => person.post('/auth/passkeys/registration/options')],
  ['add a passkey', (person) => person.post('/auth/passkeys/registration/verify', {})],
  ['remove a passkey', (person) => person.delete(`/users/me/passkeys/${passkeyId}`)],
  ['add an identifier', (person) => person.post('/users/me/identifiers', { email: 'thief@example.com' })],
  [
    'change an identifier',
    (person) => person.post('/users/me/identifiers/verify', { email: 'thief@example.com', otp: '123456' }),
  ],
  ['remove an identifier', (person) => person.delete('/users/me/identifiers/phone')],
  ['end another session', (person) => person.delete(`/users/me/sessions/${sessionId}`)],
  ['end the others', (person) => person.delete('/users/me/sessions?others=true')],
  ['end all', (person) => person.delete('/users/me/sessions')],
  ['end all by id', (person) => person.delete(`/users/${id}/sessions`)],
  ['delete the account', (person) => person.delete('/users/me')],
  ['delete the account by id', (person) => person.delete(`/users/${id}`)],
]

t.test('the sign-in is told of at every identifier, and changes nothing for a day', async (t) => {
  const service = await started
  const { asha, email, phone, passkeyId } = await newPerson(service)
  const count = service.messages.length
  const { body } = await verify(service, email)
  await messagesCame(service, count + 3)
  t.strictSame(
    service.messages
      .slice(count + 1)
      .map(({ to }) => to)
      .sort(),
    [phone, email],
    'after the code',
  )
  const thief = asPerson(service, asha.id, body.token)
  const sessions = (await asha.get('/users/me/sessions')).body.data
  const own = sessions.find(({ current }: { current: boolean }) => current).id
  for (const [name, ask] of forbidden(asha.id, passkeyId, own)) {
    const answer = (await ask(thief)) as Awaited<ReturnType<Person['get']>>
    t.match(answer, refused, name)
    t.ok(answer.body.retry_after > 86_000 && answer.body.retry_after <= 86_400, name)
  }
  t.equal((await thief.get('/users/me')).status, 200)
  t.equal((await thief.patch('/users/me', { user_name: 'Asha' })).status, 200)
  t.equal((await thief.patch(`/users/me/passkeys/${passkeyId}`, { name: 'Phone' })).status, 200)
  t.equal(await service.database.passkey.count({ where: { userId: asha.id } }), 1)

  const stolen = sessions.find(({ current }: { current: boolean }) => !current).id
  t.equal((await thief.delete(`/users/me/sessions/${stolen}`)).status, 200, 'it may end itself')
  t.equal((await asha.delete('/users/me')).status, 200, 'its owner may all of it')
})

t.test("nor does an admin's make what outlasts it, or keep out who could undo it", async (t) => {
  const service = await started
  const { asha, email, authenticator } = await newPerson(service)
  const other = await join(service, `other${people}@example.com`)
  await service.database.user.updateMany({ where: { id: { in: [asha.id, other.id] } }, data: { role: 'ADMIN' } })
  const key = { name: 'Mine', scopes: ['users:read'] }
  const { body: made } = await asha.post('/api-keys', key)
  const calls: [string, number, (person: Person) => Promise<object>][] = [
    ['make a key', 201, (person) => person.post('/api-keys', key)],
    ['remove a key', 200, (person) => person.delete(`/api-keys/${made.data.id}`)],
    ['take a role', 200, (person) => person.patch(`/users/${other.id}`, { role: 'USER' })],
    ['give a role', 200, (person) => person.patch(`/users/${other.id}`, { role: 'ADMIN' })],
    ['make an admin', 201, (person) => person.post('/users', { email: `new${people}@example.com`, role: 'ADMIN' })],
    ['keep somebody out', 200, (person) => person.patch(`/users/${other.id}`, { disabled: true })],
    ['let somebody in', 200, (person) => person.patch(`/users/${other.id}`, { disabled: false })],
    ['keep oneself out', 200, (person) => person.patch('/users/me', { disabled: true })],
  ]
  const thief = asPerson(service, asha.id, (await verify(service, email)).body.token)
  for (const [name, , ask] of calls) t.match(await ask(thief), refused, name)
  t.equal((await thief.post('/users', { email: `user${people}@example.com` })).status, 201, 'a user')
  t.equal((await thief.patch(`/users/${other.id}`, { user_name: 'Ravi' })).status, 200, 'a name')
  const { body: byPasskey } = await signIn(service, authenticator)
  for (const [name, status, ask] of calls)
    t.match(await ask(asPerson(service, asha.id, byPasskey.token)), { status }, name)
})

t.test('it stands on the device and on every session from it, whatever becomes of the device', async (t) => {
  const service = await started
  const { asha, email, authenticator, passkeyId } = await newPerson(service)
  const { body: first } = await verify(service, email)
  const cookies = { device: first.device_token }
  const removal = async (token: string) =>
    (await asPerson(service, asha.id, token).delete(`/users/me/passkeys/${passkeyId}`)).status
  await forgetSends(service.database)
  await service.post('/auth/request-otp', { email }, { cookies })
  const otp = service.lastCode(email)
  const count = service.messages.length
  const { body: again } = await service.post('/auth/verify-otp', { email, otp }, { cookies })
  t.notOk(again.device_token)
  t.equal(await removal(again.token), 403, 'a further session on it')
  t.equal(service.messages.length, count, 'of which nobody is told again')
  const { body: byPasskey } = await signIn(service, authenticator, {}, { device_token: first.device_token })
  t.equal(await removal(byPasskey.token), 403, 'one by passkey too')

  const challenge = Buffer.alloc(32, 1).toString('base64url')
  const { createHash } = await import('node:crypto')
  const code_challenge = createHash('sha256').update(challenge).digest('base64url')
  const asked = { return_to: `${shop}/cb`, state: 's', code_challenge, code_challenge_method: 'S256' }
  const { body: sent } = await asPerson(service, asha.id, first.token).post('/auth/exchange/codes', asked)
  const code = new URL(sent.data.redirect_to).searchParams.get('code')
  const { body: exchanged } = await service.post('/auth/exchange', { code, code_verifier: challenge })
  t.equal(await removal(exchanged.token), 403, 'what comes of a code of it')

  await service.database.device.deleteMany({ where: { userId: asha.id } })
  for (const { token } of [first, again, byPasskey, exchanged]) t.equal(await removal(token), 403)
  await service.database.$executeRaw`UPDATE sessions SET restricted_until = now() WHERE user_id = ${asha.id}::uuid`
  t.equal(await removal(first.token), 200, 'a day later')
})

t.test('a known device, one of nobody with a passkey, and a sign-in by passkey are free', async (t) => {
  const service = await started
  const { asha, email, authenticator, passkeyId } = await newPerson(service)
  const { body: byPasskey } = await signIn(service, authenticator)
  t.equal((await asPerson(service, asha.id, byPasskey.token).delete(`/users/me/passkeys/${passkeyId}`)).status, 200)
  t.equal((await signIn(service, authenticator)).status, 401)
  const { body: without } = await verify(service, email)
  t.equal((await asPerson(service, asha.id, without.token).post('/auth/passkeys/registration/options')).status, 200)
  await register(asha)
  await forgetSends(service.database)
  const cookies = { device: without.device_token }
  await service.post('/auth/request-otp', { email }, { cookies })
  const { body: known } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) }, { cookies })
  t.equal((await asPerson(service, asha.id, known.token).delete('/users/me/sessions?others=true')).status, 200)
})
