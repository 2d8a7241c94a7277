// Sending a sign-in code: what both flows do when somebody asks for one.
import type { DeliveryTrail } from '../audit/deliveries.js'
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { Delivery, DeliveryReport } from '../delivery/chain.js'
import type { Messages } from '../delivery/messages.js'
import type { Message } from '../delivery/sender.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { IssuedCode } from '../otp/issue.js'
import type { OtpService } from '../otp/service.js'
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

/** A code, whoever asked for it, and the languages that its message may be in: those of the request, then the account's own. */
type Outgoing = IssuedCode & Pick<Caller, 'languages'> & { caller: Caller }

export type SendCode = ReturnType<typeof createSendCode>

type SendCodeDependencies = {
  database: Database
  otp: OtpService
  limits: Limits
  audit: AuditTrail
  delivery: Delivery
  messages: Messages
  deliveries: DeliveryTrail
  settings: Pick<Config['otp'], 'echo'>
  onNotice: (notice: SendNotice) => void
}

export function createSendCode(dependencies: SendCodeDependencies) {
  const { database, otp, limits, audit, delivery, messages, deliveries, settings, onNotice } = dependencies
  /** deliveries that nobody waits for: their answers must not tell how long they took */
  const underWay = new Set<Promise<unknown>>()

  function messageOf(identifier: Identifier, { code, expiresIn, languages }: Outgoing): Message {
    const common = { to: identifier.identifier, code, expiresIn }
    const parts = { code, expiresIn, languages }
    if (identifier.method === 'email') return { channel: 'email', ...common, ...messages.email(parts) }
    return { channel: 'sms', country: identifier.country, ...common, ...messages.sms(parts) }
  }

  async function deliver(identifier: Identifier, issued: Outgoing): Promise<DeliveryReport> {
    const traffic = trafficOf(identifier)
    const report = await delivery.send(messageOf(identifier, issued))
    deliveries.note(issued.caller, { identifier: identifier.identifier, traffic, report })
    if (report.outcome === 'accepted') onNotice({ kind: 'sent', driver: report.driver, ...traffic })
    else onNotice({ kind: 'undelivered', outcome: report.outcome, ...traffic })
    return report
  }

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(identifier: Identifier, issued: Outgoing): Promise<void> {
    const { outcome } = await deliver(identifier, issued)
    if (outcome === 'refused') await otp.returnSend({ purpose: 'sign_in', identifier }, issued.codeId)
    if (outcome !== 'accepted') throw new Problem('delivery_failed')
  }

  /** Sends the code and lets nobody wait for it, nor see by a cooldown that came back how it went. */
  function deliverUnseen(identifier: Identifier, issued: Outgoing): void {
    const delivered = deliver(identifier, issued)
    underWay.add(delivered)
    delivered.finally(() => underWay.delete(delivered))
  }

  async function dispatch(identifier: Identifier, issued: Outgoing, { isHidden, isPaid }: SendRow): Promise<void> {
    if (!isHidden) await deliverSeen(identifier, issued)
    else if (isPaid) deliverUnseen(identifier, issued)
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
   * Issues a code and delivers it; the live one again where there is one. A test identity knows its code: nothing goes out.
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

    const issued = await issue.issued(row)
    const languages = row.locale === null ? caller.languages : [...caller.languages, row.locale]
    if (!issue.isTest) await dispatch(identifier, { ...issued, languages, caller }, row)
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
