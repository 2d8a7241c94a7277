// The export: all that is stored about oneself, nothing of others, no secret, and never more in memory than a batch.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { AccountExport } from '../../src/account/export.js'
import { AuditTrail } from '../../src/audit/events.js'
import { backEnd } from '../api-keys/keys.js'
import { startApp, type TestApp } from '../support/app.js'
import { ageProofs, insertUser, join, joinAsAdmin, nobody } from '../users/people.js'

const phone = '+919876543210'
const email = 'asha@example.com'

async function everythingOf(service: TestApp, identifier = phone) {
  const asha = await join(service, identifier)
  await service.database.address.create({
    data: {
      id: nobody,
      userId: asha.id,
      houseNumber: '12B',
      streetLocality: 'MG Road',
      city: 'Bengaluru',
      state: 'Karnataka',
      pincode: '560001',
      country: 'IN',
    },
  })
  return asha
}

t.test('it is a file, asks for a recent proof, and holds every kind of row', async (t) => {
  const service = await startApp(t)
  const asha = await everythingOf(service)
  await ageProofs(service)
  t.match((await asha.get('/users/me/export')).body, { code: 'step_up_required' })
  await asha.post('/users/me/step-up')
  await asha.post('/users/me/step-up/verify', { otp: service.lastCode(phone) })
  await service.database.signupTicket.create({
    data: { tokenHash: new Uint8Array(32).fill(7), phone, expiresAt: new Date() },
  })

  await service.database.recycleTicket.create({
    data: { tokenHash: new Uint8Array(32).fill(7), userId: asha.id, identifier: phone, expiresAt: new Date() },
  })

  // Events of deliveries are written beside the requests.
  const isWritten = async () =>
    (await service.database.authEvent.count({ where: { event: 'delivery_accepted' } })) === 2
  while (!(await isWritten())) await setImmediate()
  const answer = await asha.get('/users/me/export')
  t.match([answer.status, answer.headers['content-type']], [200, 'application/json; charset=utf-8'])
  t.match(answer.headers, { 'content-disposition': 'attachment; filename="account.json"', 'cache-control': 'no-store' })
  const { data } = answer.body
  t.match(data.user, { id: asha.id, phone, email: null, role: 'USER', phone_verified_at: String })
  t.match(data.addresses, [{ house_number: '12B', pincode: '560001', country: 'IN' }])
  t.match([data.sessions.length, data.devices.length], [1, 1])
  t.match(
    data.codes.map(({ purpose }: { purpose: string }) => purpose),
    ['sign_in', 'step_up'],
  )
  t.match(data.signup_tickets, [{ phone }])
  t.match(data.recycle_tickets, [{ identifier: phone }])
  const events = data.events.map(({ event, detail }: Record<string, string>) => [event, detail].join(' '))
  for (const expected of ['authn_login_success step_up', 'sensitive_read export', 'delivery_accepted ']) {
    t.ok(events.includes(expected), `${expected} in ${events}`)
  }
  t.match(data.events.at(-1), { channel: 'sms', country: 'IN', driver: 'recorder', message_id: /^message-/ })
})

t.test('no digest, seed or token is in it, whatever is in the tables', async (t) => {
  const service = await startApp(t)
  const asha = await everythingOf(service)
  await asha.post('/users/me/identifiers', { email })
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543210' })
  await service.database.signupTicket.create({
    data: { tokenHash: new Uint8Array(32).fill(7), phone, expiresAt: new Date() },
  })
  await service.database.recycleTicket.create({
    data: { tokenHash: new Uint8Array(32).fill(8), userId: asha.id, identifier: phone, expiresAt: new Date() },
  })
  const code = { tokenHash: new Uint8Array(32).fill(9), challenge: new Uint8Array(32).fill(10), expiresAt: new Date() }
  await service.database.exchangeCode.create({
    data: { ...code, userId: asha.id, sessionId: asha.id, origin: 'https://shop.example' },
  })
  await backEnd(service)
  const passkey = {
    credentialId: Buffer.alloc(16, 11),
    publicKey: Buffer.alloc(77, 12),
    counter: 0n,
    transports: ['usb'],
  }
  await service.database.passkey.create({
    data: {
      ...passkey,
      id: asha.id,
      userId: asha.id,
      deviceType: 'single_device',
      backedUp: false,
      aaguid: asha.id,
      name: 'Key',
    },
  })
  const hashes = { challengeHash: new Uint8Array(32).fill(13), holderHash: new Uint8Array(32).fill(14) }
  await service.database.passkeyChallenge.create({
    data: { ...hashes, purpose: 'authentication', expiresAt: new Date() },
  })
  const { text } = await asha.get('/users/me/export')
  // Every binary column of every table: digests and seeds, also those of tables to come.
  const columns = await service.database.$queryRaw<{ table: string; column: string }[]>`
    SELECT table_name AS table, column_name AS column FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type = 'bytea'`
  t.ok(columns.length >= 5)
  const secrets = [asha.token, service.lastCode(phone), service.lastCode(email)]
  for (const { table, column } of columns) {
    const rows = await service.database.$queryRawUnsafe<{ value: Uint8Array }[]>(
      `SELECT ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL`,
    )
    t.ok(rows.length > 0, `${table}.${column} holds something`)
    for (const { value } of rows) {
      const bytes = Buffer.from(value)
      secrets.push(bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'))
    }
    t.notOk(text.includes(column), `${column} is no member`)
  }
  for (const secret of secrets) t.notOk(text.includes(secret), `${secret} is not in it`)
})

t.test(
  'nothing of others: not of a former holder of the number, of a claim, of an admin, nor of whom an admin changed',
  async (t) => {
    const service = await startApp(t)
    const former = await everythingOf(service)
    await former.delete('/users/me')
    await service.database.$executeRaw`ALTER TABLE auth_events DISABLE TRIGGER ALL`
    await service.database
      .$executeRaw`UPDATE auth_events SET happened_at = happened_at - interval '1 day', network = '198.51.100.0/24'`
    await service.database.$executeRaw`ALTER TABLE auth_events ENABLE TRIGGER ALL`
    const asha = await join(service, phone)
    await join(service, 'ravi@example.com')
    await service.database.$executeRaw`DELETE FROM users WHERE email = 'ravi@example.com'`
    await service.database.user.update({ where: { id: asha.id }, data: { email: 'ravi@example.com' } })
    const admin = await joinAsAdmin(service)
    const changed = await admin.patch(`/users/${asha.id}`, { user_name: 'Asha' })
    await insertUser(service, nobody, 'Other', { email: 'other@example.com' })
    await admin.patch(`/users/${nobody}`, { user_name: 'Another' })

    const own = await asha.get('/users/me/export')
    t.notMatch(own.text, former.id)
    t.notMatch(own.text, '198.51.100.0/24')
    t.notMatch(own.text, admin.id)
    t.notMatch(own.text, changed.headers['x-request-id'])
    t.match(
      own.body.data.codes.every(({ identifier }: { identifier: string }) => identifier === phone),
      true,
    )
    t.match(
      own.body.data.events.filter(({ by }: { by: string }) => by === 'admin'),
      [{ event: 'user_updated', detail: 'user_name', network: null, request_id: null }],
    )

    const exported = await admin.get('/users/me/export')
    t.notMatch(exported.text, nobody)
    t.notMatch(exported.text, asha.id)
    t.equal(
      exported.body.data.events.filter(({ event }: { event: string }) => event === 'user_updated').length,
      2,
      'but what the admin did',
    )
  },
)

t.test('many events come in batches, each once and in order', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, phone)
  await service.database.$executeRaw`
    INSERT INTO auth_events (event, user_id, detail, happened_at)
    SELECT 'authn_login_success', ${asha.id}::uuid, 'event ' || n, now() - interval '1 hour' + (n / 7) * interval '1 ms'
    FROM generate_series(1, 1200) AS n`
  const { body } = await asha.get('/users/me/export')
  const many = body.data.events
    .map(({ detail }: { detail: string }) => detail)
    .filter((text: string) => /^event /.test(text))
  t.strictSame(
    many,
    Array.from({ length: 1200 }, (_, index) => `event ${index + 1}`),
  )
})

t.test('who is deleted meanwhile gets 401, and a failure on the way ends the answer', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, phone)
  await service.database.$executeRaw`
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; RETURN NEW; END $$`
  await service.database
    .$executeRaw`CREATE TRIGGER forget AFTER INSERT ON auth_events FOR EACH ROW WHEN (NEW.event = 'sensitive_read') EXECUTE FUNCTION forget()`
  t.match((await asha.get('/users/me/export')).body, { code: 'unauthorized' })

  await service.database.$executeRaw`DROP TRIGGER forget ON auth_events`
  const again = await join(service, phone)
  const { database } = service
  const audit = new AuditTrail({ database, eventKey: 'p' })
  const client = {
    block: '',
    neighbours: '10.0.0.0/24',
    network: '',
    requestId: nobody,
    userAgent: undefined,
    deviceToken: undefined,
    languages: [],
  }
  const pieces = await new AccountExport({ database, audit, eventKey: 'p' }).open(again.id, client)
  t.match((await pieces.next()).value, /"events":\[$/)
  await database.$executeRaw`ALTER TABLE auth_events RENAME COLUMN driver TO gone`
  await t.rejects(pieces.next(), 'no document that looks whole')
})
