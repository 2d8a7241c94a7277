// What people type and paste, through the API: the same in both flows, and no guess or send is lost over it.
import t from 'tap'
import { type Answer, startApp } from '../support/app.js'
import { openApi } from '../support/document.js'
import { forgetSends } from '../support/limits.js'
import { join, joinAsAdmin } from '../users/people.js'

const inDevanagari = (text: string) => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0x966 + Number(digit)))
const grouped = (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`

t.test('a code in other digits, in groups, between marks', async (t) => {
  const service = await startApp(t)
  const phone = '+919876543210'
  const typings: ((code: string) => string)[] = [
    grouped,
    inDevanagari,
    (code) => `${code.slice(0, 3)}-${code.slice(3)}`,
    (code) => `\u202a${code}\u202c\n`,
  ]
  for (const typed of typings) {
    for (const [send, verify, body] of [
      ['/api/auth/send-otp', '/api/auth/verify-otp', { mobile_number: '9876543210' }],
      ['/auth/request-otp', '/auth/verify-otp', { phonePrefix: '+91', phone: '9876543210' }],
    ] as const) {
      await forgetSends(service.database)
      await service.post(send, body)
      const code = service.lastCode(phone)
      t.equal((await service.post(verify, { ...body, otp: Number(code) })).status, 400)
      t.equal((await service.post(verify, { ...body, otp: typed(code) })).status, 200, typed(code))
    }
  }
  const [row] = await service.database.otp.findMany({ where: { identifier: phone } })
  t.match(row, { failures: 0 }, 'nothing that was refused was a guess')
})

t.test('one number and one mailbox, however they are typed', async (t) => {
  const service = await startApp(t)
  const bodies = [
    ['/api/auth/send-otp', { mobile_number: '\u202d9876543210\u202c', mode: null, device_token: null }],
    ['/api/auth/send-otp', { mobile_number: '٩٨٧٦٥٤٣٢١٠' }],
    ['/api/auth/send-otp', { mobile_number: '+919876543210' }],
    ['/auth/request-otp', { phonePrefix: '91', phone: '98765/43210', email: null }],
    ['/auth/request-otp', { phonePrefix: '0091', phone: '९८७६५ ४३२१०' }],
  ] as const
  const statuses: number[] = []
  for (const [url, body] of bodies) statuses.push((await service.post(url, body)).status)
  t.strictSame(statuses, [200, 429, 429, 429, 429], 'one cooldown')
  const code = service.lastCode('+919876543210')
  const admitted = await service.post('/api/auth/verify-otp', { mobile_number: '+91 98765 43210', otp: code })
  t.match(admitted.body, { isNewUser: true, mobile_number: '9876543210' }, 'the national number, as ever')
  const form = { user_name: 'Asha', house_number: '1', street_locality: 'x', city: 'x', state: 'x', signup_token: null }
  const signup = (fields: object) =>
    service.post('/api/auth/signup', { ...form, mobile_number: '९८७६५४३२१०', pincode: '५६० ००१', ...fields })
  t.equal((await signup({})).body.code, 'verification_required')
  const { signup_token } = admitted.body
  t.strictSame((await signup({ signup_token, user_name: '\u3164' })).body.errors, [
    'user_name must have a character that can be seen',
  ])
  t.strictSame((await signup({ signup_token, user_name: null })).body.errors, ['user_name must be a string'])
  t.match(await signup({ signup_token }), { status: 201, body: { address: { pincode: '560001' } } })

  const address = 'user@xn--bcher-kva.example'
  t.equal((await service.post('/auth/request-otp', { email: ' User@bücher.example\n' })).status, 200)
  const otp = service.lastCode(address)
  t.match((await service.post('/auth/verify-otp', { email: address, otp })).body, { user: { email: address } })
  t.equal((await service.post('/auth/request-otp', { email: 'user@xn--a.example' })).status, 400)
  t.equal(await service.database.user.count(), 2)
})

t.test('null is as if it were left out, wherever that is allowed, and nowhere else', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const admin = await joinAsAdmin(service)
  const home = { house_number: '1', street_locality: 'x', city: 'x', state: 'x', pincode: '560001' }
  const added = await asha.post('/users/me/addresses', { ...home, type: null, country: null, is_default: null })
  t.match(added, { status: 201, body: { data: { type: 'Home', country: 'IN', is_default: true } } })
  const path = `/users/me/addresses/${added.body.data.id}`
  t.match((await asha.patch(path, { city: 'Pune', pincode: null })).body.data, { city: 'Pune', pincode: '560001' })
  const created = await admin.post('/users', { phone: '0091 98765/43210', email: null, user_name: null, role: null })
  t.match(created, { status: 201, body: { data: { phone: '+919876543210', email: null, role: 'USER' } } })
  t.match((await asha.post('/users/me/step-up', { method: null })).body, { data: { method: 'email' } })
  const added2 = await asha.post('/users/me/identifiers', { phone: '+91 ९८७६५ ४३२११', email: null })
  t.match(added2.body, { data: { method: 'phone' } })

  const refusals: [Answer, string][] = [
    [await asha.patch('/users/me', { user_name: null }), 'Give at least one field to change'],
    [await asha.patch('/users/me', { user_name: 'Asha', nickname: null }), 'nickname is not a known field'],
    [await asha.post('/users/me/addresses', { ...home, city: null }), 'city must be a string'],
    [await service.post('/auth/request-otp', { email: null }), 'Give either phonePrefix and phone, or email'],
  ]
  for (const [{ status, body }, line] of refusals) t.strictSame([status, body.errors], [400, [line]])
  const none = await service.ask({
    method: 'POST',
    url: '/auth/request-otp',
    payload: 'null',
    headers: { 'content-type': 'application/json' },
  })
  t.equal(none.status, 400)
})

t.test('a field where none is taken is unknown as it is elsewhere, and logging out never fails for one', async (t) => {
  const service = await startApp(t)
  const asha = await join(service, 'asha@example.com')
  const ask = (method: 'POST' | 'DELETE', url: string, payload: string) =>
    service.ask({
      method,
      url,
      payload,
      headers: { authorization: `Bearer ${asha.token}`, 'content-type': 'application/json' },
    })
  for (const [method, url] of [
    ['POST', '/api/auth/refresh'],
    ['DELETE', '/users/me/sessions?others=true'],
  ] as const) {
    const { body } = await ask(method, url, '{"reason":"x"}')
    t.match(body, {
      code: 'validation_failed',
      errors: ['reason is not a known field'],
      fields: [{ pointer: '/reason' }],
    })
    t.match((await ask(method, url, '[1]')).body, { errors: ['A JSON object is required as the body'] })
    for (const nothing of ['{}', 'null', '']) t.equal((await ask(method, url, nothing)).status, 200, nothing)
  }
  t.equal((await ask('POST', '/api/auth/logout', '{"reason":"x"}')).status, 200)
  t.equal((await asha.get('/users/me')).status, 401)
})

t.test('the document says what is taken, and nothing that would refuse it', async (t) => {
  const schemaOf = (path: string) =>
    Object(openApi.paths[path]?.['post']?.requestBody?.content['application/json']?.schema)
  const [byPhone, byEmail] = schemaOf('/auth/verify-otp').oneOf
  for (const { properties } of [byPhone, byEmail]) {
    for (const field of Object.values<{ pattern?: string }>(properties)) t.equal(field.pattern, undefined)
    t.match(properties, { otp: { type: 'string' }, device_token: { type: ['string', 'null'] } })
  }
  t.strictSame(byPhone.required, ['phonePrefix', 'phone', 'otp'])
  t.strictSame(byEmail.required, ['email', 'otp'])
  t.match(schemaOf('/api/auth/send-otp').properties.mode, { type: ['string', 'null'], enum: ['login', 'signup', null] })
})
