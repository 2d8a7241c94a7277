// The decision about a send (prisma/functions/send_code.sql): what it is given, what it answers, and how an answer fails a request.
import type { Database } from '../database/client.js'
import { createDecision, type Decision, type DecisionRequest } from '../database/decisions.js'
import type { Identifier } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Wanted } from '../limits/leases.js'
import type { Limits } from '../limits/service.js'
import type { StoredCode } from '../otp/code.js'
import type { CodeDraft } from '../otp/issue.js'
import type { OtpService } from '../otp/service.js'
import type { Challenges } from './challenges/challenges.js'

/** Which limit refused a send, as metrics name it. */
export type SendLimit = 'identifier' | 'address' | 'budget' | 'country' | 'challenge' | 'opt_out'

/** send_code_request, as far as budgets need it. */
export type SendRequest = DecisionRequest &
  CodeDraft &
  Readonly<{
    method: Identifier['method']
    deviceHash: Uint8Array<ArrayBuffer> | null
    /** of a solved challenge, which opens more of each budget */
    challenge: string | null
  }>

/** send_code_result */
export type SendAnswer = Readonly<{
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
export type CountedSend = Readonly<{ identifier: Identifier; draft: CodeDraft; answer: SendAnswer }>

type SendDecisionDependencies = {
  database: Database
  otp: Pick<OtpService, 'sendLimits'>
  limits: Limits
  challenges: Challenges
}

/** Its name, by which its queue is found. */
export const sendDecision = 'send_code'

/** Milliseconds that a send may wait: less than what others may, since whoever holds a code already waits for more. */
const sendIsWorth = 750

/** Asks for sends, many at once. A call sets aside what it may use of budgets, and puts back what it has not used. */
export function createSendDecision(dependencies: SendDecisionDependencies): Decision<SendRequest, SendAnswer> {
  const { database, otp, limits, challenges } = dependencies
  return createDecision<SendRequest, SendAnswer>({
    database,
    name: sendDecision,
    worth: sendIsWorth,
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
}

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

export const limitNames = {
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
export const failureOf = {
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
