// The driver `twilio`: its exact request, and what it makes of the answers.
import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { createTwilioSender } from '../../src/messaging/drivers/twilio.js'
import { startGateway } from '../support/gateway.js'
import { email, outcomeOf, sms } from '../support/messages.js'

const accountSid = `AC${'0'.repeat(32)}`
const sid = `SM${'a'.repeat(32)}`
const signal = () => AbortSignal.timeout(5_000)
const created = (response: ServerResponse) => response.writeHead(201).end(JSON.stringify({ sid, status: 'queued' }))

async function start(t: Test, answer: (response: ServerResponse) => void, more: { statusCallback?: string } = {}) {
  const gateway = await startGateway(t, answer)
  const common = { accountSid, authToken: 'token', origin: gateway.origin, sender: { From: '+15005550006' }, ...more }
  const sender = createTwilioSender(common)
  const service = createTwilioSender({ ...common, sender: { MessagingServiceSid: 'MG1' } })
  t.teardown(() => Promise.all([sender.close?.(), service.close?.()]))
  return { ...gateway, sender, service }
}

t.test('one POST to the Messages API', async (t) => {
  const { requests, sender, service } = await start(t, created)
  t.strictSame(await sender.send(sms, signal()), { messageId: sid })
  await service.send({ ...sms, text: 'पासकोड & 1+1' }, signal())
  const [first, second] = requests
  t.match(first, {
    method: 'POST',
    url: `/2010-04-01/Accounts/${accountSid}/Messages.json`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${accountSid}:token`).toString('base64')}`,
    },
  })
  const formOf = (body = '') => Object.fromEntries(new URLSearchParams(body))
  t.strictSame(formOf(first?.body), { To: '+919876543210', Body: '123456 is your code', From: '+15005550006' })
  t.strictSame(formOf(second?.body), { To: '+919876543210', Body: 'पासकोड & 1+1', MessagingServiceSid: 'MG1' })
})

t.test('it says where to tell what became of the message', async (t) => {
  const statusCallback = 'https://login.example.com/receipts'
  const { requests, sender } = await start(t, created, { statusCallback })
  await sender.send(sms, signal())
  t.equal(new URLSearchParams(requests[0]?.body).get('StatusCallback'), statusCallback)
})

t.test('what the answers mean', async (t) => {
  const json = (value: unknown) => JSON.stringify(value)
  const answers: [number, string, string][] = [
    [201, json({ sid, status: 'accepted' }), 'accepted'],
    [201, json({ sid, status: 'failed', error_code: 30_005 }), 'recipient refused'],
    [201, json({ sid, status: 'undelivered' }), 'recipient refused'],
    [400, json({ code: 21_211, message: 'The To number +919876543210 is not valid' }), 'recipient refused'],
    [400, 'no JSON', 'recipient refused'],
    [400, json({ code: 21_408 }), 'recipient refused'],
    [400, json({ code: 21_610 }), 'opted out'],
    [201, json({ sid, status: 'failed', error_code: 21_610 }), 'opted out'],
    ...[21_212, 21_606, 21_660, 21_703].map((code): [number, string, string] => [400, json({ code }), 'refused']),
    [201, json({ sid, status: 'failed', error_code: 30_034 }), 'refused'],
    [400, 'x'.repeat(20_000), 'recipient refused'],
    [401, json({ code: 20_003 }), 'refused'],
    [404, json({ code: 20_404 }), 'refused'],
    [429, json({ code: 20_429 }), 'refused'],
    [500, '', 'uncertain'],
    [503, json({ sid, status: 'queued' }), 'uncertain'],
    [307, '', 'uncertain'],
    [201, 'garbage', 'uncertain'],
    [201, '[]', 'uncertain'],
    [201, 'null', 'uncertain'],
    [201, json({ sid: 'not one' }), 'uncertain'],
    [201, json({ sid, status: 'queued', padding: 'x'.repeat(20_000) }), 'uncertain'],
  ]
  for (const [status, body, outcome] of answers) {
    const { requests, sender } = await start(t, (response) => response.writeHead(status, { location: '/' }).end(body))
    t.equal(await outcomeOf(sender.send(sms, signal())), outcome, `${status} ${body.slice(0, 40)}`)
    t.equal(requests.length, 1)
  }
})

t.test('its errors name the code of the trouble, and no number', async (t) => {
  const body = JSON.stringify({ code: 21_211, message: 'The To number +919876543210 is not valid' })
  const { sender } = await start(t, (response) => response.writeHead(400).end(body))
  await t.rejects(sender.send(sms, signal()), { message: 'twilio answered 400 (21211)' })
  const failed = await start(t, (response) => response.writeHead(201).end('{"status":"failed","error_code":30003}'))
  await t.rejects(failed.sender.send(sms, signal()), { message: 'twilio reports failed (30003)' })
})

t.test('hangs and broken connections leave it open; never reached, and mail, are certain', async (t) => {
  const hanging = await start(t, () => {})
  t.equal(await outcomeOf(hanging.sender.send(sms, AbortSignal.timeout(50))), 'uncertain')
  const stalling = await start(t, (response) => response.writeHead(201).write('{'))
  t.equal(await outcomeOf(stalling.sender.send(sms, AbortSignal.timeout(200))), 'uncertain')
  const cutting = await start(t, (response) => response.destroy())
  t.equal(await outcomeOf(cutting.sender.send(sms, signal())), 'uncertain')
  await cutting.close()
  t.equal(await outcomeOf(cutting.sender.send(sms, signal())), 'refused')
  t.equal(await outcomeOf(cutting.sender.send(email, signal())), 'refused')
})
