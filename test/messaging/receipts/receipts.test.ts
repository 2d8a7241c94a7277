// What becomes of messages: the event of a delivery, and the reports of gateways and of Twilio that follow it.

import t, { type Test } from 'tap'
import { closeSenders, createSenders } from '../../../src/messaging/drivers.js'
import { twilioSignature, twilioStatusCallback } from '../../../src/messaging/receipts/sources.js'
import { DeliveryRefused, type Sender } from '../../../src/messaging/sender.js'
import { type StartOptions, startApp, type TestApp, testConfig } from '../../support/app.js'
import { openApi } from '../../support/document.js'
import { startGateway } from '../../support/gateway.js'
import { publicUrl, twilioReport, twilioToken, webhookReport, webhookSecret } from '../../support/receipts.js'

const twilio = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: twilioToken,
  TWILIO_FROM: '+15005550006',
}
const settings = {
  SMS_DRIVERS: 'webhook,twilio',
  ...twilio,
  SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
  SENDER_WEBHOOK_SECRET: webhookSecret,
  PUBLIC_URL: publicUrl,
}
const person = { phonePrefix: '+91', phone: '9876543210' }

/** Takes every message under ids of its own: `webhook-1`, `webhook-2`, … */
function taker(name: string): Sender {
  let count = 0
  return {
    name,
    send: async () => {
      count += 1
      return { messageId: `${name}-${count}` }
    },
  }
}

/** A service that both can report to, which has sent one SMS by the driver of that name. */
async function start(t: Test, driver: string, options: StartOptions = {}) {
  const service = await startApp(t, {
    settings: { ...settings, ...options.settings },
    senders: options.senders ?? [taker(driver)],
  })
  const sent = await service.post('/auth/request-otp', person)
  const report = (body: object | string, signing = {}) =>
    service.post('/webhooks/delivery', undefined, webhookReport(body, signing))
  const callBack = (parameters: Record<string, string>, signing = {}) =>
    service.post('/webhooks/twilio', undefined, twilioReport(parameters, signing))
  await eventsOf(t, service, 1)
  return { service, sent, report, callBack }
}

/** The events of deliveries, when there are as many. */
async function eventsOf(t: Test, { database }: TestApp, count: number) {
  for (let wait = 0; wait < 200; wait += 1) {
    const events = await database.authEvent.findMany({
      where: { event: { startsWith: 'delivery_' } },
      orderBy: { id: 'asc' },
    })
    if (events.length === count) return events
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.fail(`there never were ${count} events of deliveries`)
  return []
}

const receiptsIn = (service: TestApp) => service.logged().match(/"msg":"receipt"/g)?.length ?? 0

t.test('a delivery leaves its event: who took the message, under which id, and nothing personal', async (t) => {
  const { service, sent } = await start(t, 'webhook')
  const [event] = await eventsOf(t, service, 1)
  t.match(event, {
    event: 'delivery_accepted',
    driver: 'webhook',
    messageId: 'webhook-1',
    channel: 'sms',
    country: 'IN',
    requestId: sent.headers['x-request-id'],
    network: '127.0.0.0/24',
  })
  const issued = await service.database.authEvent.findFirstOrThrow({ where: { event: 'authn_token_created' } })
  t.strictSame(event?.identifierHash, issued.identifierHash, 'found with the other events of the number')

  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  const [, mail] = await eventsOf(t, service, 2)
  t.match(mail, { event: 'delivery_accepted', channel: 'email', country: null, messageId: 'webhook-2' })
  const [all] = await service.database.$queryRaw<
    { text: string }[]
  >`SELECT string_agg(e::text, ' ') AS text FROM auth_events e`
  t.notMatch(all?.text, /9876543210|asha/)
})

t.test('a delivery that failed leaves its outcome', async (t) => {
  const failing = (error: Error): Sender => ({ name: 'a', send: () => Promise.reject(error) })
  const refused = await start(t, '', { senders: [failing(new DeliveryRefused('no'))] })
  t.match(await eventsOf(t, refused.service, 1), [{ event: 'delivery_refused', driver: null, messageId: null }])
  const uncertain = await start(t, '', { senders: [failing(new Error('garbage'))] })
  t.match(await eventsOf(t, uncertain.service, 1), [{ event: 'delivery_uncertain', channel: 'sms', country: 'IN' }])
})

t.test('an event that cannot be written fails no send, and the end of the service waits for it', async (t) => {
  const losing = await startApp(t, { senders: [{ name: 'x'.repeat(33), send: async () => ({}) }] })
  t.equal((await losing.post('/auth/request-otp', person)).status, 200)
  await losing.app.close()
  t.match(losing.logged(), /the event of a delivery could not be written/)

  const strict = await startApp(t, {
    settings: { ACCOUNT_DISCLOSURE: 'strict' },
    senders: [
      { name: 'slow', send: () => new Promise((resolve) => setTimeout(resolve, 100, { messageId: 'slow-1' })) },
    ],
  })
  await strict.database.$executeRaw`INSERT INTO users (id, phone) VALUES (gen_random_uuid(), '+919876543210')`
  await strict.post('/api/auth/send-otp', { mobile_number: '9876543210', mode: 'login' })
  await strict.app.close()
  t.equal(await strict.database.authEvent.count({ where: { event: 'delivery_accepted' } }), 1)
})

t.test('a gateway reports how a message ended: written and counted once', async (t) => {
  const { service, report } = await start(t, 'webhook')
  const delivered = { message_id: 'webhook-1', status: 'delivered' }
  const answers = await Promise.all(Array.from({ length: 8 }, () => report(delivered)))
  t.ok(answers.every(({ status, text }) => status === 204 && text === ''))
  const [accepted, confirmed] = await eventsOf(t, service, 2)
  t.match(confirmed, {
    event: 'delivery_confirmed',
    driver: 'webhook',
    messageId: 'webhook-1',
    channel: 'sms',
    country: 'IN',
    detail: null,
  })
  t.strictSame(confirmed?.identifierHash, accepted?.identifierHash)
  t.not(confirmed?.requestId, accepted?.requestId)
  t.equal((await report({ ...delivered, status: 'failed' })).status, 204, 'another end is answered alike')
  await eventsOf(t, service, 2)
  t.equal(receiptsIn(service), 1)
  t.match(service.logged(), /"channel":"sms","country":"IN","driver":"webhook","status":"delivered","msg":"receipt"/)
  const counted = 'latchkey_receipts_total{channel="sms",country="IN",driver="webhook",status="delivered"} 1'
  t.ok((await service.get('/metrics')).text.includes(counted))
})

t.test('a mail is counted for no country', async (t) => {
  const { service, report } = await start(t, 'webhook')
  await service.post('/auth/request-otp', { email: 'asha@example.com' })
  await eventsOf(t, service, 2)
  t.equal((await report({ message_id: 'webhook-2', status: 'delivered' })).status, 204)
  const counted = 'latchkey_receipts_total{channel="email",country="none",driver="webhook",status="delivered"} 1'
  t.ok((await service.get('/metrics')).text.includes(counted))
})

t.test('the reason of a failure is kept without numbers and addresses', async (t) => {
  const { service, report } = await start(t, 'webhook')
  const reason = 'no route to +919876543210 for asha@example.com'
  t.equal((await report({ message_id: 'webhook-1', status: 'failed', reason })).status, 204)
  const [, failed] = await eventsOf(t, service, 2)
  t.match(failed, { event: 'delivery_failed', detail: 'no route to <number> for <email>' })
})

t.test('a reason that grows where numbers and addresses are hidden is kept as far as it fits', async (t) => {
  const reasons = {
    numbers: '123456 '.repeat(28).trim(),
    addresses: 'a@b.co '.repeat(28).trim(),
    'characters of two units': `${'123456 '.repeat(20)}${'🙂'.repeat(60)}`,
  }
  for (const [name, reason] of Object.entries(reasons)) {
    const { service, report } = await start(t, 'webhook')
    t.equal((await report({ message_id: 'webhook-1', status: 'failed', reason })).status, 204, name)
    const [, failed] = await eventsOf(t, service, 2)
    t.equal([...String(failed?.detail)].length, 200, name)
    t.notMatch(failed?.detail, /\d|@|\uFFFD/, name)
  }
})

t.test('a message that is not ours, or another driver’s, is 404 and leaves nothing', async (t) => {
  const { service, report } = await start(t, 'other')
  t.match(await report({ message_id: 'webhook-1', status: 'delivered' }), { status: 404, body: { code: 'not_found' } })
  t.match(await report({ message_id: 'other-1', status: 'delivered' }), { status: 404 })
  await eventsOf(t, service, 1)
})

t.test('only who has the secret may report, about what was signed, within five minutes', async (t) => {
  const { service, report } = await start(t, 'webhook')
  const body = { message_id: 'webhook-1', status: 'delivered' }
  const good = webhookReport(body)
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000)
  const refused = {
    'another secret': webhookReport(body, { secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }),
    'six minutes old': webhookReport(body, { at: ago(360) }),
    'six minutes early': webhookReport(body, { at: ago(-360) }),
    'another body': { ...good, payload: JSON.stringify({ ...body, status: 'failed' }) },
    'another id': { ...good, headers: { ...good.headers, 'webhook-id': 'msg_other' } },
    'another time': {
      ...good,
      headers: { ...good.headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 9) },
    },
    'no signature': { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
    'another version': {
      ...good,
      headers: {
        ...good.headers,
        'webhook-signature': String(good.headers?.['webhook-signature']).replace('v1', 'v2'),
      },
    },
    'no body': { headers: { ...good.headers } },
    'no headers': { payload: body },
    'no time': { ...good, headers: { ...good.headers, 'webhook-timestamp': 'now' } },
  }
  for (const [name, request] of Object.entries(refused)) {
    const answer = await service.post('/webhooks/delivery', undefined, request)
    t.match(answer, { status: 403, body: { code: 'forbidden' } }, name)
  }
  await eventsOf(t, service, 1)

  const headers = { ...good.headers, 'webhook-signature': `v1,bm8= v2,bm8= ${good.headers?.['webhook-signature']}` }
  t.equal((await service.post('/webhooks/delivery', undefined, { ...good, headers })).status, 204, 'one of several')
  t.equal((await report(body, { at: ago(290) })).status, 204, 'a little late')
  await eventsOf(t, service, 2)
})

t.test('what a gateway may write is narrow', async (t) => {
  const { report } = await start(t, 'webhook')
  const body = { message_id: 'webhook-1', status: 'delivered' }
  for (const wrong of [
    {},
    { ...body, status: 'sent' },
    { ...body, more: 1 },
    { ...body, message_id: 'a b' },
    { ...body, message_id: 'a'.repeat(256) },
    { ...body, reason: '' },
    { ...body, reason: '\u0000' },
    [],
    'null',
    '{',
  ]) {
    t.match(await report(wrong), { status: 400, body: { code: 'validation_failed' } }, JSON.stringify(wrong))
  }
  t.equal((await report('a'.repeat(17_000))).status, 413)
})

const sid = 'twilio-1'

t.test('Twilio reports by a form that it signs: the first final status stands', async (t) => {
  const { service, callBack } = await start(t, 'twilio')
  const parameters = {
    MessageSid: sid,
    AccountSid: 'AC1',
    To: '+919876543210',
    From: '+1 500',
    ApiVersion: '',
    Zürich: 'ü',
  }
  for (const MessageStatus of ['queued', 'sent', 'delivered', 'delivered', 'undelivered', 'sent']) {
    t.equal((await callBack({ ...parameters, MessageStatus })).status, 204, MessageStatus)
  }
  const [, confirmed] = await eventsOf(t, service, 2)
  t.match(confirmed, { event: 'delivery_confirmed', driver: 'twilio', messageId: sid, detail: null })
  t.equal(receiptsIn(service), 1)
  t.equal((await callBack({ MessageSid: 'SM9', MessageStatus: 'failed' })).status, 204, 'of nobody')
  await eventsOf(t, service, 2)
})

t.test('Twilio is told where to report, and its report finds the message', async (t) => {
  const sid = `SM${'a'.repeat(32)}`
  const provider = await startGateway(t, (response) => response.writeHead(201).end(JSON.stringify({ sid })))
  const own = { ...settings, SMS_DRIVERS: 'twilio', TWILIO_BASE_URL: provider.origin }
  const senders = createSenders(testConfig(own).delivery, () => {}, twilioStatusCallback(publicUrl))
  t.teardown(() => closeSenders(senders))
  const { service, callBack } = await start(t, 'twilio', { settings: own, senders: senders.sms })
  const form = new URLSearchParams(provider.requests[0]?.body)
  t.equal(form.get('StatusCallback'), `${publicUrl}/webhooks/twilio`)
  await callBack({ MessageSid: sid, MessageStatus: 'delivered' })
  t.match((await eventsOf(t, service, 2))[1], { event: 'delivery_confirmed', messageId: sid })

  const silent = createSenders(testConfig(own).delivery, () => {}, twilioStatusCallback(undefined))
  t.teardown(() => closeSenders(silent))
  await startApp(t, { settings: own, senders: silent.sms }).then((app) => app.post('/auth/request-otp', person))
  t.notMatch(provider.requests[1]?.body, /StatusCallback/, 'nowhere, where we do not know how we are reached')
})

t.test('Twilio’s failures keep its error code', async (t) => {
  for (const [parameters, detail] of [
    [{ MessageStatus: 'undelivered', ErrorCode: '30005' }, 'undelivered 30005'],
    [{ MessageStatus: 'failed', ErrorCode: '' }, 'failed'],
    [{ MessageStatus: 'failed' }, 'failed'],
  ] as const) {
    const { service, callBack } = await start(t, 'twilio')
    await callBack({ MessageSid: sid, ...parameters })
    t.match((await eventsOf(t, service, 2))[1], { event: 'delivery_failed', detail })
  }
})

t.test('only Twilio may call Twilio’s route', async (t) => {
  const { service, callBack } = await start(t, 'twilio')
  const parameters = { MessageSid: sid, MessageStatus: 'delivered' }
  const good = twilioReport(parameters)
  const refused = {
    'another token': twilioReport(parameters, { token: 'x' }),
    'another address': twilioReport(parameters, { url: `https://elsewhere.example/webhooks/twilio` }),
    'another status': { ...good, payload: 'MessageSid=twilio-1&MessageStatus=failed' },
    'one more parameter': { ...good, payload: `${good.payload}&ErrorCode=1` },
    'no signature': { ...good, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    'no body': { headers: { 'x-twilio-signature': 'x' } },
    'an empty body': { ...good, payload: '' },
  }
  for (const [name, request] of Object.entries(refused)) {
    t.match(
      await service.post('/webhooks/twilio', undefined, request),
      { status: 403, body: { code: 'forbidden' } },
      name,
    )
  }
  const form = (payload: string | Buffer, type = 'application/x-www-form-urlencoded') =>
    service.post('/webhooks/twilio', undefined, { payload, headers: { 'content-type': type } })
  const invalid = {
    'a parameter twice': `${good.payload}&MessageStatus=failed`,
    'no UTF-8': Buffer.from([0x61, 0x3d, 0xff]),
    'no UTF-8, escaped': 'a=%FF',
  }
  for (const [name, payload] of Object.entries(invalid)) {
    t.match(await form(payload), { status: 400, body: { code: 'validation_failed' } }, name)
  }
  t.equal((await form('a=1', 'application/json')).status, 415)
  t.equal((await form('a=1', 'application/x-www-form-urlencoded; charset=latin1')).status, 415)
  t.equal((await form(`a=${'b'.repeat(17_000)}`)).status, 413)
  t.match(await callBack({ MessageStatus: 'delivered' }), { status: 400, body: { errors: ['MessageSid is required'] } })
  t.match(await callBack({ MessageSid: sid, MessageStatus: 'Delivered!' }), { status: 400 })
  await eventsOf(t, service, 1)
})

// The example of Twilio's documentation ("Validating requests are coming from Twilio").
t.test('the signature is the one that Twilio documents', async (t) => {
  const parameters = {
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675310',
    Digits: '1234',
    From: '+14158675310',
    To: '+18005551212',
  }
  t.equal(
    twilioSignature('12345', 'https://example.com/myapp.php?foo=1&bar=2', parameters),
    'L/OH5YylLD5NRKLltdqwSvS0BnU=',
  )
})

t.test('a busy provider is not held back, a forger is', async (t) => {
  const { service, report, callBack } = await start(t, 'webhook', { settings: { FLOOD_PER_MINUTE: '3' } })
  const body = { message_id: 'webhook-1', status: 'delivered' }
  for (let call = 0; call < 10; call += 1) t.equal((await report(body)).status, 204)
  const forged: number[] = []
  for (let call = 0; call < 5; call += 1) forged.push((await report(body, { secret: 'Zm9yZ2Vk' })).status)
  t.strictSame(forged, [403, 403, 403, 429, 429])
  const answer = await callBack({ MessageSid: sid, MessageStatus: 'sent' }, { token: 'x' })
  t.match(answer, { status: 429, body: { code: 'rate_limited' } }, 'both routes count together')
  t.ok(Number(answer.headers['retry-after']) >= 1)
  const elsewhere = await service.post('/webhooks/delivery', undefined, {
    ...webhookReport(body),
    remoteAddress: '203.0.113.9',
  })
  t.equal(elsewhere.status, 204)
  t.equal((await service.get('/health/live')).status, 200, 'what is no report is counted by itself')
})

t.test('the routes are there where their driver is, and Twilio’s where PUBLIC_URL is known', async (t) => {
  const none = await startApp(t)
  for (const path of ['delivery', 'twilio']) {
    t.equal((await none.post(`/webhooks/${path}`, {})).status, 404)
  }
  const { PUBLIC_URL: _, ...withoutUrl } = settings
  const webhookAlone = await startApp(t, { settings: withoutUrl })
  t.equal((await webhookAlone.post('/webhooks/delivery', {})).status, 403)
  t.equal((await webhookAlone.post('/webhooks/twilio', {})).status, 404)
})

t.test('both routes stand in the OpenAPI document, with examples', async (t) => {
  for (const [path, type] of [
    ['/webhooks/delivery', 'application/json'],
    ['/webhooks/twilio', 'application/x-www-form-urlencoded'],
  ] as const) {
    const { requestBody, responses, tags } = Object(openApi.paths[path]?.['post'])
    t.strictSame(tags, ['Delivery receipts'])
    t.ok(requestBody.content[type].examples, `${path} has examples`)
    t.match(Object.keys(responses), ['204', '400', '403'])
  }
})

t.test('a report is found by an index', async (t) => {
  const { service } = await start(t, 'webhook')
  await service.database.$executeRawUnsafe(
    `INSERT INTO auth_events (event, driver, message_id) SELECT 'delivery_accepted', 'webhook', 'm' || n FROM generate_series(1, 5000) n`,
  )
  const plan = await service.database.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(
    `EXPLAIN SELECT channel FROM auth_events WHERE event = 'delivery_accepted' AND message_id = 'm7' AND driver = 'webhook' ORDER BY id DESC LIMIT 1`,
  )
  t.match(JSON.stringify(plan), /auth_events_accepted_idx/)
})
