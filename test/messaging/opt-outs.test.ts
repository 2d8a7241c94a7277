// STOP: told once by the provider, answered with its reason, and nobody is asked to try that number for a day.
import t, { type Test } from 'tap'
import { type Message, RecipientOptedOut, type Sender } from '../../src/messaging/sender.js'
import { type StartOptions, startApp, type TestApp } from '../support/app.js'
import { publicUrl, twilioReport, twilioToken, webhookReport, webhookSecret } from '../support/receipts.js'
import { join } from '../users/people.js'

const stopped = '+919876543210'
const body = { phonePrefix: '+91', phone: '9876543210' }
const refusal = { status: 502, body: { code: 'delivery_failed', reason: 'recipient_opted_out', errors: [/START/] } }

/** A provider that some numbers have told to stop. */
async function start(t: Test, options: StartOptions = {}) {
  const tried: Message[] = []
  const optedOut = new Set([stopped])
  const sender: Sender = {
    name: 'webhook',
    async send(message) {
      tried.push(message)
      if (optedOut.has(message.to)) throw new RecipientOptedOut('stop')
      return { messageId: `id-${tried.length}` }
    },
  }
  const service = await startApp(t, { ...options, senders: [sender] })
  const lastCode = (to: string) => tried.findLast((message) => message.to === to)?.code ?? ''
  return { service, tried, optedOut, lastCode }
}

const forgetAfterADay = ({ database }: TestApp) =>
  database.limitCounter.updateMany({ where: { key: { startsWith: 'opted_out:' } }, data: { expiresAt: new Date(0) } })

t.test('a number that said stop is told so, is not tried for a day, and costs nothing meanwhile', async (t) => {
  const { service, tried, optedOut } = await start(t)
  t.match(await service.post('/auth/request-otp', body), refusal)
  t.equal(tried.length, 1)
  for (const url of ['/auth/request-otp', '/api/auth/send-otp']) {
    t.match(await service.post(url, url.startsWith('/api') ? { mobile_number: '9876543210' } : body), refusal)
  }
  t.equal(tried.length, 1, 'nobody was asked')
  t.match(await service.database.identifierLimit.findFirst(), { hourSends: 0, daySends: 0, refusedSends: 1 })
  const [row] = await service.database.limitCounter.findMany({ where: { key: { startsWith: 'opted_out:' } } })
  t.notMatch(row?.key, /9876543210/)
  t.match((await service.get('/metrics')).text, /latchkey_sends_total\{[^}]*limit="opt_out"[^}]*\} 2|opt_out/)
  t.equal((await service.post('/auth/request-otp', { ...body, phone: '9876543211' })).status, 200, 'others are')

  await forgetAfterADay(service)
  optedOut.clear()
  t.equal((await service.post('/auth/request-otp', body)).status, 200, 'who has changed their mind')
  t.equal(tried.length, 3)
})

t.test('strict mode tells nobody, and tries nobody', async (t) => {
  const { service, tried } = await start(t, { settings: { ACCOUNT_DISCLOSURE: 'strict' } })
  t.equal((await service.post('/auth/request-otp', body)).status, 200)
  while (!(await service.database.limitCounter.findFirst({ where: { key: { startsWith: 'opted_out:' } } })));
  await service.database.otp.updateMany({ data: { resendAt: new Date(0) } })
  t.equal((await service.post('/auth/request-otp', body)).status, 200)
  await service.app.close()
  t.equal(tried.length, 1)
})

t.test('a notice of a change is not tried either', async (t) => {
  const { service, tried, optedOut, lastCode } = await start(t)
  optedOut.clear()
  const person = await join({ ...service, lastCode } as TestApp, stopped)
  optedOut.add(stopped)
  const change = async (email: string) => {
    await person.post('/users/me/identifiers', { email })
    t.equal((await person.post('/users/me/identifiers/verify', { email, otp: lastCode(email) })).status, 200)
  }
  const toNumber = () => tried.filter(({ to }) => to === stopped).length
  await change('asha@example.com')
  while (toNumber() < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  while (!(await service.database.limitCounter.findFirst({ where: { key: { startsWith: 'opted_out:' } } })));
  t.equal((await person.delete('/users/me/identifiers/email')).status, 200)
  await change('asha@example.com')
  await service.app.close()
  t.equal(toNumber(), 2, 'the first notice found it out')
})

t.test('what providers report later counts as well', async (t) => {
  const settings = {
    SMS_DRIVERS: 'webhook,twilio',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: twilioToken,
    TWILIO_FROM: '+15005550006',
    SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
    SENDER_WEBHOOK_SECRET: webhookSecret,
    PUBLIC_URL: publicUrl,
  }
  for (const driver of ['webhook', 'twilio']) {
    const messageId = `SM${'a'.repeat(32)}`
    const taker: Sender = { name: driver, send: async () => ({ messageId }) }
    const service = await startApp(t, { settings, senders: [taker] })
    t.equal((await service.post('/auth/request-otp', body)).status, 200)
    const report =
      driver === 'twilio'
        ? service.post(
            '/webhooks/twilio',
            undefined,
            twilioReport({ MessageSid: messageId, MessageStatus: 'failed', ErrorCode: '21610' }),
          )
        : service.post(
            '/webhooks/delivery',
            undefined,
            webhookReport({ message_id: messageId, status: 'failed', reason: 'recipient_opted_out' }),
          )
    t.equal((await report).status, 204)
    t.match(await service.post('/auth/request-otp', body), refusal, driver)
  }
})
