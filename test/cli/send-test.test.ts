// send-test: one message through real drivers, and what is told of each.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { testSecrets } from '../support/app.js'
import { runCommand } from '../support/command.js'
import { startGateway } from '../support/gateway.js'
import { webhookSecret } from '../support/receipts.js'

const phone = '+919876543210'

/** A gateway that answers each message with that status. */
async function startWith(t: Test, status: number) {
  const { requests, origin, close } = await startGateway(t, (response) => response.writeHead(status).end())
  const messages = () => requests.map(({ headers, body }) => ({ ...JSON.parse(body), id: headers['webhook-id'] }))
  return { url: `${origin}/`, close, messages }
}

const environmentOf = (url: string, more: Record<string, string> = {}) => ({
  NODE_ENV: 'test',
  DATABASE_URL: 'postgresql://127.0.0.1:1/none',
  SMS_DRIVERS: 'webhook,console',
  EMAIL_DRIVERS: 'webhook',
  SENDER_WEBHOOK_URL: url,
  SENDER_WEBHOOK_SECRET: webhookSecret,
  ...testSecrets,
  ...more,
})

function run(words: string[], environment: Record<string, string>) {
  return runCommand(['send-test', ...words], { environment })
}

t.test('the driver that takes it is told, with its time and its id', async (t) => {
  const { url, messages } = await startWith(t, 202)
  const sms = await run([phone], environmentOf(url))
  t.match(sms, { code: 0, errors: [] })
  t.equal(sms.output[0], `sms to ${phone}`)
  t.match(sms.output[1], new RegExp(`^webhook: took it after [0-9]+ ms, message id ${messages()[0].id}$`))
  t.equal(sms.output.length, 2)
  t.match(messages(), [{ to: phone, channel: 'sms', code: '000000', locale: 'en', expires_in: 300 }])

  t.equal((await run([phone, '--locale', 'hi'], environmentOf(url))).code, 0)
  t.match(messages().pop(), { locale: 'hi' })

  const mail = await run(['Asha@Example.com'], environmentOf(url, { OTP_LENGTH: '8' }))
  t.match(mail, { code: 0, output: ['email to asha@example.com', /^webhook: took it/] })
  t.match(messages().at(-1), { to: 'asha@example.com', channel: 'email', code: '00000000' })
})

t.test('the routes of the settings hold, unless a driver is named', async (t) => {
  const { url, messages } = await startWith(t, 202)
  const environment = environmentOf(url, { SMS_ROUTES: 'IN:console' })
  t.match((await run([phone], environment)).output.at(-1), /^console: took it/)
  t.equal(messages().length, 0)
  t.match((await run([phone, '--driver', 'webhook'], environment)).output.at(-1), /^webhook: took it/)
})

t.test('each driver that fails is told, with its reason', async (t) => {
  const { url, messages } = await startWith(t, 401)
  const next = await run([phone], environmentOf(url))
  t.equal(next.code, 0)
  t.match(next.output[1], /^webhook: refused it after [0-9]+ ms: .*401/)
  t.match(next.output.slice(2, -1).join('\n'), /Code 000000/, 'what console shows')
  t.match(next.output.at(-1), /^console: took it after [0-9]+ ms, message id none$/)

  const alone = await run([phone, '--driver', 'webhook'], environmentOf(url))
  t.match(alone, { code: 1, errors: [], output: [`sms to ${phone}`, /refused it/, 'No driver took it'] })
  t.equal(messages().length, 2)

  const broken = await startWith(t, 500)
  const uncertain = await run([phone, '--driver=webhook'], environmentOf(broken.url))
  t.match(uncertain, { code: 1, output: [/^sms/, /^webhook: may have sent it, but failed after/, /may still arrive$/] })

  await broken.close()
  const nowhere = await run([phone, '--driver=webhook'], environmentOf(broken.url))
  t.match(nowhere, { code: 1, output: [/^sms/, /^webhook: refused it .*ECONNREFUSED/, 'No driver took it'] })
})

t.test('what cannot be sent is said in one line, before anything is', async (t) => {
  const { url, messages } = await startWith(t, 202)
  const refusals: [string[], Record<string, string>, RegExp, number?][] = [
    [[], {}, /^Missing: PHONE\|EMAIL; latchkey send-test --help explains it$/],
    [[phone, phone], {}, /^One word too many: .* What is taken: PHONE\|EMAIL$/],
    [['9876543210'], {}, /^phone must be a valid number in E\.164/],
    [['asha@'], {}, /^email must be a valid email address$/],
    [['+91987654321'], {}, /^phone must be a valid number in E\.164/],
    [['+0'], {}, /^That is no PHONE or EMAIL; what is taken: a phone in E\.164/],
    [['+14155550123'], {}, /^phone is of a country that is not supported here$/],
    [['+911123456789'], {}, /^phone must be a mobile number$/],
    [['a@example.com'], { CHANNELS: 'sms' }, /^email is not accepted here$/],
    [[phone], { CHANNELS: 'email' }, /^phone is not accepted here$/],
    [[phone, '--driver', 'twilio'], {}, /^--driver must be one of the channel's: webhook, console$/],
    [[phone, '--locale', 'tlh'], {}, /^--locale must be one of .*en/],
    [[phone, '--loud'], {}, /^Unknown option --loud; --help lists what there is$/],
    [[phone], { OTP_LENGTH: '3' }, /^OTP_LENGTH must be/, 1],
  ]
  for (const [words, settings, line, code = 2] of refusals) {
    t.match(await run(words, environmentOf(url, settings)), { code, output: [], errors: [line] }, words.join(' '))
  }
  t.equal(messages().length, 0)
})

t.test('a program of its own', async (t) => {
  const environment = { ...process.env, ...environmentOf('http://127.0.0.1:1/') }
  const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js')
  const args = [main, 'send-test', phone, '--driver=console']
  const { status, stdout } = spawnSync(process.execPath, args, { env: environment, encoding: 'utf8' })
  t.equal(status, 0)
  t.match(stdout, /console: took it/)
})
