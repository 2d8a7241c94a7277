// Sending a code: to sign in, to step up, to prove a new identifier. The rules are in prisma/functions/send_code.sql, the same for all.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { readFunctionFiles } from '../database/function-files.js'
import type { DeliveryReport } from '../delivery/chain.js'
import { type ErrorCode, Problem } from '../errors.js'
import type { Caller, LogOrigin } from '../http/caller.js'
import { type Identifier, type Traffic, trafficOf } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Wanted } from '../limits/leases.js'
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
        | { kind: 'refused'; limit: SendLimit; code: ErrorCode }
        | { kind: 'country_closed'; code?: ErrorCode | undefined }
      >)

/** Which limit refused a send, as metrics name it. */
export type SendLimit = 'identifier' | 'address' | 'budget' | 'country'

/** What a code is for. */
export type CodeUse = Readonly<
  | {
      purpose: 'sign_in'
      /** whether an unknown identifier is to be told, or hidden, instead of getting a code */
      mode: 'any' | 'login'
    }
  | { purpose: 'step_up' | 'change_identifier'; asker: Asker }
>

/** send_code_request, as far as budgets need it. */
type SendRequest = DecisionRequest &
  CodeDraft &
  Readonly<{ method: Identifier['method']; deviceHash: Uint8Array<ArrayBuffer> | null }>

/** Who asks needs no account yet. */
const anySignIn: CodeUse = { purpose: 'sign_in', mode: 'any' }

/** send_code_result */
type SendAnswer = Readonly<{
  outcome: 'sent' | 'unknown' | keyof typeof limitNames
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
  /** that the message came out of; null where it cost nothing. With what follows, what the send was counted on is found again */
  budget: string | null
  /** of the trusted device; empty where there is none */
  lane: string
  isFromReserve: boolean
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
  const decide = createDecision<SendRequest, SendAnswer>({
    database,
    name: 'send_code',
    keyOf: ({ identifier }) => identifier,
    settings: () => ({ ...otp.sendLimits, ...limits.sendLimits, shard: anyShard() }),
    async reserve(requests) {
      const reservation = await limits.leases.reserve(wantedFor(requests))
      const settle = (answers: readonly object[] | null) =>
        limits.leases.putBack(
          reservation,
          answers?.map((answer) => (answer as Partial<SendAnswer>).budget ?? null) ?? null,
        )
      return { settings: reservation.settings, settle }
    },
  })

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const failure = 'delivery_failed'
    const report = await courier.carryCode(counted.identifier, code, failure)
    await settle(report, counted)
    if (report.outcome !== 'accepted') throw new Problem(failure)
  }

  async function dispatch(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const { isHidden, isPaid } = counted.answer
    if (!isHidden) await deliverSeen(code, counted)
    // Nobody may see, by an answer that waits or a cooldown that came back, how it went.
    else if (isPaid) courier.carryCodeUnawaited(counted.identifier, code, (report) => settle(report, counted))
  }

  /** Gives back what a message had counted that did not go out; of one that a provider which is down may have taken, the count of its country. */
  async function settle(report: DeliveryReport, counted: CountedSend): Promise<void> {
    if (report.outcome === 'refused') await giveBack(counted)
    else if (report.outcome === 'uncertain' && report.isDown) await uncountInCountry(counted)
  }

  async function giveBack(counted: CountedSend): Promise<void> {
    const { identifier, draft, answer } = counted
    const { budget, lane, isHidden, isFromReserve, isKnown, shard, countedAt } = answer
    const { mailboxKey, domainKey } = limits.mailKeysOf(emailOf(identifier))
    const text = `SELECT "${schema}".give_back_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS budget_too`
    const [row] = await database.run<[{ budget_too: boolean }]>({
      text,
      values: [
        ...[draft.identifier, draft.purpose, draft.codeId, isHidden, isFromReserve],
        // Of a trusted device's mail nothing was counted on its mailbox.
        ...[lane === '' ? mailboxKey : null, isKnown ? null : domainKey, newCountryOf(counted), shard, countedAt],
      ],
    })
    if (row.budget_too && budget !== null) limits.leases.giveBack(budget, countedAt)
  }

  async function uncountInCountry(counted: CountedSend): Promise<void> {
    const country = newCountryOf(counted)
    // Who is known stays counted: the next send to them would come out of the budget again.
    if (country === null) return
    const text = `SELECT "${schema}".uncount_in_country($1, $2, $3, $4, $5)`
    const { draft, answer } = counted
    await database.run({ text, values: [draft.identifier, draft.codeId, country, answer.shard, answer.countedAt] })
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
      ...limits.sendKeysOf(caller),
      ...limits.mailKeysOf(emailOf(identifier)),
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

/** The country that a new number was counted in; null for others. */
const newCountryOf = ({ identifier, answer }: CountedSend) =>
  identifier.method === 'phone' && !answer.isKnown ? identifier.country : null

const emailOf = ({ method, identifier }: Identifier) => (method === 'email' ? identifier : null)

/**
 * What the requests may spend: which of the budgets of its channel one comes out of, the decision finds. A fixed code costs nothing, and
 * whoever sends no device token sets nothing aside of what owners have.
 */
function wantedFor(requests: readonly SendRequest[]): Wanted {
  const wanted: Record<string, number> = {}
  for (const { method, testEndsAt, deviceHash } of requests) {
    if (testEndsAt !== null) continue
    for (const kind of [...(deviceHash === null ? [] : ['trusted']), 'known', 'new']) {
      const budget = `${method === 'phone' ? 'sms' : 'mail'}:${kind}`
      wanted[budget] = (wanted[budget] ?? 0) + 1
    }
  }
  return wanted
}

const limitNames = {
  too_soon: 'identifier',
  refused_before: 'identifier',
  by_address: 'address',
  by_block: 'address',
  by_mailbox: 'budget',
  by_budget: 'budget',
  by_country: 'country',
} as const satisfies Record<string, SendLimit>

/** How a request fails. A budget and a closed country are no fault of the client's, and pass by themselves. */
const failureOf = {
  sent: undefined,
  unknown: 'account_not_found',
  too_soon: 'rate_limited',
  refused_before: 'rate_limited',
  by_address: 'rate_limited',
  by_block: 'rate_limited',
  by_mailbox: 'service_unavailable',
  by_budget: 'service_unavailable',
  by_country: 'service_unavailable',
} as const
