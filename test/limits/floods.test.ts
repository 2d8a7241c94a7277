// What the flood guard counts, and whom no flood may turn away: probes, preflights, and calls that providers sign.
import t from 'tap'
import { createLogger } from '../../src/http/logger.js'
import { createServer } from '../../src/http/server.js'
import { startApp } from '../support/app.js'

const shop = 'https://shop.example.com'
const remoteAddress = '203.0.113.1'

/** How often each status comes. */
async function tally(count: number, ask: () => Promise<{ status: number }>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let index = 0; index < count; index += 1) {
    const { status } = await ask()
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

t.test('no flood takes a replica out of service', async (t) => {
  const service = await startApp(t, { settings: { FLOOD_PER_MINUTE: '5' } })
  t.strictSame(await tally(8, () => service.get('/nowhere', { remoteAddress })), { 404: 5, 429: 3 })
  let asked = 0
  const askOnce = service.health.readinessFault.bind(service.health)
  service.health.readinessFault = () => {
    asked += 1
    return askOnce()
  }
  t.strictSame(await tally(50, () => service.get('/health/live', { remoteAddress })), { 200: 50 })
  const begin = performance.now()
  t.strictSame(await tally(50, () => service.get('/health/ready', { remoteAddress })), { 200: 50 })
  const seconds = Math.floor((performance.now() - begin) / 1_000) + 2
  t.ok(asked <= 10 * seconds, `the database is asked ${asked} times in ${seconds} seconds`)
  t.equal((await service.ask({ method: 'POST', url: '/health/ready', remoteAddress })).status, 429, 'what is no probe')

  // Into a second in which questions are left.
  asked = 0
  while (asked === 0) await service.get('/health/ready')
  asked = 0
  await Promise.all(Array.from({ length: 20 }, () => service.get('/health/ready')))
  t.ok(asked <= 2, 'who asks at once shares one question')
  service.health.drain()
  while ((await service.get('/health/ready')).status === 200) await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(await service.get('/health/ready'), { status: 503, body: { code: 'service_unavailable' } })
})

t.test('preflights are counted, and the refusal is one that a page may read', async (t) => {
  const service = await startApp(t, { settings: { FLOOD_PER_MINUTE: '5', CORS_ORIGINS: shop } })
  const headers = { origin: shop, 'access-control-request-method': 'POST' }
  const ask = () => service.get('/auth/request-otp', { method: 'OPTIONS', headers, remoteAddress })
  t.strictSame(await tally(8, ask), { 204: 5, 429: 3 })
  const refused = await ask()
  t.equal(refused.headers['access-control-allow-origin'], shop)
  t.match(refused.headers['retry-after'], /^\d+$/)
})

t.test('whatever is wrong with a call of a signed route counts, and what is good never does', async (t) => {
  const key = Buffer.alloc(32, 7).toString('base64')
  const settings = {
    FLOOD_PER_MINUTE: '5',
    PUBLIC_URL: 'https://login.example.com',
    SMS_DRIVERS: 'webhook,twilio',
    EMAIL_DRIVERS: 'webhook',
    SENDER_WEBHOOK_URL: 'https://gateway.example/',
    SENDER_WEBHOOK_SECRET: `whsec_${key}`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a token of thirty-two bytes, and more',
    TWILIO_FROM: '+12015550123',
  }
  const service = await startApp(t, { settings })
  const json = 'application/json'
  const form = 'application/x-www-form-urlencoded'
  let last = 1
  for (const [url, type, payload, status] of [
    ['/webhooks/delivery', 'text/plain', 'x', 415],
    ['/webhooks/delivery', json, '{', 400],
    ['/webhooks/delivery', json, '{"a":"\\u0000"}', 400],
    ['/webhooks/delivery', json, `"${'x'.repeat(20_000)}"`, 413],
    ['/webhooks/delivery', json, '{}', 403],
    ['/webhooks/twilio', json, '{}', 415],
    ['/webhooks/twilio', form, 'a=1&a=2', 400],
    ['/webhooks/twilio', form, '%ff=1', 400],
    ['/webhooks/twilio', form, 'x'.repeat(9_000), 413],
    ['/webhooks/twilio', form, '&'.repeat(100), 400],
    ['/webhooks/twilio', form, 'a=1', 403],
  ] as const) {
    last += 1
    const options = { payload, headers: { 'content-type': type }, remoteAddress: `203.0.113.${last}` }
    t.strictSame(
      await tally(7, () => service.post(url, undefined, options)),
      { [status]: 5, 429: 2 },
      `${url} ${payload.slice(0, 20)}`,
    )
  }
  const { webhookSignature } = await import('../../src/http/webhook-signature.js')
  const body = JSON.stringify({ message_id: 'msg_unknown', status: 'delivered' })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = webhookSignature(Buffer.from(key, 'base64'), { id: 'x', timestamp, body: Buffer.from(body) })
  const headers = {
    'content-type': json,
    'webhook-id': 'x',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
  const good = () => service.post('/webhooks/delivery', undefined, { payload: body, headers, remoteAddress })
  t.strictSame(await tally(12, good), { 404: 12 }, 'a message that is not known is no forgery')
})

t.test('a path that cannot be read is answered also where nothing is counted', async (t) => {
  const app = createServer({ logger: createLogger('silent', { write: () => {} }), trustProxy: [] })
  t.teardown(() => app.close())
  t.equal((await app.inject('/%ff')).statusCode, 400)
})
