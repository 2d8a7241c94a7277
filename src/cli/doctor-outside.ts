// Where the settings lead outside (`--outside`): each place as far as it costs nothing and sends nothing. The start tries none of it: a
// mail server that is away is no reason not to serve.
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Redis } from 'ioredis'
import { createTransport } from 'nodemailer'
import { Agent, request } from 'undici'
import type { Config } from '../config/config.js'
import type { DriverSettings, SmtpSettings, TwilioSettings, WebhookSettings } from '../config/driver-settings.js'
import { certificateFaults } from '../database/failures.js'
import { smtpConnection } from '../messaging/drivers/smtp.js'
import { counted } from './counted.js'
import { type Finding, type Findings, findingsOf } from './doctor-findings.js'

const found = findingsOf('outside')

/** Milliseconds that each place has to answer. */
const patience = 5_000

/** @param ca certificates (PEM) to trust in place of the system's, of mail servers */
export async function* outsideFindings({ delivery, limits }: Config, ca?: string): Findings {
  const all = [...delivery.drivers.sms, ...delivery.drivers.email].filter((driver) => driver.name !== 'console')
  const drivers = new Map(all.map((driver) => [driver.name, driver]))
  for (const driver of drivers.values()) yield await tryDriver(driver, ca)
  if (limits.redisUrl !== undefined) yield await tryRedis(limits.redisUrl)
  else if (drivers.size === 0) yield found('note', 'the settings lead nowhere outside')
}

function tryDriver(driver: Exclude<DriverSettings, { name: 'console' }>, ca: string | undefined): Promise<Finding> {
  if (driver.name === 'smtp') return trySmtp(driver, ca)
  return driver.name === 'twilio' ? tryTwilio(driver) : tryWebhook(driver)
}

/** What `work` finds, or why the place cannot be worked with. */
async function tryPlace(place: string, setting: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work()
  } catch (error) {
    return unreachable(place, error, setting)
  }
}

function trySmtp(settings: SmtpSettings, ca: string | undefined): Promise<Finding> {
  const place = `the mail server ${settings.host}:${settings.port}`
  const connection = smtpConnection(settings, { ca, connectTime: patience })
  return tryPlace(place, 'SMTP_URL', async () => {
    const transport = createTransport({ ...connection, greetingTimeout: patience })
    try {
      await transport.verify()
    } finally {
      transport.close()
    }
    return found('ok', `${place} ${settings.login ? 'takes the login' : 'answers; SMTP_URL has no login'}`)
  })
}

function tryTwilio({ origin, accountSid, authToken }: TwilioSettings): Promise<Finding> {
  const place = `Twilio at ${origin}`
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
  return tryPlace(place, 'TWILIO_BASE_URL', async () => {
    const { statusCode, body } = await request(`${origin}/2010-04-01/Accounts/${accountSid}.json`, {
      headers: { authorization },
      // No connection of an earlier request, which may be closed by now.
      dispatcher: new Agent({ pipelining: 0, connect: { timeout: patience } }),
      signal: AbortSignal.timeout(patience),
    })
    const text = await body.text()
    if (statusCode === 200) return judgeAccount(place, text)
    return found('failed', `${place} ${twilioAnswers[statusCode] ?? `answers ${statusCode}`}`, twilioHint)
  })
}

const twilioHint = 'check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the console of Twilio'

const twilioAnswers: Readonly<Record<number, string>> = {
  401: 'refuses the login: TWILIO_AUTH_TOKEN is wrong, or of another account',
  403: 'refuses the login: this token may not read the account',
  404: 'knows no account TWILIO_ACCOUNT_SID',
}

/** Twilio, "Account resource": `active`, `suspended` (unpaid, or reported) or `closed`. */
function judgeAccount(place: string, text: string): Finding {
  const status = /"status"\s*:\s*"(\w+)"/.exec(text)?.[1]
  if (status === 'active') return found('ok', `${place} takes the login, and the account is active`)
  if (status === undefined)
    return found('failed', `${place} answers nothing about the account`, 'check TWILIO_BASE_URL')
  return found('failed', `${place} takes the login, but the account is ${status}`, 'see the console of Twilio')
}

/** No request: a gateway may take any for a message. */
function tryWebhook({ url }: WebhookSettings): Promise<Finding> {
  const { protocol, hostname, port, host } = new URL(url)
  const place = `the gateway ${host}`
  const isTls = protocol === 'https:'
  const address = hostname.replace(/^\[|\]$/g, '')
  return tryPlace(place, 'SENDER_WEBHOOK_URL', async () => {
    const options = { host: address, port: Number(port || (isTls ? 443 : 80)), servername: address }
    const socket = isTls ? connectTls(options) : connectPlain(options)
    try {
      const signal = AbortSignal.timeout(patience)
      await once(socket, isTls ? 'secureConnect' : 'connect', { signal })
    } finally {
      socket.destroy()
    }
    return found('ok', `${place} can be connected to; no request was made`)
  })
}

function tryRedis(url: string): Promise<Finding> {
  const { hostname, port } = new URL(url)
  const place = `Redis at ${hostname}:${port || 6379}`
  return tryPlace(place, 'REDIS_URL', async () => {
    const redis = new Redis(url, {
      connectTimeout: patience,
      commandTimeout: patience,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      lazyConnect: true,
      enableReadyCheck: false,
    })
    // What went wrong first is told by an event: a login that is refused, a port that is closed.
    const causes: Error[] = []
    redis.on('error', (error) => causes.push(error))
    const answer = redis.connect().then(() => redis.ping())
    await answer.catch((error: Error) => causes.push(error))
    redis.disconnect()
    for (const cause of causes) throw cause
    return found('ok', `${place} answers`)
  })
}

/** What a failure means, by the code of the error (Node.js, nodemailer, undici) or the first word of a reply of Redis. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN|EDNS)$/, 'has a name that is not known (DNS)'],
  [/^(EAUTH|WRONGPASS|NOAUTH|NOPERM)$/, 'refuses the login: user or password is wrong'],
  [certificateFaults, 'has a certificate that is not trusted here'],
  [/^(EPROTO|ETLS|ERR_SSL_.*)$/, 'does not speak TLS there: is it the right port?'],
  [/^ECONNREFUSED$/, 'refuses the connection: nothing listens there'],
  [/TIMEDOUT|TIMEOUT|ABORT/i, `does not answer within ${counted(patience / 1000, 'second')}`],
  [/^(ECONNRESET|EPIPE|ECONNECTION|UND_ERR_SOCKET)$/, 'breaks the connection off'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, 'cannot be reached from this network'],
]

/** Without the error's own words, which may quote what was sent. */
function unreachable(place: string, error: unknown, setting: string): Finding {
  const { code, originalCode, name, message, cause }: Record<string, unknown> = Object(error)
  const { code: causeCode }: Record<string, unknown> = Object(cause)
  const reply = /^[A-Z]+(?= )/.exec(String(message))?.[0]
  const codes = [originalCode, causeCode, code, reply, name].filter((value) => value !== undefined).map(String)
  const meant = codes.flatMap((value) => meanings.filter(([pattern]) => pattern.test(value)))[0]?.[1]
  return found('failed', `${place} ${meant ?? `fails (${codes[0]})`}`, `check ${setting}`)
}
