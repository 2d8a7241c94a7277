// The driver for mail through an SMTP server (RFC 5321): a pool of connections, TLS unless the server is on this machine.
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import { v7 as uuid } from 'uuid'
import type { SmtpSettings } from '../../config/driver-settings.js'
import { DeliveryRefused, type EmailMessage, RecipientRefused, type Sender } from '../sender.js'

/** Milliseconds; `connect` lasts until TLS is up. The whole is bounded by the signal. */
const time = { connect: 2_000, idle: 30_000, silence: 60_000, goodbye: 500 }

type Options = Readonly<{
  /** certificates (PEM) to trust in place of the system's */
  ca?: string | undefined
  /** milliseconds that a connection may take */
  connectTime?: number | undefined
}>

/** How a server is reached: the same for mails, and for trying whether one could be sent. */
export function smtpConnection(settings: Omit<SmtpSettings, 'name'>, { ca, connectTime = time.connect }: Options = {}) {
  const { host, port, security, login, from, heloName } = settings
  return {
    host,
    port,
    // RFC 5321 §4.1.1.1 asks for a name of ours; that of the machine is of no use to anybody, and in a container no name at all.
    name: heloName ?? from.address.slice(from.address.lastIndexOf('@') + 1),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(login && { auth: login }),
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    dnsTimeout: connectTime,
    connectionTimeout: connectTime,
  } as const
}

export function createSmtpSender(settings: Omit<SmtpSettings, 'name'>, options: Options = {}): Sender {
  const { from } = settings
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  /** the bodies of the mails under way, by Message-ID: one that was read from may have arrived */
  const bodies = new Map<string, Readable>()
  const transport = createTransport({
    pool: true,
    ...smtpConnection(settings, options),
    idleTimeout: time.idle,
    socketTimeout: time.silence,
    socketCloseTimeout: time.goodbye,
    // Only a connection that was closed before it got any of the message makes a second try.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  transport.use('stream', ({ message, data }, done) => {
    const open = message.createReadStream.bind(message)
    message.createReadStream = (options) => {
      const body = open(options)
      bodies.set(String(data.messageId), body)
      return body
    }
    done()
  })

  async function deliver(message: EmailMessage, signal: AbortSignal) {
    const messageId = `<${uuid()}@${domain}>`
    return transport
      .sendMail({ ...mailOf(message), from, messageId, signal, xMailer: false })
      .then(() => ({ messageId }))
      .catch((error: unknown) => {
        throw failureOf(error, bodies.get(messageId)?.readableDidRead === true)
      })
      .finally(() => bodies.delete(messageId))
  }

  return {
    name: 'smtp',
    async send(message, signal) {
      if (message.channel !== 'email') throw new DeliveryRefused('smtp carries mail alone')
      return deliver(message, signal)
    },
    close: async () => transport.close(),
  }
}

/** The recipient as an object: a text would be read as a list of addresses. */
function mailOf({ to, subject, text, html }: EmailMessage) {
  return {
    to: { name: '', address: to },
    subject,
    text,
    html,
    // RFC 3834 §5: so that no vacation notice answers
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

/**
 * Whether a reply to a recipient is about us: servers put off until then what they have against the sender or the login. By the reply's
 * code (530, 534, 535, 538: RFC 4954 §6), the enhanced one (5.1.7 and 5.1.8 the sender's address, 5.7.x security and policy: RFC 3463
 * §3.2 and §3.8), and where there is none by the word. Later ones (4xx) may be of a server that puts every recipient off.
 */
function isAboutSender(code: number, response: string): boolean {
  if ([530, 534, 535, 538].includes(code)) return true
  const enhanced = /^\d{3}[ -](5\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1]
  if (enhanced !== undefined) return /^5\.(1\.[78]|7\.\d+)$/.test(enhanced)
  return code >= 500 && /\bsender\b/i.test(response)
}

/**
 * What a failure means. A reply of the server's is a refusal, at every stage; without one it is one unless the body was begun.
 * The words of replies quote addresses, so they go nowhere.
 */
function failureOf(error: unknown, isBegun: boolean): Error {
  const { responseCode, command, code, originalCode, response } = Object(error)
  if (responseCode >= 400) {
    const reason = `smtp answered ${responseCode} to ${command}`
    // A 421 (RFC 5321 §3.8) to it says that the server is closing; nodemailer then names another command.
    const isRecipients = command === 'RCPT TO' && !isAboutSender(responseCode, String(response))
    return isRecipients ? new RecipientRefused(reason) : new DeliveryRefused(reason)
  }
  const reason = `smtp failed (${originalCode ?? code})`
  return isBegun ? new Error(reason) : new DeliveryRefused(reason)
}
