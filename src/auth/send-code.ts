// Sending a code: to sign in, to step up, to prove a new identifier. The rules are in prisma/functions/send_code.sql, the same for all.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { type ErrorCode, Problem, type ProblemDetails } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { type Identifier, type MetricLabels, metricLabelsOf } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Wanted } from '../limits/leases.js'
import type { Limits } from '../limits/service.js'
import type { DeliveryReport } from '../messaging/failover.js'
import type { DeliveryTelemetry, Notifier, OutgoingCode } from '../messaging/notifier.js'
import type { StoredCode } from '../otp/code.js'
import type { CodeDraft } from '../otp/issue.js'
import type { OtpService } from '../otp/service.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { Actor } from '../sessions/service.js'
import type { Challenges } from './challenges/challenges.js'
import type { ChallengeSolution } from './challenges/provider.js'

export type SentCode = {
  /** seconds */
  expires_in: number
  /** seconds */
  resend_after: number
  attempts_allowed: number
  otp?: string
}

/** What became of a send, to be logged and counted. */
export type SendTelemetry =
  | DeliveryTelemetry
  | (MetricLabels &
      Readonly<
        | { kind: 'refused'; limit: SendLimit; code: ErrorCode }
        | { kind: 'country_closed'; code?: ErrorCode | undefined }
        | { kind: 'challenge'; result: 'solved' | 'wrong' }
      >)

/** Which limit refused a send, as metrics name it. */
export type SendLimit = 'identifier' | 'address' | 'budget' | 'country' | 'challenge' | 'opt_out'

/** What a code is for. */
export type CodeUse = Readonly<
  | {
      purpose: 'sign_in'
      /** whether an unknown identifier is to be told, or hidden, instead of getting a code */
      mode: 'any' | 'login'
    }
  | { purpose: 'step_up' | 'change_identifier'; actor: Actor }
> &
  Readonly<{ solution?: ChallengeSolution | undefined }>

/** send_code_request, as far as budgets need it. */
type SendRequest = DecisionRequest &
  CodeDraft &
  Readonly<{
    method: Identifier['method']
    deviceHash: Uint8Array<ArrayBuffer> | null
    /** of a solved challenge, which opens more of each budget */
    challenge: string | null
  }>

/** send_code_result */
type SendAnswer = Readonly<{
  outcome: 'sent' | 'unknown' | keyof typeof limitNames
  /** seconds, where it was refused */
  retryAfter: number | null
  /** it would have passed with a solved challenge */
  mayBeSolved: boolean
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

export type SendCode = (identifier: Identifier, client: Client, use: CodeUse) => Promise<SentCode>

type SendCodeDependencies = {
  database: Database
  otp: OtpService
  limits: Limits
  audit: AuditTrail
  notifier: Notifier
  challenges: Challenges
  settings: Pick<Config['otp'], 'echo'>
  onTelemetry: (origin: LogOrigin, event: SendTelemetry) => void
}

export function createSendCode(dependencies: SendCodeDependencies): SendCode {
  const { database, otp, limits, audit, notifier, challenges, settings, onTelemetry } = dependencies

  const decide = createDecision<SendRequest, SendAnswer>({
    database,
    name: 'send_code',
    keyOf: ({ identifier }) => identifier,
    settings: () => ({
      ...otp.sendLimits,
      ...limits.sendLimits,
      shard: anyShard(),
      hasChallenges: challenges.isOn,
      asksAlways: challenges.isAlways,
    }),
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
    const report = await notifier.sendCode(counted.identifier, code, failure)
    await settle(report, counted)
    if (report.outcome === 'accepted') return
    throw new Problem(failure, report.outcome === 'refused' && report.reason !== undefined ? optedOutDetails : {})
  }

  async function dispatch(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const { isHidden, isPaid } = counted.answer
    if (!isHidden) await deliverSeen(code, counted)
    // Nobody may see, by an answer that waits or a cooldown that came back, how it went.
    else if (isPaid) notifier.sendCodeInBackground(counted.identifier, code, (report) => settle(report, counted))
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
    const text = `SELECT "${database.functionSchema}".give_back_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS budget_too`
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
    const text = `SELECT "${database.functionSchema}".uncount_in_country($1, $2, $3, $4, $5)`
    const { draft, answer } = counted
    await database.run({ text, values: [draft.identifier, draft.codeId, country, answer.shard, answer.countedAt] })
  }

  /** @throws Problem where no code is to be sent */
  async function requireSent(answer: SendAnswer, identifier: Identifier, client: Client, use: CodeUse): Promise<void> {
    const { outcome, retryAfter, hasClosedCountry } = answer
    const labels = metricLabelsOf(identifier)
    const code = answer.mayBeSolved ? 'challenge_required' : failureOf[outcome]
    if (hasClosedCountry) onTelemetry(client, { kind: 'country_closed', code, ...labels })
    if (outcome === 'sent') return
    if (outcome === 'unknown') throw new Problem(failureOf[outcome], { needsSignup: true })
    const refusal = answer.mayBeSolved ? 'challenge_required' : failureOf[outcome]
    onTelemetry(client, { kind: 'refused', limit: limitNames[outcome], code: refusal, ...labels })
    if (outcome === 'opted_out') throw new Problem(refusal, optedOutDetails)
    if (refusal !== 'challenge_required') throw new Problem(refusal, { retryAfter: Number(retryAfter) })
    const challenge = await challenges.create({ purpose: use.purpose, identifier: identifier.identifier })
    throw new Problem(refusal, { challenge })
  }

  /** The name of the challenge that the request solves; null for none. */
  async function solvedBy({ purpose, solution }: CodeUse, identifier: Identifier, client: Client) {
    if (solution === undefined) return null
    const solved = await challenges.verify(solution, { purpose, identifier: identifier.identifier })
    const result = solved === null ? 'wrong' : 'solved'
    onTelemetry(client, { kind: 'challenge', result, ...metricLabelsOf(identifier) })
    return solved
  }

  /**
   * A number that a setting lets in although the metadata does not know it asks for a challenge, whoever has it. Where challenges are
   * off, such numbers are closed.
   * @throws Problem `service_unavailable`; without Retry-After, since time alone opens nothing
   */
  function refuseWithoutChallenges(identifier: Identifier, client: Client): void {
    if (challenges.isOn || !needsChallenge(identifier)) return
    const code = 'service_unavailable'
    onTelemetry(client, { kind: 'refused', limit: 'country', code, ...metricLabelsOf(identifier) })
    throw new Problem(code, { errors: ['Numbers of this range get no code here yet'] })
  }

  /**
   * Puts a code there and delivers it; the live one again where there is one. A test identity knows its code: nothing goes out.
   * @throws Problem `rate_limited` and `service_unavailable` with a true Retry-After, `account_not_found`, `delivery_failed`
   */
  async function sendCode(identifier: Identifier, client: Client, use: CodeUse): Promise<SentCode> {
    const { purpose } = use
    const actor = 'actor' in use ? use.actor : undefined
    const draft = otp.draft({ purpose, identifier, session: actor?.sessionId })
    if (draft.values.testEndsAt === null) refuseWithoutChallenges(identifier, client)
    const answer = await decide({
      ...draft.values,
      ...limits.sendKeysOf(client),
      ...limits.mailKeysOf(emailOf(identifier)),
      ...audit.valuesOf(client, identifier.identifier),
      method: identifier.method,
      userId: actor?.userId ?? null,
      onlyKnown: use.purpose === 'sign_in' && use.mode === 'login',
      challenge: await solvedBy(use, identifier, client),
      needsChallenge: needsChallenge(identifier),
      deviceHash: deviceHashOf(client),
      country: identifier.method === 'phone' ? identifier.country : null,
    })
    await requireSent(answer, identifier, client, use)

    const code = await draft.codeIn(answer)
    const { expiresIn, resendAfter, attemptsAllowed, locale } = answer
    const languages = locale === null ? client.languages : [...client.languages, locale]
    if (draft.values.testEndsAt === null) {
      await dispatch({ code, purpose, expiresIn, languages, client }, { identifier, draft: draft.values, answer })
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

const needsChallenge = (identifier: Identifier) => identifier.method === 'phone' && identifier.needsChallenge === true
const emailOf = ({ method, identifier }: Identifier) => (method === 'email' ? identifier : null)

/**
 * What the requests may spend: which of the budgets of its channel one comes out of, the decision finds. A fixed code costs nothing, and
 * whoever sends no device token sets nothing aside of what owners have.
 */
function wantedFor(requests: readonly SendRequest[]): Wanted {
  const wanted: Record<string, number> = {}
  for (const { method, testEndsAt, deviceHash, challenge } of requests) {
    if (testEndsAt !== null) continue
    const kinds = [...(deviceHash === null ? [] : ['trusted']), 'known', 'new']
    for (const kind of challenge === null ? kinds : [...kinds, 'known:solved', 'new:solved']) {
      const budget = `${method === 'phone' ? 'sms' : 'mail'}:${kind}`
      wanted[budget] = (wanted[budget] ?? 0) + 1
    }
  }
  return wanted
}

/** Why a message to somebody who said STOP is refused, by the provider or before it is asked. */
const optedOutDetails: ProblemDetails = {
  reason: 'recipient_opted_out',
  errors: ['This number has asked for no more messages. Answer START to the last one, and try again after a day'],
}

const limitNames = {
  opted_out: 'opt_out',
  too_soon: 'identifier',
  refused_before: 'identifier',
  by_address: 'address',
  by_block: 'address',
  by_mailbox: 'budget',
  by_budget: 'budget',
  by_country: 'country',
  by_challenge: 'challenge',
} as const satisfies Record<string, SendLimit>

/** How a request fails. A budget and a closed country are no fault of the client's, and pass by themselves. */
const failureOf = {
  sent: undefined,
  unknown: 'account_not_found',
  opted_out: 'delivery_failed',
  too_soon: 'rate_limited',
  refused_before: 'rate_limited',
  by_address: 'rate_limited',
  by_block: 'rate_limited',
  by_mailbox: 'service_unavailable',
  by_budget: 'service_unavailable',
  by_country: 'service_unavailable',
  by_challenge: 'challenge_required',
} as const
