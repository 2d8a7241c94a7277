// Sending a code: to sign in, to step up, to prove a new identifier. The rules are in prisma/functions/send_code.sql, the same for all.
import type { AuditTrail } from '../audit/events.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { type ErrorCode, Problem, type ProblemDetails } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { type Identifier, type MetricLabels, metricLabelsOf } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import type { DeliveryTelemetry, Notifier, OutgoingCode } from '../messaging/notifier.js'
import type { OtpService } from '../otp/service.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { Actor } from '../sessions/service.js'
import type { Challenges } from './challenges/challenges.js'
import type { ChallengeSolution } from './challenges/provider.js'
import {
  type CountedSend,
  createSendDecision,
  failureOf,
  limitNames,
  type SendAnswer,
  type SendLimit,
} from './send-decision.js'
import { emailOf, SendReturns } from './send-returns.js'

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
  const decide = createSendDecision(dependencies)
  const returns = new SendReturns(database, limits)

  /** Sends the code. What certainly did not go out costs nothing; what may have gone out keeps its count. */
  async function deliverSeen(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const failure = 'delivery_failed'
    const report = await notifier.sendCode(counted.identifier, code, failure)
    await returns.settle(report, counted)
    if (report.outcome === 'accepted') return
    throw new Problem(failure, report.outcome === 'refused' && report.reason !== undefined ? optedOutDetails : {})
  }

  async function dispatch(code: OutgoingCode, counted: CountedSend): Promise<void> {
    const { isHidden, isPaid } = counted.answer
    if (!isHidden) await deliverSeen(code, counted)
    // Nobody may see, by an answer that waits or a cooldown that came back, how it went.
    else if (isPaid)
      notifier.sendCodeInBackground(counted.identifier, code, (report) => returns.settle(report, counted))
  }

  /** @throws Problem where no code is to be sent */
  async function requireSent(answer: SendAnswer, identifier: Identifier, client: Client, use: CodeUse): Promise<void> {
    const { outcome, retryAfter, hasClosedCountry } = answer
    const labels = metricLabelsOf(identifier)
    const code = answer.mayBeSolved ? 'challenge_required' : failureOf[outcome]
    if (hasClosedCountry) onTelemetry(client, { kind: 'country_closed', code, ...labels })
    if (outcome === 'sent' || code === undefined) return
    if (outcome === 'unknown') throw new Problem(code, { needsSignup: true })
    onTelemetry(client, { kind: 'refused', limit: limitNames[outcome], code, ...labels })
    if (outcome === 'opted_out') throw new Problem(code, optedOutDetails)
    if (code !== 'challenge_required') throw new Problem(code, { retryAfter: Number(retryAfter) })
    const challenge = await challenges.create({ purpose: use.purpose, identifier: identifier.identifier })
    throw new Problem(code, { challenge })
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
   * off, such numbers are closed: no 503, which would have to say when they open (contract §4).
   * @throws Problem `number_type_not_supported`
   */
  function refuseWithoutChallenges(identifier: Identifier, client: Client): void {
    if (challenges.isOn || !needsChallenge(identifier)) return
    const code = 'number_type_not_supported'
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

const needsChallenge = (identifier: Identifier) => identifier.method === 'phone' && identifier.needsChallenge === true

/** Why a message to somebody who said STOP is refused, by the provider or before it is asked. */
const optedOutDetails: ProblemDetails = {
  reason: 'recipient_opted_out',
  errors: ['This number has asked for no more messages. Answer START to the last one, and try again after a day'],
}
