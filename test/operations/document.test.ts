// The OpenAPI document: what is committed is what the routes say, whatever the settings, and what a service serves.
import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { describeService, textOf } from '../../src/development/openapi/document.js'
import { Schemas } from '../../src/development/openapi/schemas.js'
import { errorCatalogue } from '../../src/errors.js'
import { startApp } from '../support/app.js'
import { documentText, openApi, operations } from '../support/document.js'
import { routesOf } from '../users/routes.js'

const written = JSON.parse(documentText)

t.test('it is what the routes say, whatever the settings', async (t) => {
  // Without a picture of the difference: of 200 kB it takes minutes.
  t.ok(textOf(await describeService()) === documentText, 'npm run openapi has been run')
  const others = { OTP_LENGTH: '8', DEFAULT_COUNTRY: 'US', SMS_COUNTRIES: 'US,CA,IN', COOKIE_NAME: '__Host-jwt' }
  t.ok(textOf(await describeService(others)) === documentText, 'also with other settings')
})

t.test('a service serves it, with its own address, version and cookie', async (t) => {
  const service = await startApp(t, { settings: { PUBLIC_URL: 'https://auth.example.com', COOKIE_NAME: 'session' } })
  const { status, body } = await service.get('/openapi.json')
  t.equal(status, 200)
  const expected = structuredClone(written)
  expected.info.version = '0.0.0'
  expected.servers = [{ url: 'https://auth.example.com', description: 'This service' }]
  expected.components.securitySchemes.cookie.name = 'session'
  t.strictSame(body, expected)
  const echoing = (await (await startApp(t, { settings: { OTP_ECHO: 'true' } })).get('/openapi.json')).body
  t.match(echoing, { 'x-otp-echo': true, servers: [{ url: '/' }] }, 'a service that tells codes says so')
})

t.test('it is valid, and has no keyword of our own', async (t) => {
  const { valid, errors } = await new Validator().validate(structuredClone(written))
  t.ok(valid, JSON.stringify(errors))
  t.notMatch(documentText, /"x-(?!request-id|twilio)[a-z-]+":/)
  t.notMatch(documentText, /"format": "text"|\$id/)
})

t.test('every route of a service is in it', async (t) => {
  const service = await startApp(t, { settings: { DOCS: 'off' } })
  const paths = routesOf(service.app).map((route) => String(route.split(' ')[1]).replace(/:(\w+)/g, '{$1}'))
  t.ok(paths.length > 200, `${paths.length} routes`)
  const undocumented = paths.filter((path) => !(path in openApi.paths))
  t.strictSame(undocumented, [])
})

t.test('each operation is whole', async (t) => {
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, ids.length, 'each id once')
  for (const { method, path, operation } of operations) {
    const name = `${method} ${path}`
    const { summary, description, tags, security, requestBody, responses } = operation
    t.ok(summary && description && tags.length > 0, `${name} has a summary, a description and a tag`)
    t.ok(Array.isArray(security), `${name} says who may call it`)
    t.ok(responses['400'] && responses['500'], `${name} documents its errors`)
    const answers = Object.entries(responses)
    const media = [requestBody, ...answers.map(([, each]) => each)].flatMap((each) =>
      Object.values(each?.content ?? {}),
    )
    t.ok(
      media.every(({ schema, example, examples }) => example ?? examples ?? schema['examples']),
      `${name} has an example of each body`,
    )
    for (const [status, { headers }] of answers) {
      t.ok(headers['X-Request-Id'], `${name} ${status} has the request's id`)
      const isForKeys = security.some((way: object) => 'apiKey' in way)
      if (status === '401' || (status === '403' && isForKeys)) t.ok(headers['WWW-Authenticate'], `${name} ${status}`)
      else if (status !== '403') t.notOk('WWW-Authenticate' in headers, `${name} ${status}`)
      t.equal('Retry-After' in headers, ['429', '503'].includes(status), `${name} ${status}`)
    }
  }
})

t.test('its examples are what a service takes, the first one of the page too', async (t) => {
  const service = await startApp(t)
  const open = operations.filter(({ operation: { security, requestBody } }) => security.length === 0 && requestBody)
  t.ok(open.length >= 6)
  for (const { path, operation } of open) {
    const { example, examples = {} } = Object(operation.requestBody?.content['application/json'])
    const bodies = example ? [example] : Object.values<{ value: object }>(examples).map(({ value }) => value)
    for (const body of bodies) t.not((await service.post(path, body)).status, 400, path)
  }
  const [first] = operations
  t.equal(first?.operation.operationId, 'sendOtp', 'what the page shows first')
  const { value } = Object(first?.operation.requestBody?.content['application/json']?.examples).example1
  t.equal((await (await startApp(t)).post('/api/auth/send-otp', value)).status, 200)
})

t.test('every body and answer of JSON has a name', async (t) => {
  const named = (schema: { $ref?: string }) => schema.$ref?.startsWith('#/components/schemas/')
  for (const [path, methods] of Object.entries<object>(written.paths)) {
    for (const { requestBody, responses } of Object.values(methods)) {
      for (const { $ref, content = {} } of [requestBody ?? {}, ...Object.values<object>(responses)] as never[]) {
        for (const [type, media] of Object.entries<{ schema: object }>(content)) {
          t.ok($ref || type === 'text/plain' || named(media.schema), `${path} ${type}`)
        }
      }
    }
  }
})

t.test('errors stand once, with all codes', async (t) => {
  const { schemas, responses } = openApi.components
  t.strictSame(Object(schemas['ErrorCode'])['enum'], Object.keys(errorCatalogue))
  t.match(schemas['Problem'], { properties: { code: { anyOf: [{ type: 'string' }, { type: 'string' }] } } })
  t.ok(Object.keys(responses).length < 40)
})

t.test('one title for two schemas is refused, and what extends another one has its members', async (t) => {
  const schemas = new Schemas({})
  schemas.shown({ title: 'One', type: 'string' })
  t.throws(() => schemas.shown({ title: 'One', type: 'integer' }), /two different schemas have the title One/)
  t.match(written.components.schemas.Me.allOf, [{ $ref: '#/components/schemas/User' }, { required: ['addresses'] }])
  t.match(written.components.schemas.VerifyResult.oneOf, [
    { $ref: '#/components/schemas/SignedIn' },
    { $ref: '#/components/schemas/SignupRequired' },
  ])
  t.match(openApi.components.schemas, {
    SignedIn: { properties: { isNewUser: { const: false } } },
    SignupRequired: { properties: { isNewUser: { const: true } } },
  })
})
