// Sending a sign-in code: what both flows do when somebody asks for one.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { Delivery, DeliveryReport } from '../delivery/chain.js'
import { emailWords, smsWords } from '../delivery/messages.js'
import type { Message } from '../delivery/sender.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { IssuedCode, OtpService } from '../otp/service.js'
import { type RefusedBy, type SendRow, sendStatement } from './send-statement.js'

export type SentCode = {
  /** seconds */
  expires_in: number
  /** seconds */
  resend_after: number
  attempts_allowed: number
  otp?: string
}

/** What became of a send, to be logged and counted. */
export type SendNotice = Traffic &
  Readonly<
    | { kind: 'sent'; driver: string }
    | { kind: 'undelivered'; outcome: 'refused' | 'uncertain' }
    | { kind: 'refused'; limit: 'identifier' | 'address' | 'budget' | 'country' }
    | { kind: 'country_closed' }
  >

export type SendCode = ReturnType<typeof createSendCode>

type SendCodeDependencies = {
  database: Database
  otp: OtpService
  limits: Limits
  audit: AuditTrail
  delivery: Delivery
  appName: string
  settings: Pick<Config['otp'], 'echo'>
  locale: string
  onNotice: (notice: SendNotice) => void
}

export function createSendCode(dependencies: SendCodeDependencies) {
  const { database, otp, limits, audit, delivery, appName, settings, locale, onNotice } = dependencies
  /** deliveries that nobody waits for: their answers must not tell how long they took */
  const underWay = new Set<Promise<unknown>>()

  function messageOf(identifier: Identifier, { code, expiresIn }: IssuedCode): Message {
    const words = { appName, code, expiresIn }
    const common = { to: identifier.identifier, code, locale, expiresIn }
    if (identifier.method === 'email') return { channel: 'email', ...common, ...emailWords(words) }
    return { channel: 'sms', country: identifier.country, ...common, ...smsWords(words) }
  }

  async function deliver(identifier: Identifier, issued: IssuedCode): Promise<DeliveryReport> {
    const report = await delivery.send(messageOf(identifier, issued))
    if (report.outcome === 'accepted') onNotice({ kind: 'sent', driver: report.driver, ...trafficOf(identifier) })
    else onNotice({ kind: 'undelivered', outcome: report.outcome, ...trafficOf(identifier) })
    return report
  }

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(identifier: Identifier, issued: IssuedCode): Promise<void> {
    const { outcome } = await deliver(identifier, issued)
    if (outcome === 'refused') await otp.returnSend({ purpose: 'sign_in', identifier }, issued.codeId)
    if (outcome !== 'accepted') throw new Problem('delivery_failed')
  }

  /** Sends the code and lets nobody wait for it, nor see by a cooldown that came back how it went. */
  function deliverUnseen(identifier: Identifier, issued: IssuedCode): void {
    const delivered = deliver(identifier, issued)
    underWay.add(delivered)
    delivered.finally(() => underWay.delete(delivered))
  }

  function refuse(identifier: Identifier, refusedBy: RefusedBy, row: SendRow): never {
    const traffic = trafficOf(identifier)
    if (row.countryTripped) onNotice({ kind: 'country_closed', ...traffic })
    onNotice({ kind: 'refused', limit: refusedBy, ...traffic })
    const retryAfter = Number(row.retryAfter)
    // A budget and a closed country are no fault of the caller's, and pass by themselves.
    throw new Problem(refusedBy === 'address' ? 'rate_limited' : 'service_unavailable', { retryAfter })
  }

  /**
   * Issues a code and delivers it.
   * @param mode `login` tells an unknown identifier, or hides that it is one, instead of sending to it
   * @throws Problem `rate_limited` and `service_unavailable` with a true Retry-After, `account_not_found`, `delivery_failed`
   */
  async function sendCode(identifier: Identifier, caller: Caller, mode: 'any' | 'login' = 'any'): Promise<SentCode> {
    const issue = otp.prepareIssue({ purpose: 'sign_in', identifier })
    const statement = sendStatement({ identifier, issue, caller, limits, audit, mode })
    const [row] = await database.$queryRaw<[SendRow]>(statement)
    if (row.refusedBy !== null) refuse(identifier, row.refusedBy, row)
    if (mode === 'login' && !row.isKnown && !row.isHidden) throw new Problem('account_not_found', { needsSignup: true })
    if (row.resendAfter === null) {
      onNotice({ kind: 'refused', limit: 'identifier', ...trafficOf(identifier) })
      throw new Problem('rate_limited', { retryAfter: await issue.retryAfter(row.lane) })
    }

    const issued = issue.issued(row.resendAfter)
    if (!row.isHidden) await deliverSeen(identifier, issued)
    else if (row.isPaid) deliverUnseen(identifier, issued)
    return {
      expires_in: issued.expiresIn,
      resend_after: issued.resendAfter,
      attempts_allowed: issued.attemptsAllowed,
      ...(settings.echo && { otp: issued.code }),
    }
  }

  /** Waits for the deliveries that no answer waits for. */
  async function settle(): Promise<void> {
    await Promise.all(underWay)
  }

  return { sendCode, settle }
}
