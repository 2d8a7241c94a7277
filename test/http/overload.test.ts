// Overload: what is refused before it is read, what never is, and that those who were let in are answered. The lateness of the event loop
// is told by hand, and the database is held by a lock.
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Client } from 'pg'
import t from 'tap'
import { Admission } from '../../src/http/admission.js'
import { passkeySettings } from '../passkeys/passkey-people.js'
import { startApp, type TestApp } from '../support/app.js'
import { join } from '../users/people.js'

const shedding = { LOAD_SHEDDING: 'on' }

function startAdmission() {
  let now = 0
  const admission = new Admission({ now: () => now })
  /** so many looks, each so many milliseconds late */
  const look = (count: number, late: number) => {
    for (let left = count; left > 0; left -= 1) {
      now += 100 + late
      admission.look()
    }
  }
  const admitted = (urgency: 'first' | 'last', of = 100) =>
    Array.from({ length: of }, () => admission.admits(urgency)).filter(Boolean).length
  return { admission, look, admitted }
}

t.test('a pause changes nothing; a loop that stays late lets in less and less, sends first', async (t) => {
  const { admission, look, admitted } = startAdmission()
  look(2, 2_000)
  look(5, 0)
  t.strictSame([admitted('first'), admitted('last')], [100, 100])
  look(3, 250)
  t.ok(Math.abs(admitted('first') - 73) <= 1, 'ten, and 70 % of the rest')
  look(2, 250)
  t.ok(admitted('first') <= 42)
  t.equal(admitted('last'), 100, 'whoever holds a code is let in')
  look(3, 550)
  t.ok(Math.abs(admitted('last') - 73) <= 1)
  look(100, 550)
  t.ok(Math.abs(admitted('first', 1_000) - 158) <= 1, 'never nothing: its end must be seen')
  t.ok(Math.abs(admitted('last', 1_000) - 307) <= 1)
  look(30, 0)
  t.strictSame([admission.share('first'), admission.share('last')], [1, 1])
})

t.test('it looks by itself, and stops', async (t) => {
  const admission = new Admission({ now: () => performance.now() })
  let looks = 0
  admission.look = () => {
    looks += 1
  }
  admission.start()
  while (looks === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  admission.stop()
  const before = looks
  await new Promise((resolve) => setTimeout(resolve, 220))
  t.equal(looks, before)
})

/** Two of them under way, and so many waiting: each is somebody else's. */
const senders = (service: TestApp, count: number) =>
  Array.from({ length: count }, (_, index) =>
    service.post('/auth/request-otp', { phonePrefix: '+91', phone: `98765${String(40000 + index)}` }),
  )

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const sampleOf = async (service: TestApp, sample: string) => {
  const { text } = await service.get('/metrics')
  const line = text.split('\n').find((line) => line.startsWith(`${sample} `))
  return Number(line?.slice(sample.length) ?? 0)
}

t.test('where the queue for the database is full, sends are refused unread, and nothing else is', async (t) => {
  const service = await startApp(t, { settings: shedding })
  const phone = { phonePrefix: '+91', phone: '9876543210' }
  await service.post('/auth/request-otp', phone)
  const { watch } = service.database
  t.equal(watch.isFull('send_code'), false)
  watch.isFull = (name) => name === 'send_code'
  const refused = await service.ask({
    method: 'POST',
    url: '/api/auth/send-otp',
    // Not even JSON: it is not read.
    payload: '{',
    headers: { 'content-type': 'application/json', origin: 'https://app.example.com' },
  })
  t.match(refused, { status: 503, body: { code: 'service_unavailable', success: false, retry_after: Number } })
  t.match(refused.headers, { 'retry-after': /^[1-5]$/, 'x-request-id': String, 'cache-control': 'no-store' })
  const again = await service.post('/auth/request-otp', phone)
  t.not(again.headers['retry-after'], refused.headers['retry-after'], 'they do not come back at once')
  t.equal((await service.get('/health/live')).status, 200)
  t.equal((await service.get('/auth/phone-prefixes')).status, 200)
  const wrong = await service.post('/auth/verify-otp', { ...phone, otp: '000000' })
  t.equal(wrong.status, 401, 'whoever holds a code is heard')
  t.equal(await sampleOf(service, 'latchkey_shed_requests_total{urgency="first",reason="queue"}'), 2)
  t.equal(service.logged().match(/overloaded: requests are refused/g)?.length, 1)
  t.notMatch(service.logged(), /"route":"\/api\/auth\/send-otp"/, 'a line for many, none for each')
})

t.test('passkeys give way in the same order: what asks for a challenge before what answers one', async (t) => {
  const service = await startApp(t, { settings: { ...shedding, ...passkeySettings } })
  const person = await join(service, 'asha@example.com')
  service.database.watch.isFull = () => true
  for (const path of ['/auth/passkeys/authentication', '/auth/passkeys/registration', '/users/me/step-up/passkey']) {
    t.match(await person.post(`${path}/options`), { status: 503, body: { code: 'service_unavailable' } }, path)
    const verified = await person.post(`${path}/verify`, {})
    t.equal(verified.status, 400, `${path}: who holds a challenge is heard`)
  }
  t.equal((await person.get('/users/me/passkeys')).status, 200)
})

t.test('a database that hangs fills the queue, and empties it again', async (t) => {
  const service = await startApp(t, { settings: shedding })
  const { watch } = service.database
  const held = await hold(service, 'country_breakers')
  const waiting = senders(service, 40)
  await until(() => watch.isFull('send_code'))
  watch.refusesEarly = false
  t.equal(watch.isFull('send_code'), false, 'without the setting they wait as before')
  watch.refusesEarly = true
  await held.release()
  // Those who hung for longer than locks are waited for get 503, too.
  t.ok((await Promise.all(waiting)).every(({ status }) => [200, 503].includes(status)))
  t.equal(watch.isFull('send_code'), false)
  t.equal((await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543299' })).status, 200)
})

t.test('sends that are still being read count, however they end', async (t) => {
  const service = await startApp(t, { settings: shedding })
  const seen: number[] = []
  service.database.watch.isFull = (_name, coming = 0) => {
    seen.push(coming)
    return false
  }
  const url = '/auth/request-otp'
  const headers = { 'content-type': 'application/json' }
  await Promise.all([0, 1].map(() => service.ask({ method: 'POST', url, payload: '{', headers })))
  t.strictSame(seen, [0, 1])
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const sockets: Socket[] = []
  service.app.server.on('connection', (one: Socket) => sockets.push(one))
  const head = `POST ${url} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n`
  const socket = connect(port, '127.0.0.1')
  socket.write(`${head}{`)
  await until(() => seen.length === 3)
  await new Promise((resolve) => setImmediate(resolve))
  await service.post(url, { phonePrefix: '+91', phone: '9876543210' })
  t.equal(seen.at(-1), 0, 'whoever keeps a body back takes nobody’s room')
  const gone = once(sockets[0] as Socket, 'close')
  socket.destroy()
  await gone
  await service.post(url, { phonePrefix: '+91', phone: '9876543211' })
  t.equal(seen.at(-1), 0, 'nor gives any back twice')
})

t.test('one that is all there counts for as long as it takes to the queue', async (t) => {
  const service = await startApp(t, { settings: shedding })
  const { token } = await join(service, 'asha@example.com')
  const seen: number[] = []
  service.database.watch.isFull = (_name, coming = 0) => {
    seen.push(coming)
    return false
  }
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const held = await hold(service, 'sessions')
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const stepping = fetch(`http://127.0.0.1:${port}/users/me/step-up`, { method: 'POST', headers, body: '{}' })
  await until(() => seen.length === 1)
  await new Promise((resolve) => setImmediate(resolve))
  await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '9876543210' })
  t.strictSame(seen, [0, 1])
  await held.release()
  t.equal((await stepping).status, 200)
})

t.test('where the event loop stays late, also the rest gives way, and never probes and metrics', async (t) => {
  const original = Admission.prototype.admits
  t.teardown(() => {
    Admission.prototype.admits = original
  })
  Admission.prototype.admits = () => false
  const service = await startApp(t, { settings: { ...shedding, CORS_ORIGINS: 'https://app.example.com' } })
  const refused = await service.get('/api/auth/me', { headers: { origin: 'https://app.example.com' } })
  t.match(refused, { status: 503, headers: { 'access-control-allow-origin': 'https://app.example.com' } })
  t.equal((await service.get('/health/live')).status, 200)
  t.equal((await service.get('/health/ready')).status, 200)
  for (const url of ['/auth/phone-prefixes', '/.well-known/jwks.json', '/openapi.json'])
    t.equal((await service.get(url)).status, 200, `${url} costs no more than a refusal`)
  t.equal(await sampleOf(service, 'latchkey_shed_requests_total{urgency="last",reason="event_loop"}'), 1)
})

/** Lets nobody at a table until `release` (no send is decided without that of the breakers): calls hang, as on a database that has come to its end. For less than locks are waited for. */
async function hold(service: TestApp, table: string) {
  const client = new Client(service.config.database.url)
  await client.connect()
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  return { release: () => client.end() }
}
