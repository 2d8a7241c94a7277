// Sending a code: to sign in, to step up, to prove a new identifier. The limits and the budgets are the same for all.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { prepareShapes } from '../database/prepared.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import { closeCountryStatement } from '../limits/sms-gate.js'
import type { IssuedCode, OtpRequest } from '../otp/issue.js'
import type { OtpService } from '../otp/service.js'
import type { CarriedNotice, Courier, OutgoingCode } from './courier.js'
import { type RefusedBy, type SendRow, sendStatement } from './send-statement.js'
import { type CodeUse, type SendShape, type SendValues, sendShape, sendValues } from './send-values.js'

export type SentCode = {
  /** seconds */
  expires_in: number
  /** seconds */
  resend_after: number
  attempts_allowed: number
  otp?: string
}

/** What became of a send, to be logged and counted. */
export type SendNotice =
  | CarriedNotice
  | (Traffic &
      Readonly<
        { kind: 'refused'; limit: 'identifier' | 'address' | 'budget' | 'country' } | { kind: 'country_closed' }
      >)

/** A code under way, and the send that it is of. */
type Outgoing = OutgoingCode & Pick<IssuedCode, 'codeId'> & { request: OtpRequest }

/** Who asks needs no account yet. */
const anySignIn: CodeUse = { purpose: 'sign_in', mode: 'any' }

export type SendCode = ReturnType<typeof createSendCode>

type SendCodeDependencies = {
  database: Database
  otp: OtpService
  limits: Limits
  audit: AuditTrail
  courier: Courier
  settings: Pick<Config['otp'], 'echo'>
  onNotice: (notice: SendNotice) => void
}

export function createSendCode(dependencies: SendCodeDependencies) {
  const { database, otp, limits, audit, courier, settings, onNotice } = dependencies

  const statementOf = prepareShapes<SendShape, SendValues, [SendRow]>((shape, of) =>
    sendStatement(shape, of, { otp, limits }),
  )

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(identifier: Identifier, { request, codeId, ...code }: Outgoing): Promise<void> {
    const { outcome } = await courier.carryCode(identifier, code)
    if (outcome === 'refused') await otp.returnSend(request, codeId)
    if (outcome !== 'accepted') throw new Problem('delivery_failed')
  }

  async function dispatch(identifier: Identifier, code: Outgoing, { isHidden, isPaid }: SendRow): Promise<void> {
    if (!isHidden) await deliverSeen(identifier, code)
    // Nor may anybody see by a cooldown that came back how it went.
    else if (isPaid) courier.carryCodeUnawaited(identifier, code)
  }

  async function refuse(identifier: Identifier, refusedBy: RefusedBy, row: SendRow): Promise<never> {
    const traffic = trafficOf(identifier)
    if (row.countryTripped && traffic.country !== null) {
      // Until this is done, whoever else asks finds that it trips.
      const closed = await database.$executeRaw(closeCountryStatement(traffic.country))
      if (closed > 0) onNotice({ kind: 'country_closed', ...traffic })
    }
    onNotice({ kind: 'refused', limit: refusedBy, ...traffic })
    const retryAfter = Number(row.retryAfter)
    // A budget and a closed country are no fault of the caller's, and pass by themselves.
    throw new Problem(refusedBy === 'address' ? 'rate_limited' : 'service_unavailable', { retryAfter })
  }

  /**
   * Issues a code and delivers it; the live one again where there is one. A test identity knows its code: nothing goes out.
   * @throws Problem `rate_limited` and `service_unavailable` with a true Retry-After, `account_not_found`, `delivery_failed`
   */
  async function sendCode(identifier: Identifier, caller: Caller, use: CodeUse = anySignIn): Promise<SentCode> {
    const request = { purpose: use.purpose, identifier, session: 'asker' in use ? use.asker.sessionId : undefined }
    const issue = otp.prepareIssue(request)
    const parts = { identifier, issue, caller, use }
    const [row] = await statementOf(sendShape(parts))(database, sendValues(parts, limits, audit))
    if (row.refusedBy !== null) return refuse(identifier, row.refusedBy, row)
    if (!row.isWanted) throw new Problem('account_not_found', { needsSignup: true })
    if (row.resendAfter === null) {
      onNotice({ kind: 'refused', limit: 'identifier', ...trafficOf(identifier) })
      throw new Problem('rate_limited', { retryAfter: await issue.retryAfter(row.lane) })
    }

    const issued = await issue.issued(row)
    const languages = row.locale === null ? caller.languages : [...caller.languages, row.locale]
    if (!issue.isTest) await dispatch(identifier, { ...issued, languages, caller, request }, row)
    return {
      expires_in: issued.expiresIn,
      resend_after: issued.resendAfter,
      attempts_allowed: issued.attemptsAllowed,
      ...(settings.echo && { otp: issued.code }),
    }
  }

  return sendCode
}
