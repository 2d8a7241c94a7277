// Reports on messages, signed as a gateway and as Twilio sign them, or nearly so.
import { createHmac, randomBytes } from 'node:crypto'
import type { Attack, AttackContext } from './context.js'
import { remember } from './evidence.js'
import type { Service } from './fixtures.js'
import type { Answer, AskOptions } from './http.js'

export const publicUrl = 'https://login.example.com'
export const twilioToken = randomBytes(16).toString('hex')
remember('setting', twilioToken)

/** A service that both may report to; Twilio itself is out of its reach. */
const receiptSettings = {
  PUBLIC_URL: publicUrl,
  SMS_DRIVERS: 'webhook,twilio',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: twilioToken,
  TWILIO_FROM: '+15005550006',
  TWILIO_BASE_URL: 'http://127.0.0.1:9',
}

/** What attacks on either way of reporting ask of the service. */
export const gateway = { needs: { routes: ['POST /webhooks/delivery'] } }
export const twilio = { settings: receiptSettings, needs: { settings: ['TWILIO_AUTH_TOKEN'] } }

export type Signing = { secret?: string | undefined; id?: string; secondsAgo?: number }

export function signedReport(service: Service, report: unknown, signing: Signing = {}): AskOptions {
  const { secret = service.settings['SENDER_WEBHOOK_SECRET'], id = 'msg_report', secondsAgo = 0 } = signing
  const raw = JSON.stringify(report)
  const timestamp = String(Math.floor(Date.now() / 1000) - secondsAgo)
  const key = Buffer.from(String(secret).slice(6), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${raw}`).digest('base64')
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
  return { raw, headers }
}

export const report = ({ ask }: Service, options: AskOptions): Promise<Answer> =>
  ask('POST', '/webhooks/delivery', options)

export function signedCallback(
  parameters: Record<string, string>,
  { token = twilioToken, url = `${publicUrl}/webhooks/twilio` } = {},
): AskOptions {
  const names = Object.keys(parameters).sort()
  const text = url + names.map((name) => `${name}${parameters[name]}`).join('')
  const signature = createHmac('sha1', token).update(text).digest('base64')
  return {
    raw: new URLSearchParams(parameters).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
  }
}

export const callBack = ({ ask }: Service, options: AskOptions): Promise<Answer> =>
  ask('POST', '/webhooks/twilio', options)

/** What is known of the end of a message. */
export async function endsOf({ grey }: Service, messageId: string): Promise<string[]> {
  const rows = await grey.query<{ event: string }>(
    `SELECT event FROM auth_events WHERE message_id = $1 AND event <> 'delivery_accepted' ORDER BY id`,
    [messageId],
  )
  return rows.map(({ event }) => event)
}

/** As if a driver had taken a message. */
async function acceptMessage({ grey }: Service, driver: string, messageId: string): Promise<void> {
  await grey.query(
    `INSERT INTO auth_events (event, driver, message_id, channel, country) VALUES ('delivery_accepted', $1, $2, 'sms', 'IN')`,
    [driver, messageId],
  )
}

type Told = Omit<Attack, 'run'> & {
  /** who has taken the message that is reported on, and its id */
  message: readonly [driver: string, id: string]
  /** what is recorded of its end afterwards */
  recorded: readonly string[]
  attempt: (context: AttackContext) => Promise<void>
}

/** An attack by reports on a message that a driver has taken. */
export function told({ message: [driver, id], recorded, attempt, ...attack }: Told): Attack {
  return {
    ...attack,
    async run(context) {
      await acceptMessage(context.service, driver, id)
      await attempt(context)
      context.equal('recorded', await endsOf(context.service, id), recorded)
    },
  }
}
