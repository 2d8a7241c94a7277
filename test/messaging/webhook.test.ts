// The driver `webhook`: what it says on the wire, and what it makes of the answers.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import { createWebhookSender } from '../../src/messaging/drivers/webhook.js'
import { checkWebhook } from '../support/answer-check.js'
import { type GatewayRequest, startGateway } from '../support/gateway.js'
import { email, outcomeOf, sms } from '../support/messages.js'

const key = Buffer.alloc(32, 7)

function senderTo(t: Test, url: string) {
  const sender = createWebhookSender({ url, key })
  t.teardown(() => sender.close?.())
  return (milliseconds = 60_000) => sender.send(sms, AbortSignal.timeout(milliseconds))
}

async function start(t: Test, answer: (response: ServerResponse) => void) {
  const gateway = await startGateway(t, answer)
  return { ...gateway, send: senderTo(t, `${gateway.origin}/codes?of=app`) }
}

t.test('one POST, signed as Standard Webhooks', async (t) => {
  const { requests, origin } = await startGateway(t, (response) => response.writeHead(202).end('{"any":"thing"}'))
  const sender = createWebhookSender({ url: `${origin}/codes?of=app`, key })
  t.teardown(() => sender.close?.())
  const { messageId } = await sender.send(sms, AbortSignal.timeout(60_000))
  await sender.send(email, AbortSignal.timeout(60_000))
  const { code, expiresIn, ...words } = sms
  await sender.send(words, AbortSignal.timeout(60_000))
  t.equal(requests.length, 3)
  for (const { body } of requests) checkWebhook('message', JSON.parse(body))
  const [{ method, url, headers, body }, mail, notice] = requests as [GatewayRequest, GatewayRequest, GatewayRequest]
  t.strictSame([method, url, headers['content-type']], ['POST', '/codes?of=app', 'application/json'])
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
  t.strictSame(Object.keys(JSON.parse(notice.body)), ['to', 'channel', 'message', 'locale'], 'a notice has no code')
  t.match(JSON.parse(mail.body), { to: 'ada@example.com', channel: 'email' })
  const forged = new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`)
  t.throws(() => forged.verify(body, headers as Record<string, string>))
})

t.test('the status decides whether the message may have gone out', async (t) => {
  for (const [status, outcome] of [
    [200, 'accepted'],
    [204, 'accepted'],
    [400, 'recipient refused'],
    [422, 'recipient refused'],
    [401, 'refused'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'uncertain'],
    [503, 'uncertain'],
  ] as const) {
    const { send } = await start(t, (response) => response.writeHead(status).end())
    t.equal(await outcomeOf(send()), outcome, `${status}`)
  }
})

t.test('a refusal may say whom it is about', async (t) => {
  for (const [status, body, outcome] of [
    [422, '{"reason":"recipient_opted_out"}', 'opted out'],
    [403, '{"reason":"recipient_opted_out"}', 'opted out'],
    [422, '{"reason":"sender_refused"}', 'refused'],
    [429, '{"reason":"recipient_refused"}', 'recipient refused'],
    [422, '{"reason":"constructor"}', 'recipient refused'],
    [422, '{"reason":7}', 'recipient refused'],
    [401, '[]', 'refused'],
    [500, '{"reason":"recipient_opted_out"}', 'uncertain'],
    [200, '{"reason":"recipient_opted_out"}', 'accepted'],
  ] as const) {
    const { send } = await start(t, (response) => response.writeHead(status).end(body))
    t.equal(await outcomeOf(send()), outcome, `${status} ${body}`)
  }
  const cut = await start(t, (response) => {
    response.writeHead(422, { 'content-length': 10 }).write('{')
    setImmediate(() => response.destroy())
  })
  t.equal(await outcomeOf(cut.send()), 'recipient refused', 'the status stands')
})

t.test('no redirect is followed', async (t) => {
  for (const status of [301, 303, 307, 308]) {
    const { requests, send } = await start(t, (response) => response.writeHead(status, { location: '/else' }).end())
    t.equal(await outcomeOf(send()), 'uncertain', `${status}`)
    t.equal(requests.length, 1)
  }
})

t.test('a connection that breaks, and a gateway that hangs, leave it open', async (t) => {
  const cutting = await start(t, (response) => response.destroy())
  t.equal(await outcomeOf(cutting.send()), 'uncertain')
  const hanging = await start(t, () => {})
  t.equal(await outcomeOf(hanging.send(50)), 'uncertain')
})

t.test('an acceptance stays one, however long its body is or takes', async (t) => {
  const endless = await start(t, (response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(16_384)
    const write = () => response.write(chunk, (error) => error || setImmediate(write))
    write()
  })
  const stalling = await start(t, (response) => response.writeHead(200, { 'content-length': 10 }).write('{'))
  const announced = await start(t, (response) => response.writeHead(200, { 'content-length': 10_000_000 }).write('{'))
  const dripping = await start(t, (response) => {
    response.writeHead(200)
    const drip = setInterval(() => response.write('x'), 100)
    response.on('close', () => clearInterval(drip))
  })
  for (const { send, requests } of [endless, stalling, announced, dripping]) {
    // It must end by itself: whoever waited for the answer has it, and ends nothing.
    t.equal(await outcomeOf(send(600_000)), 'accepted')
    // Without its bounds the connection would stay, and the test run out of time.
    while (!requests[0]?.isAborted()) await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

t.test('who was never reached got nothing', async (t) => {
  const gone = await start(t, () => {})
  await gone.close()
  t.equal(await outcomeOf(gone.send()), 'refused', 'nobody listens')
  t.equal(await outcomeOf(senderTo(t, 'http://gateway.invalid/')()), 'refused', 'no such name')

  const untrusted = await startGateway(t, (response) => response.end(), true)
  await t.rejects(senderTo(t, untrusted.origin)(), { name: 'DeliveryRefused', message: /DEPTH_ZERO_SELF_SIGNED_CERT/ })
  t.equal(untrusted.requests.length, 0)

  const plain = await start(t, (response) => response.end())
  t.equal(await outcomeOf(senderTo(t, plain.origin.replace('http:', 'https:'))()), 'refused', 'no TLS there')
})

t.test('a host that says nothing is given up within the time of a driver, as one never reached', async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const begin = performance.now()
  const silent = senderTo(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await t.rejects(silent(), { name: 'DeliveryRefused', message: /UND_ERR_CONNECT_TIMEOUT/ })
  t.ok(performance.now() - begin < 15_000)
})
