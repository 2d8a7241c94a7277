// One's own sessions: the list, ending one, ending all others, and the devices that go with them.
import t from 'tap'
import { clientName } from '../../src/sessions/drafts.js'
import { startApp, type TestApp } from '../support/app.js'
import { forgetSends } from '../support/limits.js'
import { ageProofs, join, nobody } from '../users/people.js'

const path = '/users/me/sessions'
const email = 'asha@example.com'
const android =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36'

/** Signs in on a client of its own: with this header, from this address, on this device where it was there before. */
async function signInOn(service: TestApp, userAgent: string, device?: string) {
  await forgetSends(service.database)
  const options = { headers: { 'user-agent': userAgent }, remoteAddress: '203.0.113.77' }
  const body = { email, ...(device && { device_token: device }) }
  await service.post('/auth/request-otp', body, options)
  const answer = await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(email) }, options)
  const headers = { authorization: `Bearer ${answer.body.token}` }
  return {
    deviceToken: (answer.body.device_token ?? device) as string,
    get: (url: string) => service.get(url, { headers }),
    delete: (url: string) => service.ask({ method: 'DELETE', url, headers }),
  }
}
const idsIn = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map(({ id }) => id)

t.test('the list: newest first, with device and network, this one marked', async (t) => {
  const service = await startApp(t)
  const phone = await signInOn(service, android)
  const app = await signInOn(service, 'Acme/3.2.1 (com.acme.app; build:7; iOS 17.5.0)')
  await join(service, 'eve@example.com')
  const { status, body } = await phone.get(path)
  t.equal(status, 200)
  t.match(body, {
    success: true,
    data: [
      { device: /^Acme/, network: '203.0.113.0/24', current: false },
      { device: 'Chrome on Android', network: '203.0.113.0/24', current: true },
    ],
    next_cursor: null,
  })
  const [newer, older] = body.data
  t.ok(newer.created_at >= older.created_at)
  t.equal(Date.parse(older.expires_at) - Date.parse(older.created_at), 7 * 86_400_000)
  t.strictSame(
    (await app.get(path)).body.data.map(({ current }: { current: boolean }) => current),
    [true, false],
  )
  t.notMatch(
    JSON.stringify(await service.database.session.findMany()),
    /Mozilla|131\.0|203\.0\.113\.77/,
    'no more is kept',
  )
  t.notMatch(service.logged(), /Mozilla/)

  await service.database.$executeRaw`UPDATE sessions SET expires_at = now() WHERE id = ${newer.id}::uuid`
  t.strictSame(idsIn(await phone.get(path)), [older.id], 'what is over is not listed')
  await service.database.$executeRaw`
    UPDATE sessions SET expires_at = now() + interval '1 day', created_at = now() - interval '31 days' WHERE id = ${newer.id}::uuid`
  t.strictSame(idsIn(await phone.get(path)), [older.id], 'nor what has reached its longest life')
  t.equal((await service.get(path)).status, 401)
})

t.test('a mobile signup and a newcomer by email record where they are, too', async (t) => {
  const service = await startApp(t)
  const headers = { 'user-agent': android }
  const mobile_number = '9876543210'
  await service.post('/api/auth/send-otp', { mobile_number })
  const otp = service.lastCode('+919876543210')
  const { body } = await service.post('/api/auth/verify-otp', { mobile_number, otp })
  const home = { house_number: '1', street_locality: 'x', city: 'x', state: 'x', pincode: '560001' }
  const form = { mobile_number, user_name: 'Ravi', ...home, signup_token: body.signup_token }
  t.equal((await service.post('/api/auth/signup', form, { headers })).status, 201)
  await signInOn(service, 'okhttp/4.12.0')
  const sessions = await service.database.session.findMany({ orderBy: { id: 'asc' } })
  t.match(sessions, [
    { device: 'Chrome on Android', network: '127.0.0.0/24', deviceId: String },
    { device: 'okhttp', network: '203.0.113.0/24', deviceId: String },
  ])
  const devices = await service.database.device.findMany({ orderBy: { id: 'asc' } })
  t.strictSame(
    devices.map(({ id }) => id),
    sessions.map(({ deviceId }) => deviceId),
  )
})

t.test('ending one acts on the next request and takes its device along', async (t) => {
  const service = await startApp(t)
  const laptop = await signInOn(service, android)
  const lost = await signInOn(service, android)
  const again = await signInOn(service, android, laptop.deviceToken)
  const { device, session, authEvent } = service.database
  t.equal(await device.count(), 2)
  const [, lostId, laptopId] = idsIn(await again.get(path))
  t.strictSame((await again.delete(`${path}/${lostId?.toUpperCase()}`)).body, { success: true, data: { id: lostId } })
  t.equal((await lost.get('/users/me')).status, 401)
  t.equal(await device.count(), 1, 'a lost phone keeps no lane')
  t.match(await authEvent.findFirst({ where: { event: 'session_logout' } }), {
    detail: 'one of the list',
    network: '127.0.0.0/24',
  })
  t.equal((await again.delete(`${path}/${laptopId}`)).status, 200)
  t.equal(await device.count(), 1, 'the device of the session that asks stays')
  t.equal((await laptop.get('/users/me')).status, 401)
  t.equal((await again.get('/users/me')).status, 200)
  t.equal(await session.count(), 1)
})

t.test('ending the one that asks is a logout: the cookie goes', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, email)
  const [id] = idsIn(await asha.get(path))
  const answer = await service.ask({ method: 'DELETE', url: `${path}/${id}`, cookies: { jwt: asha.token } })
  t.match([answer.status, answer.cookies], [200, [{ name: 'jwt', value: '', maxAge: 0 }]])
  t.equal((await asha.get('/users/me')).status, 401)
  t.equal(await service.database.device.count(), 1)
})

t.test("another user's session is as one that is not there", async (t) => {
  const service = await startApp(t)
  const asha = await join(service, email)
  const eve = await join(service, 'eve@example.com')
  const [id] = idsIn(await asha.get(path))
  const [existing, missing] = [await eve.delete(`${path}/${id}`), await eve.delete(`${path}/${nobody}`)]
  t.match([existing.status, existing.body.code], [404, 'not_found'])
  t.equal(existing.text, missing.text)
  t.strictSame(Object.keys(existing.headers), Object.keys(missing.headers))
  t.equal((await asha.get('/users/me')).status, 200)
  t.equal(await service.database.device.count(), 2)
  t.equal(await service.database.authEvent.count({ where: { event: 'session_logout' } }), 0)
  t.match(await eve.delete(`${path}/1`), { status: 400, body: { errors: ['id must be a UUID'] } })
})

t.test('ending all others keeps this session and this device, and nobody else hears of it', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, email)
  const others = [await signInOn(service, android), await signInOn(service, android)]
  const eve = await join(service, 'eve@example.com')
  for (const query of ['?others=false', '?others=', '?others=TRUE', '?others=true&others=true', '?other=true']) {
    const { status, body } = await asha.delete(`${path}${query}`)
    t.match(
      [status, body.code, body.errors.join()],
      [400, 'validation_failed', /others must be true|other is not a known/],
      query,
    )
  }
  t.equal(await service.database.session.count(), 4)
  await ageProofs(service)
  t.strictSame((await asha.delete(`${path}?others=true`)).body, { success: true, data: { ended: 2 } })
  for (const other of others) t.equal((await other.get('/users/me')).status, 401)
  t.match(await asha.get(path), { status: 200, body: { data: [{ current: true }] } })
  const [session] = await service.database.session.findMany({ where: { userId: asha.id } })
  t.match(await service.database.device.findMany({ where: { userId: asha.id } }), [{ id: session?.deviceId }])
  t.equal((await eve.get('/users/me')).status, 200)
  t.equal(await service.database.device.count({ where: { userId: eve.id } }), 1)
  t.match(await service.database.authEvent.findFirst({ where: { event: 'session_logout' } }), {
    userId: asha.id,
    detail: 'others: 2',
  })
  t.strictSame((await asha.delete(`${path}?others=true`)).body.data, { ended: 0 })
})

t.test('without a word of others, this one ends too', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, email)
  const other = await signInOn(service, android)
  const eve = await join(service, 'eve@example.com')
  const answer = await service.ask({ method: 'DELETE', url: path, cookies: { jwt: asha.token } })
  t.match(answer, { status: 200, body: { data: { ended: 2 } }, cookies: [{ name: 'jwt', value: '', maxAge: 0 }] })
  for (const { get } of [asha, other]) t.equal((await get('/users/me')).status, 401)
  t.equal((await eve.get('/users/me')).status, 200)
})

t.test('names of clients', async (t) => {
  const safari =
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15'
  const samsung =
    'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36'
  const names: [string | undefined, string | null][] = [
    [android, 'Chrome on Android'],
    [safari, 'Safari on macOS'],
    [samsung, 'Samsung Internet on Android'],
    ['okhttp/4.12.0', 'okhttp'],
    ['Acme/12 CFNetwork/1474 Darwin/23.0.0', 'Acme'],
    ['Dart/3.5 (dart:io)', 'Dart'],
    [undefined, null],
    ['', null],
    [' ', null],
    ['<script>alert(1)</script>', null],
    [`${'x'.repeat(41)}/1`, null],
    ['Your account is locked: call +1 900 555 0100/1 x', 'Your'],
    [`a/${' '.repeat(10_000)}`, 'a'],
  ]
  for (const [header, name] of names) t.equal(clientName(header), name, String(header).slice(0, 60))
})
