// An SMTP server on loopback that keeps the mails it took.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'

export type ReceivedMail = {
  from: string
  to: string[]
  isSecure: boolean
  user: unknown
  mail: ParsedMail
  raw: string
}

/** A reply of the server's that is no success. */
export function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

export async function startMailServer(t: Test, options: SMTPServerOptions = {}) {
  const mails: ReceivedMail[] = []
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    // Unless a test brings a certificate: the built-in one is for nobody.
    disabledCommands: options.cert === undefined ? ['STARTTLS'] : [],
    async onData(stream, { envelope, secure, user }, callback) {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const raw = Buffer.concat(chunks).toString()
      const from = envelope.mailFrom ? envelope.mailFrom.address : ''
      const to = envelope.rcptTo.map(({ address }) => address)
      mails.push({ from, to, isSecure: secure, user, mail: await simpleParser(raw), raw })
      callback()
    },
    ...options,
  })
  // Clients that break off are what some tests are about.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  t.teardown(close)
  return { mails, server, close, port: (server.server.address() as AddressInfo).port }
}
