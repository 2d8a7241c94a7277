// Sending a code: to sign in, to step up, to prove a new identifier. The rules are in prisma/functions/send_code.sql, the same for all.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { readFunctionFiles } from '../database/function-files.js'
import { type ErrorCode, Problem } from '../errors.js'
import type { Caller, LogOrigin } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import type { StoredCode } from '../otp/code.js'
import type { CodeDraft } from '../otp/issue.js'
import type { OtpService } from '../otp/service.js'
import type { Asker } from '../sessions/asker.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { CarriedNotice, Courier, OutgoingCode } from './courier.js'

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
        | { kind: 'refused'; limit: 'identifier' | 'address' | 'budget' | 'country'; code: ErrorCode }
        | { kind: 'country_closed'; code?: ErrorCode | undefined }
      >)

/** What a code is for. */
export type CodeUse = Readonly<
  | {
      purpose: 'sign_in'
      /** whether an unknown identifier is to be told, or hidden, instead of getting a code */
      mode: 'any' | 'login'
    }
  | { purpose: 'step_up' | 'change_identifier'; asker: Asker }
>

/** Who asks needs no account yet. */
const anySignIn: CodeUse = { purpose: 'sign_in', mode: 'any' }

/** send_code_result */
type SendAnswer = Readonly<{
  outcome: 'sent' | 'too_soon' | 'refused_before' | 'unknown' | 'by_address' | 'by_budget' | 'by_country'
  /** seconds, where it was refused */
  retryAfter: number | null
  /** the answer must not tell what became of it */
  isHidden: boolean
  /** a message may go out for it */
  isPaid: boolean
  /** it was this request that closed its country to new numbers */
  hasClosedCountry: boolean
  /** of whoever reads the message (BCP 47); null where none is known */
  locale: string | null
  /** seconds */
  expiresIn: number
  /** seconds */
  resendAfter: number
  attemptsAllowed: number
  /** somebody verified the identifier before; with the two that follow, what the send was counted on is found again */
  isKnown: boolean
  shard: number
  countedAt: Date
}> &
  StoredCode

/** A send as it was counted, to be given back where its message is refused. */
type CountedSend = Readonly<{ identifier: Identifier; draft: CodeDraft; answer: SendAnswer }>

export type SendCode = ReturnType<typeof createSendCode>

type SendCodeDependencies = {
  database: Database
  otp: OtpService
  limits: Limits
  audit: AuditTrail
  courier: Courier
  settings: Pick<Config['otp'], 'echo'>
  onNotice: (origin: LogOrigin, notice: SendNotice) => void
}

export function createSendCode(dependencies: SendCodeDependencies) {
  const { database, otp, limits, audit, courier, settings, onNotice } = dependencies

  const { schema } = readFunctionFiles()
  const decide = createDecision<DecisionRequest & CodeDraft, SendAnswer>({
    database,
    name: 'send_code',
    keyOf: ({ identifier }) => identifier,
    settings: () => ({ ...otp.sendLimits, ...limits.sendLimits, shard: anyShard() }),
  })

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const failure = 'delivery_failed'
    const { outcome } = await courier.carryCode(counted.identifier, code, failure)
    if (outcome === 'refused') await giveBack(counted)
    if (outcome !== 'accepted') throw new Problem(failure)
  }

  /** The same where nobody may see, by an answer that waits or a cooldown that came back, how it went. */
  function deliverHidden(code: OutgoingCode, counted: CountedSend): void {
    courier.carryCodeUnawaited(counted.identifier, code, async ({ outcome }) => {
      if (outcome === 'refused') await giveBack(counted)
    })
  }

  async function dispatch(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const { isHidden, isPaid } = counted.answer
    if (!isHidden) await deliverSeen(code, counted)
    else if (isPaid) deliverHidden(code, counted)
  }

  async function giveBack({ identifier, draft, answer }: CountedSend): Promise<void> {
    const { isHidden, isKnown, shard, countedAt } = answer
    const country = identifier.method === 'phone' ? identifier.country : null
    const refusalsKey = limits.refusalsKeyOf(identifier.identifier)
    await database.run({
      text: `SELECT "${schema}".give_back_send($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        draft.identifier,
        draft.purpose,
        draft.codeId,
        isHidden,
        refusalsKey,
        country,
        isKnown,
        shard,
        countedAt,
      ],
    })
  }

  /** @throws Problem where no code is to be sent */
  function requireSent(answer: SendAnswer, identifier: Identifier, caller: Caller): void {
    const { outcome, retryAfter, hasClosedCountry } = answer
    const traffic = trafficOf(identifier)
    const code = failureOf[outcome]
    if (hasClosedCountry) onNotice(caller, { kind: 'country_closed', code, ...traffic })
    if (outcome === 'sent') return
    if (outcome === 'unknown') throw new Problem(failureOf[outcome], { needsSignup: true })
    onNotice(caller, { kind: 'refused', limit: limitNames[outcome], code: failureOf[outcome], ...traffic })
    throw new Problem(failureOf[outcome], { retryAfter: Number(retryAfter) })
  }

  /**
   * Puts a code there and delivers it; the live one again where there is one. A test identity knows its code: nothing goes out.
   * @throws Problem `rate_limited` and `service_unavailable` with a true Retry-After, `account_not_found`, `delivery_failed`
   */
  async function sendCode(identifier: Identifier, caller: Caller, use: CodeUse = anySignIn): Promise<SentCode> {
    const { purpose } = use
    const asker = 'asker' in use ? use.asker : undefined
    const draft = otp.draft({ purpose, identifier, session: asker?.sessionId })
    const answer = await decide({
      ...draft.values,
      ...limits.sendKeysOf(caller.block),
      refusalsKey: limits.refusalsKeyOf(identifier.identifier),
      ...audit.valuesOf(caller, identifier.identifier),
      method: identifier.method,
      userId: asker?.userId ?? null,
      onlyKnown: use.purpose === 'sign_in' && use.mode === 'login',
      deviceHash: deviceHashOf(caller),
      country: identifier.method === 'phone' ? identifier.country : null,
    })
    requireSent(answer, identifier, caller)

    const code = await draft.codeIn(answer)
    const { expiresIn, resendAfter, attemptsAllowed, locale } = answer
    const languages = locale === null ? caller.languages : [...caller.languages, locale]
    if (draft.values.testEndsAt === null) {
      await dispatch({ code, expiresIn, languages, caller }, { identifier, draft: draft.values, answer })
    }
    return {
      expires_in: expiresIn,
      resend_after: resendAfter,
      attempts_allowed: attemptsAllowed,
      ...(settings.echo && { otp: code }),
    }
  }

  return sendCode
}

/** Which limit refused a send, as metrics name it. */
const limitNames = {
  too_soon: 'identifier',
  refused_before: 'identifier',
  by_address: 'address',
  by_budget: 'budget',
  by_country: 'country',
} as const

/** How a request fails. A budget and a closed country are no fault of the client's, and pass by themselves. */
const failureOf = {
  sent: undefined,
  unknown: 'account_not_found',
  too_soon: 'rate_limited',
  refused_before: 'rate_limited',
  by_address: 'rate_limited',
  by_budget: 'service_unavailable',
  by_country: 'service_unavailable',
} as const
