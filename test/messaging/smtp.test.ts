// The driver `smtp`: what it says to a server, over which connection, and what it makes of the replies.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { SMTPServerOptions } from 'smtp-server'
import t, { type Test } from 'tap'
import type { SmtpSettings } from '../../src/config/driver-settings.js'
import { createSmtpSender } from '../../src/messaging/drivers/smtp.js'
import { selfSignedCertificate } from '../support/certificate.js'
import { reply, startMailServer } from '../support/mail-server.js'
import { email, outcomeOf, sms } from '../support/messages.js'

const certificate = selfSignedCertificate()
const from = { name: 'Låtchkey, Inc.', address: 'codes@login.example.com' }
const signal = () => AbortSignal.timeout(60_000)

function senderTo(t: Test, port: number, more: Partial<SmtpSettings> = {}, ca?: string) {
  const settings = { host: '127.0.0.1', port, security: 'none', login: undefined, from, ...more } as const
  const sender = createSmtpSender(settings, { ca })
  t.teardown(() => sender.close?.())
  return sender
}

async function start(t: Test, options: SMTPServerOptions = {}) {
  const server = await startMailServer(t, options)
  return { ...server, sender: senderTo(t, server.port) }
}

t.test('one mail: envelope, headers, a part in plain text and one in HTML', async (t) => {
  const { mails, sender } = await start(t)
  const text = 'आपका कोड 123456 है\n.\n'
  const { messageId } = await sender.send({ ...email, text, subject: 'कोड: 123456' }, signal())
  t.equal(mails.length, 1)
  t.match(mails[0], { from: 'codes@login.example.com', to: ['ada@example.com'] })
  const mail = mails[0]?.mail
  t.match(messageId, /^<[0-9a-f-]{36}@login\.example\.com>$/)
  t.equal(mail?.messageId, messageId)
  t.strictSame(mail?.from?.value, [from])
  t.match(mail?.to, { value: [{ address: 'ada@example.com' }] })
  t.equal(mail?.subject, 'कोड: 123456')
  t.equal(mail?.text, text)
  t.equal(mail?.html, email.html)
  t.equal(mail?.headers.get('auto-submitted'), 'auto-generated')
  t.notOk(mail?.headers.has('x-mailer'))
  t.match(mail?.headers.get('content-type'), { value: 'multipart/alternative' })
  t.ok(Math.abs(Number(mail?.date) - Date.now()) < 10_000)
})

t.test('nothing in a message becomes a header or a recipient', async (t) => {
  const { mails, sender } = await start(t)
  const subject = 'Code\r\nBcc: eve@example.com\r\n\r\nHello'
  await sender.send({ ...email, subject }, signal())
  t.strictSame(mails[0]?.to, ['ada@example.com'])
  t.notOk(mails[0]?.mail.headers.has('bcc'))
  for (const to of ['ada@example.com>\r\nRCPT TO:<eve@example.com', 'ada@example.com\r\nBcc: eve@example.com']) {
    await sender.send({ ...email, to }, signal()).catch(() => {})
  }
  await sender.send({ ...email, to: 'ada@example.com, eve@example.com' }, signal()).catch(() => {})
  t.notOk(mails.some(({ to, raw }) => to.includes('eve@example.com') || /^bcc:/im.test(raw)))
})

t.test('several messages go over the same connections, which end with the driver', async (t) => {
  let connections = 0
  const { mails, sender, server } = await start(t, { onConnect: (_session, done) => done(void connections++) })
  for (let count = 0; count < 3; count++) await sender.send(email, signal())
  t.strictSame([mails.length, connections, server.connections.size], [3, 1, 1])
  await sender.close?.()
  while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(await outcomeOf(sender.send(email, signal())), 'refused', 'after its end')
})

t.test('TLS: by STARTTLS or from the start, with a login, to a server that is known', async (t) => {
  const login = { user: 'app', pass: 'p@ss wörd' }
  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) =>
    username === login.user && password === login.pass ? done(null, { user: username }) : done(reply(535, 'no'))
  for (const security of ['starttls', 'tls'] as const) {
    const secured = { ...certificate, secure: security === 'tls', onAuth, authOptional: false }
    const { mails, port } = await startMailServer(t, secured)
    const known = senderTo(t, port, { security, login }, certificate.cert)
    await known.send(email, signal())
    t.match(mails, [{ isSecure: true, user: 'app' }])
    const unknown = senderTo(t, port, { security, login })
    await t.rejects(unknown.send(email, signal()), { name: 'DeliveryRefused', message: /SELF_SIGNED/ })
    const wrong = senderTo(t, port, { security, login: { user: 'app', pass: 'wrong' } }, certificate.cert)
    await t.rejects(wrong.send(email, signal()), { name: 'DeliveryRefused', message: /^smtp answered 535 to AUTH/ })
    t.equal(mails.length, 1)
  }
})

t.test('no code travels in the clear where TLS is required', async (t) => {
  const { mails, port } = await startMailServer(t)
  const sender = senderTo(t, port, { security: 'starttls' }, certificate.cert)
  t.equal(await outcomeOf(sender.send(email, signal())), 'refused', 'the server has no STARTTLS')
  t.equal(mails.length, 0)
})

t.test('it greets by the domain of the sender, or by the name that is set', async (t) => {
  for (const [heloName, greeted] of [
    [undefined, 'login.example.com'],
    ['mail.example.net', 'mail.example.net'],
    ['[192.0.2.1]', '[192.0.2.1]'],
  ] as const) {
    const { server, port } = await startMailServer(t)
    const sender = senderTo(t, port, { heloName })
    const names: string[] = []
    server.onMailFrom = (_address, session, done) => {
      names.push(session.hostNameAppearsAs)
      done()
    }
    await sender.send(email, signal())
    t.strictSame(names, [greeted])
  }
})

t.test('what a server has against us when it is told the recipient is no refusal of the recipient', async (t) => {
  const replies: [number, string, string][] = [
    [550, '5.1.1 no such user', 'recipient refused'],
    [550, 'no such user', 'recipient refused'],
    [550, '5.1.1 the sender is told', 'recipient refused'],
    [450, '4.7.1 come again later', 'recipient refused'],
    [452, 'sender is too fast', 'recipient refused'],
    [550, '5.1.8 unknown domain', 'refused'],
    [553, '5.7.1 sender address rejected: not owned by user', 'refused'],
    [554, '5.7.1 relay access denied', 'refused'],
    [550, 'Sender verify failed', 'refused'],
    [530, 'log in first', 'refused'],
    [535, 'wrong password', 'refused'],
  ]
  for (const [code, text, outcome] of replies) {
    const { sender } = await start(t, { onRcptTo: (_address, _session, done) => done(reply(code, text)) })
    t.equal(await outcomeOf(sender.send(email, signal())), outcome, `${code} ${text}`)
  }
})

t.test('a reply of the server is a refusal at every stage', async (t) => {
  const refuses =
    (code: number) =>
    (...args: unknown[]) =>
      (args.at(-1) as (error: Error) => void)(reply(code, 'ada@example.com'))
  const drained =
    (code: number): NonNullable<SMTPServerOptions['onData']> =>
    (stream, _session, done) => {
      stream.resume().on('end', () => done(reply(code, 'ada@example.com')))
    }
  const cases: [string, SMTPServerOptions, string][] = [
    ['554 at connection', { onConnect: refuses(554) }, 'refused'],
    ['451 to MAIL', { onMailFrom: refuses(451) }, 'refused'],
    ['550 to RCPT', { onRcptTo: refuses(550) }, 'recipient refused'],
    ['450 to RCPT', { onRcptTo: refuses(450) }, 'recipient refused'],
    ['421 to RCPT', { onRcptTo: refuses(421) }, 'refused'],
    ['554 to the message', { onData: drained(554) }, 'refused'],
    ['452 to the message', { onData: drained(452) }, 'refused'],
  ]
  for (const [name, options, outcome] of cases) {
    for (const disabledCommands of [['STARTTLS'], ['STARTTLS', 'PIPELINING']]) {
      const { sender } = await start(t, { ...options, disabledCommands })
      const sent = sender.send(email, signal())
      t.equal(await outcomeOf(sent), outcome, name)
      await sent.catch((error: Error) => t.notMatch(`${error.message} ${error.cause}`, /ada@/, 'says no address'))
    }
  }
})

/** A server that follows a script: a reply to each line, and what comes after it. */
async function startScript(t: Test, answer: (line: string, socket: Socket) => void, greeting = '220 here\r\n') {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').slice(0, -1)) answer(line, socket)
    })
    t.teardown(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return senderTo(t, (server.address() as AddressInfo).port)
}

const replies: [RegExp, string][] = [
  [/^EHLO/, '250 here\r\n'],
  [/^(MAIL|RCPT)/, '250 fine\r\n'],
  [/^DATA/, '354 go on\r\n'],
]
const follow = (line: string, socket: Socket) => {
  for (const [command, text] of replies) if (command.test(line)) socket.write(text)
}

t.test('a connection lost before the message is certain, one lost after it is not', async (t) => {
  const cutAt = (command: RegExp) =>
    startScript(t, (line, socket) => (command.test(line) ? socket.destroy() : follow(line, socket)))
  t.equal(await outcomeOf((await cutAt(/^EHLO/)).send(email, signal())), 'refused')
  t.equal(await outcomeOf((await cutAt(/^RCPT/)).send(email, signal())), 'refused')
  t.equal(await outcomeOf((await cutAt(/^DATA/)).send(email, signal())), 'refused')
  t.equal(await outcomeOf((await cutAt(/^Subject/)).send(email, signal())), 'uncertain')
  t.equal(await outcomeOf((await cutAt(/^\.$/)).send(email, signal())), 'uncertain')
  const garbage = await startScript(t, follow, 'HTTP/1.1 400 Bad Request\r\n')
  t.equal(await outcomeOf(garbage.send(email, signal())), 'refused', 'no SMTP there')
})

t.test('who hangs is given up: certain before the message, and not after it', async (t) => {
  const begin = performance.now()
  const silent = await startScript(t, () => {}, '')
  t.equal(await outcomeOf(silent.send(email, signal())), 'refused', 'no greeting within its time')
  t.ok(performance.now() - begin < 15_000)
  let isEnded = false
  const hanging = await startScript(t, (line, socket) => {
    if (line === '.') {
      socket.once('close', () => {
        isEnded = true
      })
    }
    follow(line, socket)
  })
  t.equal(await outcomeOf(hanging.send(email, AbortSignal.timeout(300))), 'uncertain')
  while (!isEnded) await new Promise((resolve) => setTimeout(resolve, 10))
})

t.test('a connection that the server closed in a pause costs no message', async (t) => {
  const { mails, server, sender } = await start(t)
  await sender.send(email, signal())
  for (const connection of server.connections) connection.close()
  await sender.send(email, signal())
  t.equal(mails.length, 2)
})

t.test('nobody there, and an SMS, are certain', async (t) => {
  const { close, sender } = await start(t)
  await close()
  await t.rejects(sender.send(email, signal()), { name: 'DeliveryRefused', message: 'smtp failed (ECONNREFUSED)' })
  t.equal(await outcomeOf(sender.send(sms, signal())), 'refused')
})
