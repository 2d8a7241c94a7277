// Delivery: the chain of drivers within its time, and what the webhook says on the wire.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { createDelivery, type FailedAttempt } from '../../src/delivery/chain.js'
import { createConsoleSender } from '../../src/delivery/console-sender.js'
import { createSenders } from '../../src/delivery/drivers.js'
import { DeliveryRefused, type Message, type Sender } from '../../src/delivery/sender.js'
import { createWebhookSender } from '../../src/delivery/webhook-sender.js'
import { startApp, testConfig } from '../support/app.js'

const message: Message = {
  channel: 'sms',
  country: 'IN',
  to: '+919876543210',
  code: '123456',
  text: '123456 is your code',
  locale: 'en',
  expiresIn: 300,
}
const key = Buffer.alloc(32, 7)

const accepts = (name: string): Sender => ({ name, send: async () => ({ messageId: `${name}-1` }) })
const refuses = (name: string): Sender => ({ name, send: () => Promise.reject(new DeliveryRefused('no')) })
const breaks = (name: string): Sender => ({ name, send: () => Promise.reject(new Error('garbage')) })
const hangs = (name: string): Sender => ({ name, send: () => new Promise(() => {}) })

async function deliver(senders: Sender[], time = { total: 200, driver: 50 }) {
  const failures: FailedAttempt[] = []
  const chain = createDelivery({
    senders: { sms: senders, email: [] },
    onFailure: (failure) => failures.push(failure),
    time,
  })
  const report = await chain.send(message)
  return [report, failures.map(({ driver, refused }) => `${driver} ${refused ? 'refused' : 'uncertain'}`)]
}

t.test('the next driver is tried when one fails', async (t) => {
  const accepted = (driver: string) => ({ outcome: 'accepted', driver, messageId: `${driver}-1` })
  t.strictSame(
    await deliver([accepts('a'), accepts('b')]),
    [accepted('a'), []],
    'no second message after an acceptance',
  )
  t.strictSame(await deliver([refuses('a'), accepts('b')]), [accepted('b'), ['a refused']])
  t.strictSame(await deliver([breaks('a'), accepts('b')]), [accepted('b'), ['a uncertain']])
  t.strictSame(await deliver([hangs('a'), accepts('b')]), [accepted('b'), ['a uncertain']])
  t.strictSame(await deliver([refuses('a'), refuses('b')]), [{ outcome: 'refused' }, ['a refused', 'b refused']])
  t.strictSame(await deliver([hangs('a'), refuses('b')]), [{ outcome: 'uncertain' }, ['a uncertain', 'b refused']])
  t.strictSame(await deliver([]), [{ outcome: 'refused' }, []])
})

t.test('the whole delivery ends in its time, however many drivers hang', async (t) => {
  const drivers = [hangs('a'), hangs('b'), hangs('c'), accepts('d')]
  const [report] = await deliver(drivers, { total: 120, driver: 50 })
  t.strictSame(report, { outcome: 'uncertain' }, 'no time is left for the one that would have taken it')
})

/** A gateway on loopback that answers as told and keeps what it got. */
async function startGateway(t: Test, answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const requests: { headers: IncomingMessage['headers']; body: string; method: string | undefined }[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ headers: request.headers, body, method: request.method })
    answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/codes`
  return { requests, close, sender: createWebhookSender({ url, key }) }
}

const send = (sender: Sender, milliseconds = 1000) => sender.send(message, AbortSignal.timeout(milliseconds))

t.test('the webhook gets one POST, signed as Standard Webhooks', async (t) => {
  const { requests, sender } = await startGateway(t, (response) => response.writeHead(202).end('{"any":"thing"}'))
  const { messageId } = await send(sender)
  t.equal(requests.length, 1)
  const [{ headers, body, method } = { headers: {}, body: '', method: '' }] = requests
  t.equal(method, 'POST')
  t.equal(headers['content-type'], 'application/json')
  t.equal(headers['webhook-id'], messageId)
  const verified = new Webhook(`whsec_${key.toString('base64')}`).verify(body, headers as Record<string, string>)
  t.strictSame(verified, {
    to: '+919876543210',
    channel: 'sms',
    code: '123456',
    message: '123456 is your code',
    locale: 'en',
    expires_in: 300,
  })
  const forged = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)
  t.throws(() => forged.verify(body, headers as Record<string, string>))
})

t.test('what the webhook answers decides whether the message may have gone out', async (t) => {
  for (const [status, refused] of [
    [400, true],
    [401, true],
    [404, true],
    [429, true],
    [500, false],
    [503, false],
  ] as const) {
    const { sender } = await startGateway(t, (response) => response.writeHead(status).end())
    await t.rejects(send(sender), refused ? DeliveryRefused : /answered/, `${status}`)
  }
  const redirecting = await startGateway(t, (response) => response.writeHead(307, { location: '/elsewhere' }).end())
  await t.rejects(send(redirecting.sender), Error, 'a code follows no redirect')
  t.equal(redirecting.requests.length, 1)
  const cutting = await startGateway(t, (response) => response.destroy())
  const cut = await send(cutting.sender).catch((error: unknown) => error)
  t.ok(cut instanceof Error && !(cut instanceof DeliveryRefused), 'a broken connection is uncertain')
  const hanging = await startGateway(t, () => {})
  const hung = await send(hanging.sender, 50).catch((error: unknown) => error)
  t.ok(hung instanceof Error && !(hung instanceof DeliveryRefused), 'a timeout is uncertain')
  const { close, sender: gone } = await startGateway(t, () => {})
  await close()
  await t.rejects(send(gone), DeliveryRefused, 'never reached is certain')
})

t.test('the console shows the code', async (t) => {
  const shown: string[] = []
  await createConsoleSender((text) => shown.push(text)).send(message, AbortSignal.timeout(100))
  await createConsoleSender((text) => shown.push(text)).send(
    { ...message, channel: 'email', subject: 'Code', html: '<p>Code</p>' },
    AbortSignal.timeout(100),
  )
  t.match(shown[0], /SMS to \+919876543210/)
  t.match(shown[0], /Code 123456/)
  t.match(shown[1], /Email to/)
})

t.test('the settings name the drivers and their order', async (t) => {
  const settings = {
    SMS_DRIVERS: 'webhook,console',
    EMAIL_DRIVERS: 'console',
    SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
    SENDER_WEBHOOK_SECRET: `whsec_${key.toString('base64')}`,
  }
  const senders = createSenders(testConfig(settings).delivery, () => {})
  t.strictSame(
    senders.sms.map(({ name }) => name),
    ['webhook', 'console'],
  )
  t.strictSame(
    senders.email.map(({ name }) => name),
    ['console'],
  )
})

t.test(
  'a failed delivery is 502; a definite refusal costs nothing, one that may have gone out keeps its count',
  async (t) => {
    const refusing = await startApp(t, { senders: [refuses('a')] })
    for (let send = 0; send < 7; send++) {
      const answer = await refusing.post('/auth/request-otp', { email: 'a@example.com' })
      t.match([answer.status, answer.body.code], [502, 'delivery_failed'])
    }
    t.match(await refusing.database.otp.findFirst(), { hourSends: 0, daySends: 0 })

    const breaking = await startApp(t, { senders: [breaks('a')] })
    t.equal((await breaking.post('/auth/request-otp', { email: 'a@example.com' })).status, 502)
    t.equal((await breaking.post('/auth/request-otp', { email: 'a@example.com' })).status, 429)
    t.match(await breaking.database.otp.findFirst(), { hourSends: 1 })
    t.match(breaking.logged(), /delivery attempt failed/)
  },
)
