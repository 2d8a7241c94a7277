// Introspection: what other services are told of a token, who may ask, and in which form.
import { createPublicKey } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { newPrivateKey, startApp, type TestApp, testSecrets } from '../support/app.js'
import { openApi } from '../support/document.js'

const email = 'asha@example.com'
const INTROSPECTION_TOKEN = 'a-token-of-thirty-two-bytes-and-more'
const authorization = `Bearer ${INTROSPECTION_TOKEN}`
const form = 'application/x-www-form-urlencoded'

async function signIn(service: TestApp) {
  await service.database.$executeRaw`DELETE FROM otps`
  await service.post('/auth/request-otp', { email })
  const { body } = await service.post('/auth/verify-otp', { email, otp: service.lastCode(email) })
  return body as { token: string; user: { id: string } }
}

function ask(service: TestApp, payload: string | object, headers: InjectOptions['headers'] = {}) {
  const type = typeof payload === 'string' ? form : 'application/json'
  return service.post('/auth/introspect', undefined, {
    payload,
    headers: { authorization, 'content-type': type, ...headers },
  })
}

t.test('a good token is told in full, as a form and as JSON', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN } })
  const { token, user } = await signIn(service)
  const claims = JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())
  const expected = { active: true, token_type: 'Bearer', ...claims, sub: user.id }
  for (const payload of [
    `token=${token}`,
    `token_type_hint=access_token&token=${encodeURIComponent(token)}&client_id=shop`,
    { token },
    { token, token_type_hint: 'access_token' },
  ]) {
    const answer = await ask(service, payload)
    t.equal(answer.status, 200)
    t.same(answer.body, expected)
    t.match(answer.headers, { 'cache-control': 'no-store', 'set-cookie': undefined })
  }
  t.equal((await ask(service, `token=${token}`, { 'content-type': `${form}; charset=UTF-8` })).body.active, true)
})

t.test('anything else is not active, and never says why', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN } })
  const databaseUrl = service.config.database.url
  const { token, user } = await signIn(service)
  const previous = createPublicKey(testSecrets.JWT_PRIVATE_KEY).export({ type: 'spki', format: 'pem' }).toString()
  const foreign = await startApp(t, { databaseUrl, settings: { JWT_PRIVATE_KEY: newPrivateKey() } })
  const refused: Record<string, string> = {
    empty: '',
    junk: 'junk',
    'another text': `${token}x`,
    'of another key': (await signIn(foreign)).token,
    'the token of whoever asks': INTROSPECTION_TOKEN,
    NUL: '\0',
  }
  for (const [name, value] of Object.entries(refused)) {
    for (const payload of [`token=${encodeURIComponent(value)}`, ...(value === '\0' ? [] : [{ token: value }])]) {
      t.match(await ask(service, payload), { status: 200, text: '{"active":false}' }, name)
    }
  }
  const isActive = async () => (await ask(service, { token })).text !== '{"active":false}'
  t.ok(await isActive())
  await service.database.user.update({ where: { id: user.id }, data: { disabledAt: new Date() } })
  t.notOk(await isActive(), 'disabled')
  await service.database.user.update({ where: { id: user.id }, data: { disabledAt: null } })
  const rotated = await startApp(t, {
    databaseUrl,
    settings: { INTROSPECTION_TOKEN, JWT_PRIVATE_KEY: newPrivateKey(), JWT_PREVIOUS_PUBLIC_KEYS: previous },
  })
  t.equal((await ask(rotated, { token })).body.active, true, 'of the key before')
  await service.post('/api/auth/logout', undefined, { headers: { authorization: `Bearer ${token}` } })
  t.notOk(await isActive(), 'signed out')
})

t.test('being asked about does not prolong a session', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN } })
  const { token } = await signIn(service)
  await service.database.$executeRaw`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`
  const before = await service.database.session.findMany()
  t.equal((await ask(service, { token })).body.active, true)
  t.strictSame(await service.database.session.findMany(), before)
})

t.test('only who shows the token may ask, before the body is read', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN } })
  const { token } = await signIn(service)
  for (const shown of [
    '',
    'Bearer',
    'Bearer ',
    INTROSPECTION_TOKEN,
    `Basic ${INTROSPECTION_TOKEN}`,
    `Bearer ${INTROSPECTION_TOKEN}x`,
    `Bearer ${INTROSPECTION_TOKEN.slice(1)}`,
    `Bearer ${token}`,
  ]) {
    for (const payload of [`token=${token}`, { token }, 'token=a&token=b']) {
      const answer = await ask(service, payload, { authorization: shown })
      t.match(
        answer,
        { status: 401, body: { code: 'unauthorized' }, headers: { 'www-authenticate': /^Bearer/ } },
        shown,
      )
    }
  }
  t.notOk(service.logged().includes(INTROSPECTION_TOKEN))
  const challengeFor = async (headers: Record<string, string>) =>
    (await ask(service, { token }, headers)).headers['www-authenticate']
  t.equal(await challengeFor({ authorization: 'Bearer wrong' }), 'Bearer realm="latchkey", error="invalid_token"')
  t.equal(
    await challengeFor({ authorization: '' }),
    'Bearer realm="latchkey"',
    'RFC 6750 §3.1: no error where no token came',
  )
  const cookie = await ask(service, { token }, { cookie: `jwt=${token}`, origin: 'https://evil.example' })
  t.match(cookie, { status: 403, body: { code: 'cross_site' } })
})

t.test('a request that says nothing, or two things, is no question', async (t) => {
  const service = await startApp(t, { settings: { INTROSPECTION_TOKEN } })
  for (const payload of ['', 'other=1', 'token=a&token=b', 'token=a&token=a', '__proto__=a', {}, { token: 1 }]) {
    t.match(await ask(service, payload), { status: 400, body: { code: 'validation_failed' } }, JSON.stringify(payload))
  }
  const big = await ask(service, `token=${'x'.repeat(20_000)}`)
  t.match(big, { status: 413, body: { code: 'payload_too_large' } })
  t.equal((await ask(service, 'token=a', { 'content-type': 'text/plain' })).status, 415)
  const elsewhere = await service.post('/auth/request-otp', undefined, {
    payload: `email=${email}`,
    headers: { 'content-type': form },
  })
  t.equal(elsewhere.status, 415, 'forms are read here alone')
})

t.test('without the setting nothing is here', async (t) => {
  const service = await startApp(t)
  for (const headers of [{}, { authorization: '' }, { authorization: 'Bearer undefined' }]) {
    t.match(await ask(service, { token: 'x' }, headers), { status: 404, body: { code: 'not_found' } })
  }
  t.equal((await service.get('/auth/introspect')).status, 404)
})

t.test('the document says how to ask', async (t) => {
  const { requestBody, security } = Object(openApi.paths['/auth/introspect']?.['post'])
  t.strictSame(Object.keys(requestBody.content), [form, 'application/json'])
  t.strictSame(security, [{ introspection: [] }])
})
