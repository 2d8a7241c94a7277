// The settings of drivers and routes: what is required of the drivers in use, and what is refused wherever it is set.
import t from 'tap'
import { parseConfig } from '../../src/config/config.js'
import { parseMailbox } from '../../src/config/formats.js'
import { newPrivateKey } from '../support/app.js'
import { problemsThrownBy } from '../support/problems.js'

const base = {
  DATABASE_URL: 'postgresql://user:password@db.internal/latchkey',
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: 'Zx9!a secret that must never be printed 0123456789',
}
const webhook = {
  SENDER_WEBHOOK_URL: 'https://gateway.internal/codes',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
}
const twilio = {
  TWILIO_ACCOUNT_SID: `AC${'0a'.repeat(16)}`,
  TWILIO_AUTH_TOKEN: '0123456789abcdef'.repeat(2),
  TWILIO_FROM: '+15005550006',
}
const smtp = { SMTP_URL: 'smtp://app:p%40ss@mail.example.com', EMAIL_FROM: 'Latchkey <codes@example.com>' }
const production = { ...base, ...webhook, ...twilio, ...smtp, SMS_DRIVERS: 'twilio,webhook', EMAIL_DRIVERS: 'smtp' }

const problemsOf = (environment: Record<string, string | undefined>) => problemsThrownBy(() => parseConfig(environment))

t.test('drivers get their settings, in the order of their channel', async (t) => {
  const { drivers, smsRoutes } = parseConfig(production).delivery
  t.strictSame(drivers.email, [
    {
      name: 'smtp',
      host: 'mail.example.com',
      port: 587,
      security: 'starttls',
      login: { user: 'app', pass: 'p@ss' },
      from: { name: 'Latchkey', address: 'codes@example.com' },
    },
  ])
  t.match(drivers.sms, [
    {
      name: 'twilio',
      accountSid: twilio.TWILIO_ACCOUNT_SID,
      authToken: twilio.TWILIO_AUTH_TOKEN,
      origin: 'https://api.twilio.com',
      sender: { From: '+15005550006' },
    },
    { name: 'webhook', url: webhook.SENDER_WEBHOOK_URL },
  ])
  t.equal(smsRoutes.size, 0)
})

t.test('a driver without its settings stops the start, each named', async (t) => {
  const missing = { ...base, SMS_DRIVERS: 'twilio,webhook', EMAIL_DRIVERS: 'smtp' }
  t.strictSame(
    problemsOf(missing)
      .map((line) => line.split(' ')[0])
      .sort(),
    [
      'EMAIL_FROM',
      'SENDER_WEBHOOK_SECRET',
      'SENDER_WEBHOOK_URL',
      'SMTP_URL',
      'TWILIO_ACCOUNT_SID',
      'TWILIO_AUTH_TOKEN',
      'TWILIO_FROM',
    ],
  )
  t.ok(problemsOf(missing).every((line) => /is required by the driver (smtp|twilio|webhook)$/.test(line)))
  t.strictSame(problemsOf({ ...base, ...webhook, SMS_DRIVERS: 'webhook', EMAIL_DRIVERS: 'webhook' }), [])
  t.strictSame(problemsOf({ ...missing, ...webhook, ...twilio, CHANNELS: 'sms' }), [], 'none of a channel that is off')
  const mail = { ...missing, ...smtp, CHANNELS: 'email', SMS_ROUTES: 'IN:webhook' }
  t.strictSame(parseConfig(mail).delivery.drivers.sms, [])
})

const long = 'x'.repeat(255)
const refused: [string, string][] = [
  ['SMS_DRIVERS', 'smtp'],
  ['EMAIL_DRIVERS', 'twilio'],
  ['SENDER_WEBHOOK_URL', 'http://gateway.internal/codes'],
  ['SENDER_WEBHOOK_SECRET', 'whsec_short'],
  ['TWILIO_ACCOUNT_SID', 'AC-value'],
  ['TWILIO_ACCOUNT_SID', `${twilio.TWILIO_ACCOUNT_SID}/../x`],
  ['TWILIO_AUTH_TOKEN', 'short-value'],
  ['TWILIO_FROM', '15005550006123456'],
  ['TWILIO_FROM', '+015005550006'],
  ['TWILIO_FROM', 'a name too long'],
  ['TWILIO_FROM', 'Bad&Name'],
  ['TWILIO_MESSAGING_SERVICE_SID', 'MG-value'],
  ['TWILIO_BASE_URL', 'http://twilio.internal-value'],
  ['TWILIO_BASE_URL', 'https://twilio.internal-value/path'],
  ['TWILIO_BASE_URL', 'https://user:value@twilio.internal'],
  ['TWILIO_BASE_URL', 'nonsense-value'],
  ['SMTP_URL', 'mail.example-value.com'],
  ['SMTP_URL', 'https://mail.example-value.com'],
  ['SMTP_URL', 'smtps://mail.example-value.com?tls.rejectUnauthorized=false'],
  ['SMTP_URL', 'smtps://mail.example-value.com#value'],
  ['SMTP_URL', 'smtps://mail.example-value.com/path'],
  ['SMTP_URL', 'smtps://user-value@mail.example.com'],
  ['SMTP_URL', 'smtps://:value@mail.example.com'],
  ['SMTP_URL', 'smtps://user:%E0%A4%A@mail.example.com'],
  ['SMTP_URL', 'smtp://mail example-value'],
  ['SMTP_URL', 'smtp://'],
  ['SMTP_NAME', 'not a name'],
  ['SMTP_NAME', '-example.com'],
  ['EMAIL_FROM', 'no address'],
  ['EMAIL_FROM', 'a@example.com, b@example-value.com'],
  ['EMAIL_FROM', 'Name <a@example-value.com>\nBcc: b@example.com'],
  ['EMAIL_FROM', `${long}@example.com`],
]

t.test(
  'each malformed setting is refused by name, also of drivers that are not in use, its value unprinted',
  async (t) => {
    const unused = { ...base, ...webhook, SMS_DRIVERS: 'webhook', EMAIL_DRIVERS: 'webhook' }
    for (const [name, value] of refused) {
      const environment = name === 'TWILIO_MESSAGING_SERVICE_SID' ? { ...production, TWILIO_FROM: '' } : production
      for (const others of [environment, unused]) {
        const problems = problemsOf({ ...others, [name]: value })
        const isNamed = problems.length > 0 && problems.every((line) => line.startsWith(`${name} `))
        t.ok(isNamed, `${name}=${value}: ${problems.join(' | ')}`)
        t.notOk(problems.some((line) => /[-.]value/.test(line)))
      }
    }
  },
)

t.test('Twilio sends from a number or from a messaging service, never from both', async (t) => {
  const service = `MG${'0a'.repeat(16)}`
  t.match(problemsOf({ ...production, TWILIO_MESSAGING_SERVICE_SID: service }), [/^TWILIO_FROM and .* keep one$/])
  const { delivery } = parseConfig({ ...production, TWILIO_FROM: '', TWILIO_MESSAGING_SERVICE_SID: service })
  t.match(delivery.drivers.sms[0], { sender: { MessagingServiceSid: service } })
  for (const from of ['56789', 'Latchkey', 'Acme 24'])
    t.strictSame(problemsOf({ ...production, TWILIO_FROM: from }), [], from)
  const { TWILIO_AUTH_TOKEN } = twilio
  t.match(problemsOf({ ...production, OTP_PEPPER: TWILIO_AUTH_TOKEN }), [/^TWILIO_AUTH_TOKEN must differ from/])
  const local = parseConfig({ ...production, TWILIO_BASE_URL: 'http://127.0.0.1:4010/' }).delivery.drivers.sms[0]
  t.match(local, { origin: 'http://127.0.0.1:4010' })
})

t.test('mail is sent over TLS, except to this machine', async (t) => {
  const servers = {
    'smtps://mail.example.com': { host: 'mail.example.com', port: 465, security: 'tls', login: undefined },
    'smtps://127.0.0.1:1465/': { host: '127.0.0.1', port: 1465, security: 'tls' },
    'smtp://mail.example.com:2525': { host: 'mail.example.com', port: 2525, security: 'starttls' },
    'smtp://127.0.0.1:1025': { host: '127.0.0.1', port: 1025, security: 'none' },
    'smtp://localhost': { host: 'localhost', port: 587, security: 'none' },
    'smtp://[::1]:25': { host: '::1', port: 25, security: 'none' },
    'smtp://127.1': { host: '127.1', security: 'starttls' },
    'smtp://localhost.example.com': { security: 'starttls' },
  }
  for (const [SMTP_URL, expected] of Object.entries(servers))
    t.match(parseConfig({ ...production, SMTP_URL }).delivery.drivers.email[0], expected, SMTP_URL)
})

t.test('a sender is one address, with or without a name', async (t) => {
  const address = 'codes@login.example.com'
  t.strictSame(parseMailbox(address), { name: '', address })
  t.strictSame(parseMailbox(`<${address}>`), { name: '', address })
  t.strictSame(parseMailbox(` Låtchkey & Co. <${address}> `), { name: 'Låtchkey & Co.', address })
  t.strictSame(parseMailbox(`"Latchkey, Inc." <${address}>`), { name: 'Latchkey, Inc.', address })
  for (const text of [
    '',
    'codes',
    'codes@',
    '@example.com',
    'codes@example.com.',
    'codes@-example.com',
    '.codes@example.com',
    'co des@example.com',
    '"co des"@example.com',
    'codes@exämple.com',
    'codes@[127.0.0.1]',
    'a@b@example.com',
    'a@example.com, b@example.com',
    'Team: a@example.com;',
    'A <a@example.com> B',
    'A, B <a@example.com>',
    'A <a@example.com>, B <b@example.com>',
    'A (comment) <a@example.com>',
    '"A" B <a@example.com>',
    'A\r\nBcc: b@example.com <a@example.com>',
  ])
    t.equal(parseMailbox(text), null, text)
})

t.test('routes name countries and drivers of their lists, each once', async (t) => {
  const routed = { ...production, SMS_COUNTRIES: 'IN,DE' }
  const { smsRoutes } = parseConfig({ ...routed, SMS_ROUTES: 'IN:webhook+twilio, *:twilio' }).delivery
  t.strictSame(
    [...smsRoutes],
    [
      ['IN', ['webhook', 'twilio']],
      ['*', ['twilio']],
    ],
  )
  for (const [routes, problem] of [
    ['IN:twilio,FR:twilio', /^SMS_ROUTES must name countries of SMS_COUNTRIES, or \*$/],
    ['in:twilio', /countries/],
    ['IN:console', /^SMS_ROUTES must name drivers of SMS_DRIVERS$/],
    ['IN:smtp', /drivers/],
    ['IN:pigeon', /drivers/],
    ['IN', /drivers/],
    ['IN:', /drivers/],
    ['IN:twilio+', /drivers/],
    ['IN:twilio,IN:webhook', /each country and each of its drivers once/],
    ['IN:twilio+twilio', /once/],
    ['IN:twilio:webhook', /such as/],
  ] as const) {
    const problems = problemsOf({ ...routed, SMS_ROUTES: routes })
    t.match(problems, [problem], routes)
  }
  t.equal(problemsOf({ ...routed, SMS_ROUTES: ',' }).length, 1, 'one line, whatever is wrong with it')
})
