// What an error says of a body: at which fields (RFC 6901), and never more than 4 kB of it, whatever was sent.
import t from 'tap'
import { pointerTo } from '../../src/errors.js'
import { type Answer, startApp } from '../support/app.js'
import { joinAsAdmin } from '../users/people.js'

const json = { 'content-type': 'application/json' }
const most = 4_000

t.test('each field at fault is named by its pointer', async (t) => {
  const service = await startApp(t)
  const fieldsOf = async (url: string, payload: unknown) => {
    const { status, body } = await service.post(url, payload as object)
    t.equal(status, 400)
    t.strictSame([...new Set(body.fields.map(({ detail }: { detail: string }) => detail))], body.errors)
    return body.fields.map(({ pointer }: { pointer: string }) => pointer)
  }
  const signup = {
    mobile_number: 12,
    user_name: '',
    house_number: 'x'.repeat(201),
    city: 'x',
    state: 'x',
    pincode: '1',
  }
  t.strictSame((await fieldsOf('/api/auth/signup', { ...signup, 'a/b~c': 1 })).sort(), [
    '/a~1b~0c',
    '/house_number',
    '/mobile_number',
    '/pincode',
    '/street_locality',
    '/user_name',
  ])
  for (const [url, payload, pointer] of [
    ['/api/auth/send-otp', { mobile_number: '12' }, '/mobile_number'],
    ['/auth/request-otp', { email: 'nobody' }, '/email'],
    ['/auth/request-otp', { phone: '9876543210' }, '/phonePrefix'],
    ['/auth/request-otp', { phonePrefix: '+91' }, '/phone'],
    ['/auth/request-otp', { phonePrefix: '+91', phone: '12' }, '/phone'],
    ['/auth/request-otp', {}, ''],
    ['/auth/request-otp', ['a'], ''],
    ['/auth/request-otp', { phonePrefix: 'IN', phone: '9876543210' }, '/phonePrefix'],
    ['/auth/request-otp', { 'a/b': { c: 'x\0' } }, '/a~1b'],
    ['/auth/request-otp', { 'x\0': 1 }, ''],
    ['/auth/request-otp', ['x\0'], '/0'],
  ] as const) {
    t.strictSame(await fieldsOf(url, payload), [pointer], `${url} ${JSON.stringify(payload)}`)
  }
  for (const payload of ['{', '"x\\u0000"', Buffer.from([0x22, 0xff, 0x22])]) {
    const { body } = await service.post('/auth/request-otp', undefined, { payload, headers: json })
    t.strictSame(body.fields, [{ pointer: '', detail: body.errors[0] }], 'also where it cannot be read')
  }
  const query = await service.get('/auth/phone-prefixes?x=1')
  t.equal(query.body?.fields, undefined, 'of a body alone')
  const elsewhere = await service.post('/auth/request-otp', { phonePrefix: '+1', phone: '2015550123' })
  t.match(elsewhere.body, { code: 'country_not_supported', fields: undefined }, 'and of what is not valid alone')
})

t.test('a name stands once in an object, however it is written', async (t) => {
  const service = await startApp(t)
  const ask = (payload: string) => service.post('/auth/request-otp', undefined, { payload, headers: json })
  const line = 'A name must not stand twice in an object of the body'
  for (const payload of [
    '{"email":"a@example.com","email":"b@example.com"}',
    '{"email":"a@example.com","\\u0065mail":"b@example.com"}',
    '{"email" : "a@example.com" , "email"\n: "a@example.com"}',
    '{"a":{"b":1,"c":{"b":1,"b":2}}}',
    '[{"a":1},{"a":1,"a":1}]',
    '{"":1,"":1}',
  ]) {
    const { status, body } = await ask(payload)
    t.match([status, body], [400, { errors: [line], fields: [{ pointer: '', detail: line }] }], payload)
  }
  for (const payload of [
    '{"email":"a:\\"b:\\\\","phone":"::\\\\\\":"}',
    '{"a":[{"b":1},{"b":1}],"b":null,"c":":"}',
    '[":",":"]',
    '":"',
    '7',
  ])
    t.notMatch((await ask(payload)).body.errors, [line], payload)
  t.equal((await ask('{"email":"once@example.com","device_token":null}')).status, 200)
})

t.test('a pointer is written as RFC 6901 §3 says', async (t) => {
  t.equal(pointerTo('~1/'), '/~01~1')
  t.equal(pointerTo('b', '/a'), '/a/b')
})

t.test('no answer is longer than 4 kB, whatever was sent', async (t) => {
  const service = await startApp(t, { answersAllMethods: true })
  const fits = (answer: Answer, name: string) => {
    t.ok(answer.status >= 400 && Buffer.byteLength(answer.text) <= most, `${name}: ${Buffer.byteLength(answer.text)}`)
    return answer.body
  }
  const many = (name: (index: number) => string, count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index), 1])))
  const bodies: Record<string, string> = {
    'a thousand names': many((index) => `field${index}`, 1_000),
    'a name of 15 kB': many(() => 'x'.repeat(15_000), 1),
    'names of signs that JSON escapes': many((index) => '\u0001'.repeat(200) + index, 10),
    'names of signs of four bytes': many((index) => '😀'.repeat(200) + index, 10),
    'names of slashes': many((index) => '~/'.repeat(20) + index, 10),
    'a text of 15 kB': JSON.stringify({ mobile_number: 'x'.repeat(15_000), pincode: 'x'.repeat(200) }),
    'a broken text': `{"${'x'.repeat(15_000)}`,
  }
  for (const url of ['/api/auth/signup', '/api/auth/send-otp', '/auth/request-otp', '/auth/verify-otp', '/nowhere']) {
    for (const [name, payload] of Object.entries(bodies)) {
      fits(await service.post(url, undefined, { payload, headers: json }), `${url}, ${name}`)
    }
  }
  const { errors, fields } = fits(
    await service.post('/auth/request-otp', undefined, { payload: String(bodies['a thousand names']), headers: json }),
    'many',
  )
  t.strictSame(errors.at(-1), '995 more fields are not known')
  t.equal(fields.length, 5)
  const long = await service.post('/auth/request-otp', undefined, {
    payload: many(() => 'é'.repeat(41), 1),
    headers: json,
  })
  t.strictSame(long.body.errors, [`${'é'.repeat(40)}… is not a known field`])
  t.strictSame(long.body.fields[0].pointer, '', 'no pointer to another field')
  fits(await service.get(`/${'x'.repeat(15_000)}`), 'a path')
  fits(await service.get(`/users?${'x'.repeat(12_000)}=1`), 'a query')
  fits(await service.get('/nowhere', { headers: { 'x-request-id': 'x'.repeat(9_000) } }), 'a header')
  fits(await service.get('/auth/verify-otp', { method: 'PROPFIND' as 'GET' }), 'a method')
})

t.test('a body without a type hears which header to send', async (t) => {
  const service = await startApp(t, {
    settings: { INTROSPECTION_TOKEN: 'a token of the tests, of 32 bytes'.replace(/[ ,]/g, '-') },
  })
  const lineOf = async (url: string, headers: Record<string, string>) => {
    const { status, body } = await service.post(url, undefined, { payload: '{"email":"a@example.com"}', headers })
    t.equal(status, 415)
    return body.detail
  }
  const line = 'Send the header content-type: application/json'
  t.equal(await lineOf('/auth/request-otp', { 'content-type': '' }), line)
  t.equal(await lineOf('/auth/request-otp', { 'content-type': 'application/x-www-form-urlencoded' }), line)
  const plain = 'Send the body in UTF-8, not compressed'
  t.equal(await lineOf('/auth/request-otp', { 'content-type': 'application/json; charset=utf-16' }), plain)
  t.equal(await lineOf('/auth/request-otp', { ...json, 'content-encoding': 'gzip' }), plain)
  const authorization = `Bearer ${service.config.sessions.introspectionToken}`
  t.equal(
    await lineOf('/auth/introspect', { authorization, 'content-type': 'text/plain' }),
    'Send the header content-type: application/x-www-form-urlencoded or application/json',
  )
})

t.test('a parameter that does not fit is told what it must look like, never what it is for', async (t) => {
  const service = await startApp(t)
  const admin = await joinAsAdmin(service)
  const { body } = await service.get('/openapi.json')
  let asked = 0
  for (const [path, { get }] of Object.entries<{ get?: Operation }>(body.paths)) {
    for (const { name, in: part, schema, description } of get?.parameters ?? []) {
      if (part !== 'query' || schema.pattern === undefined) continue
      asked += 1
      const answer = await admin.get(`${path.replace('{id}', admin.id)}?${name}=%21`)
      t.equal(answer.status, 400, `${path} ${name}`)
      t.match(answer.body.errors, [new RegExp(`^${name} must be (the|in|a|an) `)])
      t.notMatch(answer.text, description)
    }
  }
  t.ok(asked > 5)
  const wrong = { public_metadata: 'gold' }
  t.strictSame((await admin.patch(`/users/${admin.id}`, wrong)).body.errors, ['public_metadata must be an object'])
})
type Operation = { parameters?: { name: string; in: string; schema: { pattern?: string }; description: string }[] }
