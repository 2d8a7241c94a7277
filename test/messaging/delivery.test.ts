// Delivery: the drivers that the settings name, the console, and what a failed delivery costs.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { createConsoleSender } from '../../src/messaging/drivers/console.js'
import { closeSenders, createSenders } from '../../src/messaging/drivers.js'
import { DeliveryRefused, type Message, type Sender } from '../../src/messaging/sender.js'
import { startApp, testConfig } from '../support/app.js'
import { outcomeOf } from '../support/messages.js'

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

const refuses = (name: string): Sender => ({ name, send: () => Promise.reject(new DeliveryRefused('no')) })
const breaks = (name: string): Sender => ({ name, send: () => Promise.reject(new Error('garbage')) })

t.test('the console shows the code', async (t) => {
  const shown: string[] = []
  await createConsoleSender((text) => shown.push(text)).send({ ...message, text: 'one\ntwo' }, AbortSignal.timeout(100))
  await createConsoleSender((text) => shown.push(text)).send(
    { ...message, channel: 'email', subject: 'Code', html: '<p>Code</p>' },
    AbortSignal.timeout(100),
  )
  t.match(shown[0], /SMS to \+919876543210/)
  t.match(shown[0], /Code 123456/)
  t.match(shown[0], /│ one +│\n│ two +│\n/, 'each line within the frame')
  t.match(shown[1], /Email to/)
  const { code, expiresIn, ...notice } = message
  await createConsoleSender((text) => shown.push(text)).send(notice, AbortSignal.timeout(100))
  t.match(shown[2], /Notice/)
  t.notMatch(shown[2], /undefined/)
})

t.test('the settings name the drivers and their order', async (t) => {
  const settings = {
    SMS_DRIVERS: 'webhook,twilio,console',
    EMAIL_DRIVERS: 'smtp,console,webhook',
    SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
    SENDER_WEBHOOK_SECRET: `whsec_${key.toString('base64')}`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: '0123456789abcdef'.repeat(2),
    TWILIO_FROM: '+15005550006',
    SMTP_URL: 'smtp://127.0.0.1:9',
    EMAIL_FROM: 'codes@example.com',
  }
  const senders = createSenders(testConfig(settings).delivery, () => {})
  const names = { sms: senders.sms.map(({ name }) => name), email: senders.email.map(({ name }) => name) }
  t.strictSame(names, { sms: ['webhook', 'twilio', 'console'], email: ['smtp', 'console', 'webhook'] })
  await closeSenders(senders)
  for (const sender of [senders.sms[0], senders.email[0]]) {
    t.equal((await sender?.send(message, AbortSignal.timeout(1_000)).catch((error) => error)) instanceof Error, true)
  }
})

t.test('where there is no other driver to try, a connection has nearly the whole time of a delivery', async (t) => {
  const slow = createServer((socket) => {
    const greeting = setTimeout(() => socket.write('220 here\r\n'), 2_300)
    socket.on('error', () => {}).on('close', () => clearTimeout(greeting))
    socket.on('data', (chunk) => socket.write(/^DATA/.test(chunk.toString()) ? '354 go on\r\n' : '250 fine\r\n'))
  }).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  t.teardown(() => slow.close())
  const { port } = slow.address() as AddressInfo
  const mail: Message = { ...message, channel: 'email', to: 'ada@example.com', subject: 'Code', html: '<p>Code</p>' }
  const settings = { SMTP_URL: `smtp://127.0.0.1:${port}`, EMAIL_FROM: 'codes@example.com' }
  const outcomes = ['smtp', 'smtp,console'].map(async (EMAIL_DRIVERS) => {
    const senders = createSenders(testConfig({ ...settings, EMAIL_DRIVERS }).delivery, () => {})
    t.teardown(() => closeSenders(senders))
    return outcomeOf(senders.email[0]?.send(mail, AbortSignal.timeout(5_000)) ?? Promise.resolve())
  })
  t.strictSame(await Promise.all(outcomes), ['accepted', 'refused'])
  const routes = new Map([['*', ['webhook']]])
  const { delivery } = testConfig({ ...settings, EMAIL_DRIVERS: 'smtp' })
  t.equal(createSenders({ ...delivery, smsRoutes: routes }, () => {}).sms.length, 1)
})

t.test(
  'a failed delivery is 502; a definite refusal costs nothing, one that may have gone out keeps its count',
  async (t) => {
    const refusing = await startApp(t, { senders: [refuses('a')] })
    for (let send = 0; send < 7; send++) {
      const answer = await refusing.post('/auth/request-otp', { email: 'a@example.com' })
      t.match([answer.status, answer.body.code], [502, 'delivery_failed'])
    }
    t.match(await refusing.database.identifierLimit.findFirst(), { hourSends: 0, daySends: 0 })
    t.match(refusing.logged(), /"driver":"a","channel":"email","state":"open","msg":"delivery circuit"/)
    t.match((await refusing.get('/metrics')).text, /latchkey_driver_rests_total\{channel="email",driver="a"\} 1/)

    const breaking = await startApp(t, { senders: [breaks('a')] })
    t.equal((await breaking.post('/auth/request-otp', { email: 'a@example.com' })).status, 502)
    t.equal((await breaking.post('/auth/request-otp', { email: 'a@example.com' })).status, 429)
    t.match(await breaking.database.identifierLimit.findFirst(), { hourSends: 1 })
    t.match(breaking.logged(), /delivery attempt failed/)
  },
)

t.test('the routes of the settings decide who sends an SMS', async (t) => {
  const settings = {
    SMS_DRIVERS: 'webhook,console',
    SMS_ROUTES: 'IN:console',
    SENDER_WEBHOOK_URL: 'http://127.0.0.1:9/',
    SENDER_WEBHOOK_SECRET: `whsec_${key.toString('base64')}`,
  }
  const taken: Message[] = []
  const last: Sender = {
    name: 'console',
    send: async (message) => {
      taken.push(message)
      return {}
    },
  }
  const { post, logged } = await startApp(t, { settings, senders: [breaks('webhook'), last] })
  t.equal((await post('/api/auth/send-otp', { mobile_number: '9876543210' })).status, 200)
  t.match(taken, [{ to: '+919876543210', country: 'IN' }])
  t.notMatch(logged(), /delivery attempt failed/)
})
