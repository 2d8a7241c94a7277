// The mobile flow as its users see it: every answer of the contract, to the letter.
import t from 'tap'
import { startApp, type TestApp, wrongCode } from '../support/app.js'

const mobile_number = '9876543210'
const phone = '+919876543210'
const form = {
  mobile_number,
  user_name: 'Asha Rao',
  house_number: '12B',
  street_locality: 'MG Road',
  city: 'Bengaluru',
  state: 'Karnataka',
  pincode: '560001',
}
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

async function prove(service: TestApp) {
  await service.post('/api/auth/send-otp', { mobile_number })
  return service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode(phone) })
}

async function signUp(service: TestApp) {
  const { body } = await prove(service)
  return service.post('/api/auth/signup', { ...form, signup_token: body.signup_token })
}

t.test('a newcomer proves the number, signs up, and is known from then on', async (t) => {
  const service = await startApp(t)

  const sent = await service.post('/api/auth/send-otp', { mobile_number, mode: 'signup' })
  t.strictSame(
    [sent.status, sent.body],
    [200, { success: true, message: 'OTP sent successfully', expires_in: 300, resend_after: 30, attempts_allowed: 5 }],
  )

  const verified = await service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode(phone) })
  const { signup_token, ...rest } = verified.body
  t.equal(verified.status, 200)
  t.strictSame(rest, {
    success: true,
    isNewUser: true,
    message: 'User not found, please proceed to signup',
    mobile_number,
  })
  t.match(signup_token, /^[\w-]{43}$/, 'a ticket of 256 bits')
  t.match(verified.cookies, [
    {
      name: 'signup',
      value: signup_token,
      path: '/api/auth',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      maxAge: 600,
    },
  ])
  t.equal(verified.cookies.length, 1, 'no session before the signup')

  const created = await service.post('/api/auth/signup', form, { cookies: { signup: signup_token } })
  t.equal(created.status, 201)
  t.match(created.body, {
    success: true,
    user: { id: uuidV7, user_name: 'Asha Rao', mobile_number, phone, email: null, role: 'USER' },
    address: { id: uuidV7, type: 'Home', house_number: '12B', pincode: '560001', country: 'IN', is_default: true },
    token: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  })
  const cookie = created.cookies.find(({ name }) => name === 'jwt')
  t.match(cookie, {
    value: created.body.token,
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Lax',
    maxAge: 604_800,
  })
  t.notOk(cookie?.['domain'], 'no domain: the cookie stays with this host')
  t.match(
    created.cookies.find(({ name }) => name === 'signup'),
    { value: '', maxAge: 0 },
    'the ticket is gone',
  )

  const again = await prove(service)
  t.match(
    [again.status, again.body],
    [200, { success: true, isNewUser: false, user: created.body.user, token: String }],
  )
  t.match(again.cookies, [{ name: 'jwt', value: again.body.token }])
})

t.test('me', async (t) => {
  const service = await startApp(t)
  const { body } = await signUp(service)
  const { token, user, address } = body
  const expected = { success: true, data: { ...user, addresses: [address] } }

  const byBearer = await service.get('/api/auth/me', { headers: { authorization: `Bearer ${token}` } })
  t.strictSame([byBearer.status, byBearer.body], [200, expected])
  t.strictSame((await service.get('/api/auth/me', { cookies: { jwt: token } })).body, expected, 'by cookie')

  const both = { cookies: { jwt: token }, headers: { authorization: 'Bearer of.another.person' } }
  t.equal((await service.get('/api/auth/me', both)).status, 401, 'Bearer wins over the cookie')
  const nobody = await service.get('/api/auth/me')
  t.match([nobody.status, nobody.body.code], [401, 'unauthorized'])
  t.equal(nobody.headers['www-authenticate'], 'Bearer realm="latchkey"', 'RFC 6750 §3.1: no error where no token came')
  const stale = await service.get('/api/auth/me', { cookies: { jwt: 'of.another.person' } })
  t.equal(stale.headers['www-authenticate'], 'Bearer realm="latchkey", error="invalid_token"')
})

t.test('logout ends the session in the database, and is the same without one', async (t) => {
  const service = await startApp(t)
  const { token } = (await signUp(service)).body
  const loggedOut = { success: true, message: 'Logged out successfully' }

  const answer = await service.post('/api/auth/logout', undefined, {
    cookies: { jwt: token },
    headers: { 'content-type': 'application/json' },
  })
  t.strictSame([answer.status, answer.body], [200, loggedOut])
  const cleared = answer.cookies.find(({ name }) => name === 'jwt')
  t.match(cleared, { value: '', maxAge: 0, path: '/', httpOnly: true, secure: true, sameSite: 'Lax' })
  t.equal(await service.database.session.count(), 0)
  t.equal((await service.get('/api/auth/me', { cookies: { jwt: token } })).status, 401, 'the token is worth nothing')
  for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: 'Bearer junk' }]) {
    t.strictSame((await service.post('/api/auth/logout', undefined, { headers })).body, loggedOut)
  }
})

t.test('refresh gives a new token of the same session', async (t) => {
  const service = await startApp(t)
  const { token, user } = (await signUp(service)).body
  const answer = await service.post('/api/auth/refresh', undefined, { headers: { authorization: `Bearer ${token}` } })
  t.match([answer.status, answer.body], [200, { success: true, token: String }])
  t.not(answer.body.token, token)
  t.match(answer.cookies, [{ name: 'jwt', value: answer.body.token }])
  t.equal(await service.database.session.count(), 1)
  t.equal((await service.get('/api/auth/me', { cookies: { jwt: answer.body.token } })).body.data.id, user.id)
  await service.post('/api/auth/logout', undefined, { cookies: { jwt: answer.body.token } })
  t.equal((await service.post('/api/auth/refresh', undefined, { cookies: { jwt: token } })).status, 401)
  t.equal((await service.post('/api/auth/refresh')).status, 401)
})

t.test('logout ends every session whose token came along', async (t) => {
  const service = await startApp(t)
  const first = (await signUp(service)).body.token
  const second = (await prove(service)).body.token
  const both = { cookies: { jwt: second }, headers: { authorization: `Bearer ${first}` } }
  t.equal((await service.post('/api/auth/logout', undefined, both)).status, 200)
  t.equal(await service.database.session.count(), 0)
})

t.test('login mode tells who has no account, and sends nothing', async (t) => {
  const service = await startApp(t)
  const unknown = await service.post('/api/auth/send-otp', { mobile_number, mode: 'login' })
  t.equal(unknown.status, 404)
  t.match(unknown.body, {
    success: false,
    errors: ['Account not found'],
    needs_signup: true,
    code: 'account_not_found',
    status: 404,
  })
  t.equal(service.messages.length, 0)
  t.equal(await service.database.otp.count(), 0)

  await signUp(service)
  const known = await service.post('/api/auth/send-otp', { mobile_number, mode: 'login' })
  t.equal(known.status, 200)
  t.equal(service.messages.length, 2)
})

t.test('signup mode on a known number sends the code all the same, and it signs in', async (t) => {
  const service = await startApp(t)
  await signUp(service)
  t.equal((await service.post('/api/auth/send-otp', { mobile_number, mode: 'signup' })).status, 200)
  const { body } = await service.post('/api/auth/verify-otp', { mobile_number, otp: service.lastCode(phone) })
  t.equal(body.isNewUser, false)
})

t.test('a number that is none', async (t) => {
  const service = await startApp(t)
  const numbers = [
    '12345',
    '98765432101',
    'abcdefghij',
    '1234567890',
    '+447400123456',
    '+1919876543210',
    '',
    '98765 4321x',
    '9876543210;ext=5',
  ]
  for (const number of [...numbers, undefined, 9876543210, null, ['9876543210']]) {
    for (const [url, body] of Object.entries({ 'send-otp': {}, 'verify-otp': { otp: '123456' }, signup: form })) {
      const answer = await service.post(`/api/auth/${url}`, { ...body, mobile_number: number })
      const seen = [answer.status, answer.body.success, answer.body.errors]
      t.strictSame(
        seen,
        [400, false, ['Valid 10-digit mobile number is required']],
        `${url}: ${JSON.stringify(number)}`,
      )
    }
  }
  t.equal(await service.database.otp.count(), 0)
})

t.test('spellings of one number are one number', async (t) => {
  const service = await startApp(t)
  t.equal((await service.post('/api/auth/send-otp', { mobile_number: '098765 43210' })).status, 200)
  for (const spelling of ['9876543210', '(98765)-43210', '98765-43210', '0 98765 43210']) {
    t.equal((await service.post('/api/auth/send-otp', { mobile_number: spelling })).status, 429, spelling)
  }
  t.equal((await service.post('/auth/request-otp', { phonePrefix: '+91', phone: '98765 43210' })).status, 429)
  const otp = service.lastCode(phone)
  t.equal((await service.post('/api/auth/verify-otp', { mobile_number: '98765.43210', otp })).status, 200)
})

t.test('a wrong code', async (t) => {
  const service = await startApp(t)
  await service.post('/api/auth/send-otp', { mobile_number })
  const right = service.lastCode(phone)
  const wrong = await service.post('/api/auth/verify-otp', { mobile_number, otp: wrongCode(right) })
  const never = await service.post('/api/auth/verify-otp', { mobile_number: '9123456789', otp: right })
  t.match([wrong.status, wrong.body.code, wrong.body.errors], [401, 'otp_invalid', ['Invalid or expired OTP']])
  t.equal(wrong.text, never.text, 'wrong and never sent are the same bytes')
  for (const otp of [
    '12345',
    '1234567',
    '',
    '12345a',
    '123 45',
    '1234\n56',
    '+123456',
    '①②③④⑤⑥',
    123456,
    null,
    ['123456'],
    { $ne: 1 },
  ]) {
    t.equal((await service.post('/api/auth/verify-otp', { mobile_number, otp })).status, 400, JSON.stringify(otp))
  }
  t.match(await service.database.otp.findFirst(), { attempts: 1 }, 'what cannot be a code is no guess')
  t.equal((await service.post('/api/auth/verify-otp', { mobile_number, otp: right })).status, 200)
})

t.test('signup asks for the proof of this very number', async (t) => {
  const service = await startApp(t)
  const { signup_token } = (await prove(service)).body
  const attempts = {
    'no ticket': form,
    'a ticket of another number': { ...form, mobile_number: '9123456789', signup_token },
    'a made-up ticket': { ...form, signup_token: `${signup_token.slice(0, -2)}xx` },
    'an empty ticket': { ...form, signup_token: '' },
    'a code as ticket': { ...form, signup_token: service.lastCode(phone) },
  }
  for (const [name, payload] of Object.entries(attempts)) {
    const answer = await service.post('/api/auth/signup', payload)
    t.match([answer.status, answer.body.code], [403, 'verification_required'], name)
  }
  t.equal(await service.database.user.count(), 0)

  const bad = await service.post('/api/auth/signup', { ...form, pincode: '12', city: '  ', signup_token })
  t.equal(bad.status, 400)
  t.strictSame(bad.body.errors.sort(), [
    'city must be 1 to 200 characters, without control characters',
    'pincode must be 6 digits',
  ])
  const withBodyAndCookie = { cookies: { signup: 'the body wins over this' } }
  const created = await service.post('/api/auth/signup', { ...form, signup_token }, withBodyAndCookie)
  t.equal(created.status, 201, 'a form that failed has not burnt the ticket')
  const replay = await service.post('/api/auth/signup', { ...form, signup_token })
  t.match([replay.status, replay.body.code], [403, 'verification_required'], 'a ticket is good once')
  t.equal(await service.database.user.count(), 1)
})

t.test('an empty form is told every field at once', async (t) => {
  const service = await startApp(t)
  const { body } = await service.post('/api/auth/signup', {})
  t.strictSame(body.errors, [
    'Valid 10-digit mobile number is required',
    'user_name is required',
    'house_number is required',
    'street_locality is required',
    'city is required',
    'state is required',
    'pincode is required',
  ])
})

t.test('an expired ticket is no proof', async (t) => {
  const service = await startApp(t)
  const { signup_token } = (await prove(service)).body
  await service.database.$executeRaw`UPDATE signup_tickets SET expires_at = now() - interval '1 second'`
  const answer = await service.post('/api/auth/signup', { ...form, signup_token })
  t.match([answer.status, answer.body.code], [403, 'verification_required'])
})

t.test('a session token is no ticket', async (t) => {
  const service = await startApp(t)
  const { token } = (await signUp(service)).body
  await service.database.user.deleteMany()
  const answer = await service.post('/api/auth/signup', { ...form, signup_token: token })
  t.match([answer.status, answer.body.code], [403, 'verification_required'])
})

t.test('a number that has got an account meanwhile', async (t) => {
  const service = await startApp(t)
  const { signup_token } = (await prove(service)).body
  await service.post('/auth/request-otp', { phonePrefix: '+91', phone: mobile_number })
  const first = await service.post('/auth/verify-otp', {
    phonePrefix: '+91',
    phone: mobile_number,
    otp: service.lastCode(phone),
  })
  t.equal(first.body.isNewUser, true)
  const late = await service.post('/api/auth/signup', { ...form, signup_token })
  t.match([late.status, late.body.code], [409, 'already_registered'])
  t.strictSame(late.cookies, [])
  t.match(await service.database.user.findMany(), [{ userName: null }], 'nothing was taken over')
  t.equal(await service.database.address.count(), 0)
})

t.test('texts are trimmed, and unknown fields are refused', async (t) => {
  const service = await startApp(t)
  const { signup_token } = (await prove(service)).body
  for (const extra of [{ role: 'ADMIN' }, { id: 'x' }, { email: 'a@example.com' }, { is_verified: true }]) {
    const answer = await service.post('/api/auth/signup', { ...form, ...extra, signup_token })
    t.strictSame([answer.status, answer.body.errors], [400, [`${Object.keys(extra)[0]} is not a known field`]])
  }
  const long = await service.post('/api/auth/signup', { ...form, user_name: 'x'.repeat(201), signup_token })
  t.strictSame(long.body.errors, ['user_name must be 1 to 200 characters, without control characters'])
  const name = `${'ಅ'.repeat(200)}`
  const created = await service.post('/api/auth/signup', { ...form, user_name: `  ${name} `, signup_token })
  t.match([created.status, created.body.user.user_name], [201, name])
})

t.test('with OTP_ECHO the code is in the answer', async (t) => {
  const service = await startApp(t, { settings: { OTP_ECHO: 'true' } })
  const { body } = await service.post('/api/auth/send-otp', { mobile_number })
  t.equal(body.otp, service.lastCode(phone))
  const byMail = await service.post('/auth/request-otp', { email: 'asha@example.com' })
  t.equal(byMail.body.otp, service.lastCode('asha@example.com'))
})

t.test('a disabled account does not get in, and its sessions end', async (t) => {
  const service = await startApp(t)
  const { token } = (await signUp(service)).body
  await service.database.user.updateMany({ data: { disabledAt: new Date() } })
  t.equal((await service.get('/api/auth/me', { cookies: { jwt: token } })).status, 401)
  const answer = await prove(service)
  t.match([answer.status, answer.body.code], [403, 'forbidden'])
  t.strictSame(answer.cookies, [])
})

t.test('in another country the form asks for what posts there use', async (t) => {
  const service = await startApp(t, { settings: { DEFAULT_COUNTRY: 'US', SMS_COUNTRIES: 'US,CA' } })
  const mobile = { mobile_number: '(202) 555-0123' }
  await service.post('/api/auth/send-otp', mobile)
  const otp = service.lastCode('+12025550123')
  const { body } = await service.post('/api/auth/verify-otp', { ...mobile, otp })
  t.equal(body.mobile_number, '2025550123')
  const american = { ...form, ...mobile, signup_token: body.signup_token }
  const wrong = await service.post('/api/auth/signup', { ...american, pincode: '!' })
  t.strictSame(wrong.body.errors, ['pincode must be a postal code of US'])
  const created = await service.post('/api/auth/signup', { ...american, pincode: '94103-1234' })
  t.match([created.status, created.body.address.country], [201, 'US'])
})
