// The identifier flow as its users see it, by phone and by email.
import t from 'tap'
import { startApp, wrongCode } from '../support/app.js'

const ways = [
  { name: 'phone', body: { phonePrefix: '+91', phone: '9876543210' }, to: '+919876543210' },
  { name: 'email', body: { email: 'Asha@Example.com' }, to: 'asha@example.com' },
]

for (const { name, body, to } of ways) {
  t.test(`by ${name}: the first sign-in makes the account, the second finds it`, async (t) => {
    const service = await startApp(t)
    const sent = await service.post('/auth/request-otp', body)
    t.strictSame(
      [sent.status, sent.body],
      [200, { message: 'OTP sent', expires_in: 300, resend_after: 30, attempts_allowed: 5 }],
    )
    const first = await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(to) })
    t.match([first.status, first.body.isNewUser, first.body.user[name]], [200, true, to])
    t.equal(first.body.user.mobile_number, name === 'phone' ? '9876543210' : null)
    t.match(first.cookies, [{ name: 'jwt', value: first.body.token, httpOnly: true, path: '/', sameSite: 'Lax' }])

    await service.post('/auth/request-otp', body)
    const second = await service.post('/auth/verify-otp', { ...body, otp: service.lastCode(to) })
    t.strictSame([second.body.isNewUser, second.body.user], [false, first.body.user])
    t.equal(await service.database.user.count(), 1)

    const me = await service.get('/api/auth/me', { headers: { authorization: `Bearer ${second.body.token}` } })
    t.strictSame(me.body.data, { ...first.body.user, addresses: [] })
  })

  t.test(`by ${name}: a code is used once, and a resend is the same code`, async (t) => {
    const service = await startApp(t, { settings: { OTP_RESEND_COOLDOWN: '1' } })
    await service.post('/auth/request-otp', body)
    const old = service.lastCode(to)
    await service.database.$executeRaw`UPDATE otps SET resend_at = now()`
    await service.post('/auth/request-otp', body)
    const otp = service.lastCode(to)
    t.equal(otp, old)
    t.equal((await service.post('/auth/verify-otp', { ...body, otp })).status, 200)
    const used = await service.post('/auth/verify-otp', { ...body, otp })
    t.match([used.status, used.body.code], [401, 'otp_invalid'])
    t.match(await service.database.otp.findFirst(), { codeHash: null }, 'the digest of a used code is erased')
  })

  t.test(`by ${name}: wrong, expired, used, locked and never-sent codes are one answer`, async (t) => {
    const service = await startApp(t)
    const guess = (otp: string) => service.post('/auth/verify-otp', { ...body, otp })
    const never = await guess('123456')
    await service.post('/auth/request-otp', body)
    const right = service.lastCode(to)
    const wrong = await guess(wrongCode(right))
    await service.database.$executeRaw`UPDATE otps SET expires_at = now()`
    const expired = await guess(right)
    await service.database.$executeRaw`UPDATE otps SET expires_at = now() + interval '1 minute', failures = 20`
    const locked = await guess(right)
    await service.database.$executeRaw`UPDATE otps SET failures = 0, attempts = 5`
    const exhausted = await guess(right)
    await service.database.$executeRaw`UPDATE otps SET attempts = 0`
    t.equal((await guess(right)).status, 200)
    const used = await guess(right)
    for (const answer of [never, wrong, expired, locked, exhausted, used]) {
      t.strictSame([answer.status, answer.text], [401, never.text])
      const { 'x-request-id': _, date: __, ...headers } = answer.headers
      const { 'x-request-id': ___, date: ____, ...expected } = never.headers
      t.strictSame(headers, expected)
    }
  })
}

t.test('a code of one flow works in the other', async (t) => {
  const service = await startApp(t)
  await service.post('/api/auth/send-otp', { mobile_number: '9876543210' })
  const otp = service.lastCode('+919876543210')
  const answer = await service.post('/auth/verify-otp', { phonePrefix: '+91', phone: '98765-43210', otp })
  t.match([answer.status, answer.body.isNewUser], [200, true])
})

t.test('what is no identifier names the field at fault', async (t) => {
  const service = await startApp(t)
  const cases: [object, string, string][] = [
    [{}, 'validation_failed', 'Give either phonePrefix and phone, or email'],
    [
      { email: 'a@example.com', phone: '9876543210' },
      'validation_failed',
      'Give either phonePrefix and phone, or email',
    ],
    [{ phone: '9876543210' }, 'validation_failed', 'phonePrefix is required with phone'],
    [{ phonePrefix: '+91' }, 'validation_failed', 'phone is required with phonePrefix'],
    [
      { phonePrefix: '+9', phone: '9876543210' },
      'validation_failed',
      'phonePrefix must be the calling prefix of a country, such as +91',
    ],
    [
      { phonePrefix: '+91', phone: '98765' },
      'validation_failed',
      'phone must be a valid phone number of that phonePrefix',
    ],
    [
      { phonePrefix: '+1', phone: '+919876543210' },
      'validation_failed',
      'phone must be a valid phone number of that phonePrefix',
    ],
    [
      { phonePrefix: '+44', phone: '7911123456' },
      'country_not_supported',
      'phonePrefix is of a country that is not supported here',
    ],
    [{ phonePrefix: '+91', phone: '1123456789' }, 'number_type_not_supported', 'phone must be a mobile number'],
    [{ email: 'nobody' }, 'validation_failed', 'email must be a valid email address'],
    [{ phonePrefix: '+91', phone: '9'.repeat(65) }, 'validation_failed', 'phone must be at most 64 characters'],
    [
      { email: 'asha.राव@example.com' },
      'validation_failed',
      'email must have nothing but ASCII characters before the @',
    ],
    [{ email: 5 }, 'validation_failed', 'email must be a string'],
    [{ email: 'a@example.com', x: 1 }, 'validation_failed', 'x is not a known field'],
  ]
  for (const [body, code, line] of cases) {
    for (const [url, payload] of [['request', body] as const, ['verify', { ...body, otp: '123456' }] as const]) {
      const answer = await service.post(`/auth/${url}-otp`, payload)
      t.strictSame([answer.status, answer.body.code, answer.body.errors], [400, code, [line]], JSON.stringify(payload))
    }
  }
  t.equal(await service.database.otp.count(), 0)
  t.equal(service.messages.length, 0)
})

t.test('a channel that is off is refused', async (t) => {
  const service = await startApp(t, { settings: { CHANNELS: 'sms' } })
  const answer = await service.post('/auth/request-otp', { email: 'a@example.com' })
  t.strictSame([answer.status, answer.body.errors], [400, ['email is not accepted here']])
  t.equal(await service.database.otp.count(), 0)
})

t.test('without SMS there is no country to pick', async (t) => {
  const service = await startApp(t, { settings: { CHANNELS: 'email' } })
  t.strictSame((await service.get('/auth/phone-prefixes')).body, [])
})

t.test('phone prefixes: allowed countries, names in the language of the request, cacheable', async (t) => {
  const service = await startApp(t, { settings: { SMS_COUNTRIES: 'IN,DE' } })
  const answer = await service.get('/auth/phone-prefixes', { headers: { 'accept-language': 'de-AT, en;q=0.5' } })
  t.strictSame(answer.body, [
    { country: 'DE', name: 'Deutschland', prefix: '+49', flag: '🇩🇪', example: '15123456789' },
    { country: 'IN', name: 'Indien', prefix: '+91', flag: '🇮🇳', example: '8123456789' },
  ])
  t.match(answer.headers, {
    'cache-control': 'public, max-age=3600',
    vary: 'Origin, accept-language',
    etag: /^"[\w-]+"$/,
  })
  const etag = String(answer.headers['etag'])
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const headers = { 'accept-language': 'de-AT', 'if-none-match': tag }
    const unchanged = await service.get('/auth/phone-prefixes', { headers })
    t.match(unchanged, { status: 304, text: '' }, tag)
    t.notOk(
      unchanged.headers['content-type'] ?? unchanged.headers['content-length'],
      'nothing of a body (RFC 9110 §8.6)',
    )
  }
  t.not((await service.get('/auth/phone-prefixes')).headers['etag'], etag)
  for (const language of ['not a language', '*', 'xx-invalid-----', 'x'.repeat(3000)]) {
    const { status, body } = await service.get('/auth/phone-prefixes', { headers: { 'accept-language': language } })
    t.match([status, body[0].name], [200, 'Germany'], 'the default language')
  }
})
