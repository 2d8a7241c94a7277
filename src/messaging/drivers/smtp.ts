// The driver for mail through an SMTP server (RFC 5321): a pool of connections, TLS unless the server is on this machine.
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import { v7 as uuid } from 'uuid'
import type { SmtpSettings } from '../../config/driver-settings.js'
import { DeliveryRefused, type EmailMessage, RecipientRefused, type Sender } from '../sender.js'

/** Milliseconds; `connect` lasts until TLS is up. The whole is bounded by the signal. */
const time = { connect: 2_000, idle: 30_000, silence: 60_000, goodbye: 500 }

/** @param ca certificates (PEM) to trust in place of the system's */
export function createSmtpSender(settings: Omit<SmtpSettings, 'name'>, ca?: string): Sender {
  const { host, port, security, login, from } = settings
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)
  /** the bodies of the mails under way, by Message-ID: one that was read from may have arrived */
  const bodies = new Map<string, Readable>()
  const transport = createTransport({
    pool: true,
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(login && { auth: login }),
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    dnsTimeout: time.connect,
    connectionTimeout: time.connect,
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
 * What a failure means. A reply of the server's is a refusal, at every stage; without one it is one unless the body was begun.
 * The words of replies quote addresses, so they go nowhere.
 */
function failureOf(error: unknown, isBegun: boolean): Error {
  const { responseCode, command, code, originalCode } = Object(error)
  if (responseCode >= 400) {
    const reason = `smtp answered ${responseCode} to ${command}`
    // A 421 (RFC 5321 §3.8) to it says that the server is closing; nodemailer then names another command.
    return command === 'RCPT TO' ? new RecipientRefused(reason) : new DeliveryRefused(reason)
  }
  const reason = `smtp failed (${originalCode ?? code})`
  return isBegun ? new Error(reason) : new DeliveryRefused(reason)
}
