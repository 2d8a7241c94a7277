// Making passkeys: after a recent proof, in the session that asked, ten at most; naming and removing them.
import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { startApp } from '../support/app.js'
import { Authenticator, cborArray, cborBytes, cborInteger, cborMap, cborText } from '../support/authenticator.js'
import { messagesCame } from '../support/limits.js'
import { ageProofs, join, nobody } from '../users/people.js'
import { origin, passkeySettings, register, signIn } from './passkey-people.js'

const started = startApp(t, { settings: passkeySettings })
let people = 0
const newPerson = async () => join(await started, `maker${++people}@example.com`)

t.test('a passkey is made, listed, named and removed', async (t) => {
  const service = await started
  const asha = await newPerson()
  const { asked, answer, authenticator } = await register(asha, undefined, {}, ' My phone ')
  t.match(asked.body.data, {
    expires_in: 300,
    options: {
      rp: { id: 'example.com', name: 'Latchkey' },
      user: { name: `maker${people}@example.com`, displayName: `maker${people}@example.com` },
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
      excludeCredentials: [],
    },
  })
  t.match(
    [answer.status, answer.body],
    [
      201,
      { success: true, data: { name: 'My phone', device_type: 'multi_device', backed_up: true, last_used_at: null } },
    ],
  )
  const { id } = answer.body.data
  t.match(await service.database.passkey.findUniqueOrThrow({ where: { id } }), {
    userId: asha.id,
    counter: 0n,
    transports: ['internal', 'hybrid'],
    aaguid: 'abababab-abab-abab-abab-abababababab',
  })
  await messagesCame(service, 2)
  t.match(service.messages.at(-1), { to: `maker${people}@example.com`, text: /sign/i })
  const again = await asha.post('/auth/passkeys/registration/options')
  t.strictSame(
    again.body.data.options.excludeCredentials.map(({ id }: { id: string }) => id),
    [authenticator.credentialId.toString('base64url')],
  )
  t.strictSame((await asha.get('/users/me/passkeys')).body, {
    success: true,
    data: [answer.body.data],
    next_cursor: null,
  })

  const other = await newPerson()
  for (const whose of [id, nobody]) {
    t.equal((await other.patch(`/users/me/passkeys/${whose}`, { name: 'Mine' })).body.code, 'not_found')
    t.equal((await other.delete(`/users/me/passkeys/${whose}`)).body.code, 'not_found')
  }
  t.equal((await asha.patch(`/users/me/passkeys/${id}`, { name: ' ' })).status, 400)
  t.equal((await asha.patch(`/users/me/passkeys/${id}`, { name: ' Work phone ' })).body.data.name, 'Work phone')
  await ageProofs(service)
  t.equal((await asha.delete(`/users/me/passkeys/${id}`)).body.code, 'step_up_required')
  await service.database.$executeRaw`UPDATE sessions SET proved_at = now()`
  t.strictSame((await asha.delete(`/users/me/passkeys/${id.toUpperCase()}`)).body, { success: true, data: { id } })
  t.equal((await signIn(service, authenticator)).body.code, 'passkey_invalid')
  const events = await service.database.authEvent.findMany({
    where: { userId: asha.id, event: 'user_updated' },
    orderBy: { id: 'asc' },
  })
  t.strictSame(
    events.map(({ detail }) => detail),
    ['passkey added', 'passkey renamed', 'passkey removed'],
  )
})

t.test('it is called what the client is; an answer that lies makes none', async (t) => {
  const service = await started
  const asha = await newPerson()
  const invalid = { status: 401, body: { code: 'passkey_invalid' } }
  const certificate = cborMap(
    [cborText('fmt'), cborText('packed')],
    [cborText('attStmt'), cborMap([cborText('x5c'), cborArray(cborBytes(Buffer.alloc(8)))])],
  ).subarray(1)
  const unknownFormat = cborMap([cborText('fmt'), cborText('apple')], [cborText('attStmt'), cborMap()]).subarray(1)
  const selfSigned = cborMap([cborText('fmt'), cborText('packed')], [cborText('attStmt'), cborMap()]).subarray(1)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const statement = cborMap(
    [cborText('alg'), cborInteger(-7)],
    [cborText('sig'), cborBytes(sign('sha256', Buffer.from('x'), privateKey))],
  )
  const forged = cborMap([cborText('fmt'), cborText('packed')], [cborText('attStmt'), statement]).subarray(1)
  const lies = [
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { type: 'webauthn.get' },
    { crossOrigin: true },
    { challenge: 'AAAA' },
    { flags: 0x59 },
    { attestation: certificate },
    { attestation: unknownFormat },
    { attestation: selfSigned },
    { attestation: forged },
    { attestation: Buffer.from([0xff, 0xff]) },
    { credentialId: Buffer.alloc(0) },
    { credentialId: Buffer.alloc(1_024, 1) },
    {
      attestation: cborMap([cborText('fmt'), cborText('packed')], [cborText('attStmt'), cborText('none')]).subarray(1),
    },
  ]
  for (const lie of lies)
    t.match((await register(asha, undefined, lie)).answer, invalid, JSON.stringify(lie).slice(0, 80))
  // CBOR, and no map: a number, a list, a text; and a map of something else.
  for (const attestationObject of ['AA', 'gA', 'YWE', 'oA']) {
    const { data } = (await asha.post('/auth/passkeys/registration/options')).body
    const made = new Authenticator(origin).create(data.options)
    const response = { ...made, response: { ...made.response, attestationObject } }
    t.match(await asha.post('/auth/passkeys/registration/verify', { response }), invalid, attestationObject)
  }
  t.equal(await service.database.passkey.count({ where: { userId: asha.id } }), 0)
  t.match(
    service.logged(),
    /"ceremony":"registration","result":"refused","why":"an attestation came that nobody asked for"/,
  )

  const asked = await asha.post('/auth/passkeys/registration/options')
  const response = new Authenticator(origin).create(asked.body.data.options)
  const noData = { ...response, response: { ...response.response, clientDataJSON: 'AAAA' } }
  const headers = {
    authorization: `Bearer ${asha.token}`,
    'user-agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  }
  const verify = (body: object) => service.post('/auth/passkeys/registration/verify', body, { headers })
  t.match(await verify({ response: noData }), invalid)
  const odd = Buffer.from('{"challenge":1}').toString('base64url')
  t.match(await verify({ response: { ...response, response: { ...response.response, clientDataJSON: odd } } }), invalid)
  const statuses = await Promise.all([verify({ response }), verify({ response })])
  t.strictSame(statuses.map(({ status }) => status).sort(), [201, 401], 'a challenge is used once')
  t.match(statuses.find(({ status }) => status === 201)?.body.data, { name: 'Chrome on Linux' })
  for (const body of [
    {},
    { response: {} },
    { response: 'text' },
    { response: { ...response, id: 'not base64url!' } },
    { response, name: '' },
  ]) {
    t.equal((await verify(body)).status, 400, JSON.stringify(body).slice(0, 60))
  }
  const expired = await asha.post('/auth/passkeys/registration/options')
  await service.database.$executeRaw`UPDATE passkey_challenges SET expires_at = now()`
  t.match(await verify({ response: new Authenticator(origin).create(expired.body.data.options) }), invalid)
})

t.test('an answer is of the session that asked, and a credential of one user', async (t) => {
  const service = await started
  const [asha, ravi] = [await newPerson(), await newPerson()]
  const asked = await asha.post('/auth/passkeys/registration/options')
  const response = new Authenticator(origin).create(asked.body.data.options)
  t.equal((await ravi.post('/auth/passkeys/registration/verify', { response })).body.code, 'passkey_invalid')
  t.equal(
    (await asha.post('/auth/passkeys/registration/verify', { response })).status,
    201,
    'it was not used up by a stranger',
  )
  const { authenticator } = await register(asha)
  t.match((await register(ravi, authenticator)).answer, { status: 401, body: { code: 'passkey_invalid' } })
  t.equal(await service.database.passkey.count({ where: { userId: ravi.id } }), 0)
  await service.database.user.update({ where: { id: asha.id }, data: { locale: 'hi' } })
  const { body } = await asha.post('/auth/passkeys/registration/options')
  const plain = new Authenticator(origin).create(body.data.options, { flags: 0x45 })
  const bare = { ...plain, response: { ...plain.response, transports: undefined } }
  const headers = { authorization: `Bearer ${asha.token}`, 'user-agent': '' }
  const named = await service.post('/auth/passkeys/registration/verify', { response: bare }, { headers })
  t.match(named.body.data, { name: 'Passkey', device_type: 'single_device', backed_up: false })
  const longest = Buffer.alloc(1_023, 7)
  t.equal((await register(asha, undefined, { credentialId: longest })).answer.status, 201)
  const android = new Authenticator(`android:apk-key-hash:${'a'.repeat(43)}`)
  t.equal((await register(asha, android)).answer.status, 201)
})

t.test('there are ten at most, also where two come at once', async (t) => {
  const service = await started
  const asha = await newPerson()
  for (let n = 1; n < 9; n++) await register(asha)
  const [one, two, three] = [
    await asha.post('/auth/passkeys/registration/options'),
    await asha.post('/auth/passkeys/registration/options'),
    await asha.post('/auth/passkeys/registration/options'),
  ]
  const answers = await Promise.all(
    [one, two, three].map(({ body }) =>
      asha.post('/auth/passkeys/registration/verify', {
        response: new Authenticator(origin).create(body.data.options),
      }),
    ),
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 201, 409])
  t.equal(answers.find(({ status }) => status === 409)?.body.code, 'passkey_limit')
  t.match(await asha.post('/auth/passkeys/registration/options'), { status: 409, body: { code: 'passkey_limit' } })
  t.equal(await service.database.passkey.count({ where: { userId: asha.id } }), 10)
  const told = service.messages.filter(({ to, code }) => to === `maker${people}@example.com` && code === undefined)
  t.ok(told.length <= 5, `${told.length} mails tell of it`)
})

t.test('a session without a recent proof, or of a fixed code, makes none; who has no email is not told', async (t) => {
  const service = await started
  const ravi = await join(service, '+919876500001')
  const count = service.messages.length
  t.equal((await register(ravi)).answer.status, 201)
  await service.database.user.update({ where: { id: ravi.id }, data: { email: 'unproven@example.com', locale: null } })
  t.equal((await register(ravi)).answer.status, 201)
  t.equal(service.messages.length, count)
  await ageProofs(service)
  for (const step of ['options', 'verify']) {
    t.equal((await ravi.post(`/auth/passkeys/registration/${step}`)).body.code, 'step_up_required')
  }
})

t.test('passkeys go with their user, and are in the export without their keys', async (t) => {
  const service = await started
  const asha = await newPerson()
  await register(asha, undefined, {}, 'Phone')
  const { body } = await asha.get('/users/me/export')
  t.match(body.data.passkeys, [{ name: 'Phone', device_type: 'multi_device', last_used_at: null }])
  t.notMatch(JSON.stringify(body.data.passkeys), /key"|credential/)
  t.equal((await asha.delete('/users/me')).status, 200)
  t.equal(await service.database.passkey.count({ where: { userId: asha.id } }), 0)
})
