// `latchkey doctor --outside`: what is said of each place that the settings lead to, and of each way in which it is not as it should be.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { outsideFindings } from '../../src/cli/doctor-outside.js'
import { parseConfig } from '../../src/config/config.js'
import { testSecrets } from '../support/app.js'
import { selfSignedCertificate } from '../support/certificate.js'
import { runCommand } from '../support/command.js'
import { startGateway } from '../support/gateway.js'
import { startMailServer } from '../support/mail-server.js'

const sid = `AC${'0a'.repeat(16)}`
const base = {
  ...testSecrets,
  NODE_ENV: 'test',
  DATABASE_URL: 'postgresql://127.0.0.1:9/none',
  SMS_DRIVERS: 'console',
  EMAIL_DRIVERS: 'console',
  TWILIO_ACCOUNT_SID: sid,
  TWILIO_AUTH_TOKEN: 'a-token-of-this-test-32-bytes-and-more',
  TWILIO_FROM: '+15005550006',
  EMAIL_FROM: 'codes@example.com',
  SENDER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
}

/** The lines, each after its state. */
async function examine(settings: Record<string, string>, ca?: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { state, line, hint } of outsideFindings(parseConfig({ ...base, ...settings }), ca)) {
    lines.push(`${state}: ${line}${hint === undefined ? '' : ` → ${hint}`}`)
  }
  return lines
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

t.test('the mail server', async (t) => {
  const smtp = (url: string, ca?: string) => examine({ EMAIL_DRIVERS: 'smtp', SMTP_URL: url }, ca)
  const certificate = selfSignedCertificate()
  const onAuth = ({ username, password }: Record<string, unknown>, _session: unknown, callback: CallableFunction) =>
    username === 'me' && password === 'right' ? callback(null, { user: 'me' }) : callback(new Error('Invalid login'))
  const { port } = await startMailServer(t, { onAuth, allowInsecureAuth: true } as never)
  const place = `the mail server 127.0.0.1:${port}`
  t.strictSame(await smtp(`smtp://me:right@127.0.0.1:${port}`), [`ok: ${place} takes the login`])
  t.strictSame(await smtp(`smtp://127.0.0.1:${port}`), [`ok: ${place} answers; SMTP_URL has no login`])
  t.strictSame(await smtp(`smtp://me:secret-word@127.0.0.1:${port}`), [
    `failed: ${place} refuses the login: user or password is wrong → check SMTP_URL`,
  ])
  t.match(await smtp(`smtps://127.0.0.1:${port}`), [/^failed: .* does not speak TLS there: is it the right port\?/])

  const secure = await startMailServer(t, { secure: true, ...certificate } as never)
  t.match(await smtp(`smtps://127.0.0.1:${secure.port}`), [/^failed: .* has a certificate that is not trusted here/])
  t.match(await smtp(`smtps://127.0.0.1:${secure.port}`, certificate.cert), [/^ok: /])
  t.match(await smtp(`smtp://127.0.0.1:${await closedPort()}`), [/^failed: .* refuses the connection: nothing listens/])
  t.match(await smtp('smtp://me:right@mail.invalid:587'), [/^failed: .* has a name that is not known \(DNS\)/])
})

t.test('the Twilio account', async (t) => {
  let [status, body] = [200, '{"status": "active"}']
  const { requests, origin, close } = await startGateway(t, (response) => response.writeHead(status).end(body))
  const twilio = () => examine({ SMS_DRIVERS: 'twilio', TWILIO_BASE_URL: origin })
  t.strictSame(await twilio(), [`ok: Twilio at ${origin} takes the login, and the account is active`])
  t.match(requests, [{ method: 'GET', url: `/2010-04-01/Accounts/${sid}.json`, headers: { authorization: /^Basic / } }])
  body = '{"status": "suspended"}'
  t.match(await twilio(), [/^failed: .* takes the login, but the account is suspended → see the console/])
  body = 'a page'
  t.match(await twilio(), [/^failed: .* answers nothing about the account/])
  for (const [answered, line] of [
    [401, /refuses the login: TWILIO_AUTH_TOKEN is wrong/],
    [404, /knows no account TWILIO_ACCOUNT_SID/],
    [500, /answers 500/],
  ] as const) {
    status = answered
    t.match(await twilio(), [line], String(answered))
  }
  await close()
  t.match(await twilio(), [/^failed: .* refuses the connection: nothing listens there → check TWILIO_BASE_URL/])
})

t.test('the gateway of the webhook gets no request', async (t) => {
  const webhook = (url: string) =>
    examine({ SMS_DRIVERS: 'webhook', EMAIL_DRIVERS: 'webhook', SENDER_WEBHOOK_URL: url })
  const plain = await startGateway(t, (response) => response.end())
  t.strictSame(await webhook(`${plain.origin}/codes`), [
    `ok: the gateway ${new URL(plain.origin).host} can be connected to; no request was made`,
  ])
  const secure = await startGateway(t, (response) => response.end(), true)
  t.match(await webhook(secure.origin), [/^failed: .* has a certificate that is not trusted here/])
  t.match(await webhook('https://127.0.0.1:1'), [/^failed: .* refuses the connection/])
  t.match(await webhook('https://gateway.invalid/'), [
    /^failed: the gateway gateway\.invalid has a name that is not known/,
  ])
  t.match(await webhook('http://127.0.0.1/'), [/: the gateway 127\.0\.0\.1 /])
  t.strictSame([plain.requests, secure.requests], [[], []])
})

/** A server that speaks as much of the protocol of Redis as it takes to say yes or no. */
async function startRedis(t: Test, answer: (command: string) => string): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (data) => {
      for (const command of String(data).split(/(?=\*\d+\r\n)/)) socket.write(answer(command.toLowerCase()))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `redis://me:secret-word@127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('Redis', async (t) => {
  const redis = (url: string) => examine({ REDIS_URL: url })
  const good = await startRedis(t, (command) => (command.includes('ping') ? '+PONG\r\n' : '+OK\r\n'))
  t.match(await redis(good), [/^ok: Redis at 127\.0\.0\.1:\d+ answers$/])
  const wrong = await startRedis(t, (command) =>
    command.includes('auth') ? '-WRONGPASS invalid username-password pair\r\n' : '-NOAUTH Authentication required.\r\n',
  )
  t.match(await redis(wrong), [/^failed: .* refuses the login: user or password is wrong → check REDIS_URL$/])
  const allows = await startRedis(t, (command) => (command.includes('ping') ? '+PONG\r\n' : '-WRONGPASS invalid\r\n'))
  t.match(await redis(allows), [/^failed: .* refuses the login/], 'though commands are answered')
  const denies = await startRedis(t, (command) => (command.includes('ping') ? '-NOPERM no permission\r\n' : '+OK\r\n'))
  t.match(await redis(denies), [/^failed: .* refuses the login/], 'though the login is taken')
  t.match(await redis('redis://127.0.0.1'), [/^\w+: Redis at 127\.0\.0\.1:6379 /])
  const odd = await startRedis(t, () => '-LOADING Redis is loading the dataset in memory\r\n')
  t.match(await redis(odd), [/^failed: .* fails \(LOADING\)/])
  t.match(await redis(`redis://127.0.0.1:${await closedPort()}`), [/^failed: .* refuses the connection/])
})

t.test('with the option alone', async (t) => {
  const environment = { ...base, NODE_ENV: 'test' }
  const { output } = await runCommand(['doctor', '--outside', '--json'], { environment })
  const { findings } = JSON.parse(output.join('\n'))
  t.match(
    findings.filter(({ area }: { area: string }) => area === 'outside'),
    [{ state: 'note', line: 'the settings lead nowhere outside' }],
  )
  const without = await runCommand(['doctor'], { environment })
  t.notMatch(without.output.join('\n'), / outside {3}/)
})
