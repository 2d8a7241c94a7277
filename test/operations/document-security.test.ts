// What the OpenAPI document says of who may call an operation is what the service does, so that a generated client sends its token.
import t from 'tap'
import { startApp } from '../support/app.js'
import { type Operation, openApi, operations } from '../support/document.js'

type Security = Operation['security']

const settings = {
  INTROSPECTION_TOKEN: 'an-introspection-token-of-the-tests',
  METRICS_TOKEN: 'a-metrics-token-of-the-tests-32-bytes',
  SENDER_WEBHOOK_URL: 'https://gateway.example.com/',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  SMS_DRIVERS: 'webhook,twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  TWILIO_FROM: '+15005550006',
  PUBLIC_URL: 'https://auth.example.com',
  EMAIL_DRIVERS: 'webhook',
  PASSKEY_RP_ID: 'auth.example.com',
  PASSKEY_ORIGINS: 'https://auth.example.com',
}

const session: Security = [{ bearer: [] }, { cookie: [] }]

/** Where it is neither open to all nor for who is signed in. */
const others: Record<string, Security> = {
  logout: [...session, {}],
  introspect: [{ introspection: [] }],
  getMetrics: [{ metrics: [] }],
  reportDelivery: [{ standardWebhooks: [] }],
  twilioStatusCallback: [{ twilio: [] }],
}

t.test('each operation says who may call it, and nobody else may', async (t) => {
  const service = await startApp(t, { settings })
  const schemes = Object.keys(openApi.components.securitySchemes)
  t.ok(operations.length > 30)
  for (const { path, method, operation } of operations) {
    const { operationId, security } = operation
    const url = path.replace(/\{\w+\}/g, 'me')
    const payload = method === 'GET' ? {} : { payload: {} }
    const { status, body } = await service.ask({ method: method as 'GET', url, ...payload })
    const asksWho = status === 401 && body.code === 'unauthorized'
    // Which scope opens which to an API key, test/api-keys/matrix.test.ts finds out.
    const ofPeople = security.filter((way) => !('apiKey' in way))
    t.strictSame(ofPeople, others[operationId] ?? (asksWho ? session : []), `${method} ${path}: ${status}`)
    const named = security.flatMap((each) => Object.keys(each))
    t.strictSame(
      named.filter((scheme) => !schemes.includes(scheme)),
      [],
    )
  }
})
