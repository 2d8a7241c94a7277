// The owner's lane: strangers cannot lock the owner out, and a lane gives nobody anything at other people's identifiers.
import t from 'tap'
import { startApp, type TestApp, wrongCode } from '../support/app.js'

const phone = '+919876543210'
const body = { phonePrefix: '+91', phone: '9876543210' }

async function signIn(service: TestApp, more: object = {}, to = phone, what: object = body) {
  await service.post('/auth/request-otp', { ...what, ...more })
  return service.post('/auth/verify-otp', { ...what, ...more, otp: service.lastCode(to) })
}

/** Wrong guesses until the identifier is locked for everybody without a device. */
async function lockOut(service: TestApp) {
  await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  await service.post('/auth/request-otp', body)
  await service.post('/auth/verify-otp', { ...body, otp: wrongCode(service.lastCode(phone)) })
  await service.database.$executeRaw`UPDATE otps SET failures = 20, failures_started_at = now() WHERE lane = ''`
}

t.test('a sign-in gives the device a token, once', async (t) => {
  const service = await startApp(t)
  const first = await signIn(service)
  const { device_token } = first.body
  t.match(device_token, /^[\w-]{43}$/)
  const cookie = first.cookies.find(({ name }) => name === 'device')
  t.match(cookie, {
    value: device_token,
    httpOnly: true,
    secure: true,
    path: '/',
    sameSite: 'Lax',
    maxAge: 180 * 86_400,
  })
  const again = await signIn(service, { device_token })
  t.notOk('device_token' in again.body, 'a known device keeps its token')
  t.equal(await service.database.device.count(), 1)
  const [row] = await service.database.$queryRaw<{ text: string }[]>`SELECT devices::text AS text FROM devices`
  t.notOk(row?.text.includes(device_token), 'stored hashed')
})

t.test('strangers lock the identifier, and the owner still signs in on a device of theirs', async (t) => {
  const service = await startApp(t)
  const { device_token } = (await signIn(service)).body
  await lockOut(service)
  t.equal((await service.post('/auth/request-otp', body)).status, 429, 'strangers are locked out')
  t.equal((await signIn(service, { device_token })).status, 200, 'by the body')
  const byCookie = { cookies: { device: device_token } }
  t.equal((await service.post('/auth/request-otp', body, byCookie)).status, 200, 'by the cookie')
  const otp = service.lastCode(phone)
  t.equal((await service.post('/auth/verify-otp', { ...body, otp })).status, 401, 'a code of the lane opens only there')
  t.equal((await service.post('/auth/verify-otp', { ...body, otp }, byCookie)).status, 200)
})

t.test('the limit of a network does not hold the owner back', async (t) => {
  const service = await startApp(t, { settings: { IP_SEND_PER_HOUR: '1', IP_VERIFY_PER_10_MIN: '1' } })
  const { device_token } = (await signIn(service)).body
  t.equal((await service.post('/auth/request-otp', { email: 'a@example.com' })).status, 429)
  t.equal((await signIn(service, { device_token })).status, 200)
  t.equal(
    (await service.post('/auth/request-otp', { email: 'a@example.com', device_token })).status,
    429,
    'for theirs alone',
  )
})

t.test('a lane has its own budget of guesses, and no more', async (t) => {
  const service = await startApp(t, { settings: { OTP_MAX_SENDS_PER_HOUR: '100', OTP_MAX_SENDS_PER_DAY: '100' } })
  const { device_token } = (await signIn(service)).body
  for (let round = 0; round < 6; round++) {
    await service.post('/auth/request-otp', { ...body, device_token })
    for (let guess = 0; guess < 6; guess++) {
      await service.post('/auth/verify-otp', { ...body, device_token, otp: wrongCode(service.lastCode(phone)) })
    }
    await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
  }
  const rows = await service.database.otp.findMany({ orderBy: { lane: 'asc' } })
  t.match(rows, [{ lane: '', failures: 0 }, { failures: 20 }])
  t.equal((await service.post('/auth/request-otp', { ...body, device_token })).status, 429)
})

t.test('forged, foreign, ended and former devices are strangers', async (t) => {
  const service = await startApp(t)
  const owner = (await signIn(service)).body
  const other = (await signIn(service, {}, 'other@example.com', { email: 'other@example.com' })).body
  await lockOut(service)
  const send = (device_token: unknown) => service.post('/auth/request-otp', { ...body, device_token })
  t.equal((await send(other.device_token)).status, 429, 'a device of somebody else')
  t.equal((await send(`${owner.device_token}x`)).status, 429, 'a changed token')
  t.equal((await send('')).status, 429, 'an empty one')
  t.equal((await send(owner.token)).status, 400, 'a session token is too long to be one')
  t.equal((await send(owner.user.id)).status, 429, 'an id is no secret, and no token')
  t.equal((await send(1)).status, 400)

  const strangers = async (name: string) => {
    t.equal((await send(owner.device_token)).status, 429, name)
  }
  await service.database.$executeRaw`UPDATE devices SET expires_at = now()`
  await strangers('an expired device')
  await service.database.$executeRaw`UPDATE devices SET expires_at = now() + interval '1 day'`
  await service.database.user.update({ where: { id: owner.user.id }, data: { disabledAt: new Date() } })
  await strangers('a device of a disabled account')
  const moved = { phone: '+919123456789', disabledAt: null }
  await service.database.user.update({ where: { id: owner.user.id }, data: moved })
  await strangers('a device of a former holder of the number')
  await service.database.user.delete({ where: { id: owner.user.id } })
  t.equal(await service.database.device.count(), 1, 'deletion ends the devices')
})

t.test('ten devices, and the one used longest ago gives way', async (t) => {
  const service = await startApp(t, { settings: { OTP_MAX_SENDS_PER_HOUR: '100', OTP_MAX_SENDS_PER_DAY: '100' } })
  const tokens: string[] = []
  for (let device = 0; device < 10; device++) tokens.push((await signIn(service)).body.device_token)
  await signIn(service, { device_token: tokens[0] })
  t.equal(await service.database.device.count(), 10)
  await signIn(service)
  t.equal(await service.database.device.count(), 10)
  await lockOut(service)
  const send = (device_token = '') => service.post('/auth/request-otp', { ...body, device_token })
  t.equal((await send(tokens[0])).status, 200, 'used again: it stays')
  t.equal((await send(tokens[1])).status, 429, 'the oldest went')
})

t.test('signing up remembers the device too', async (t) => {
  const service = await startApp(t)
  const mobile_number = '9876543210'
  await service.post('/api/auth/send-otp', { mobile_number })
  const { signup_token } = (await service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode(phone) }))
    .body
  const address = {
    house_number: '1',
    street_locality: 'MG Road',
    city: 'Bengaluru',
    state: 'Karnataka',
    pincode: '560001',
  }
  const created = await service.post('/api/auth/signup', { mobile_number, user_name: 'Asha', ...address, signup_token })
  const { device_token } = created.body
  t.match(created.cookies.map(({ name }) => name).sort(), ['device', 'jwt', 'signup'])
  await lockOut(service)
  await service.post('/api/auth/send-otp', { mobile_number, device_token })
  const otp = service.lastCode(phone)
  t.match(await service.post('/api/auth/verify-otp', { mobile_number, otp, device_token }), {
    status: 200,
    body: { isNewUser: false },
  })
})
