// Signing in with a code: the same for both flows, which differ only in what a newcomer gets. The rules are in
// prisma/functions/sign_in.sql.

import type { AuditTrail } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { newId } from '../database/ids.js'
import { type MaybeUserRow, type UserRow, userRowOf } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { type Identifier, type IdentifierParser, type MetricLabels, metricLabelsOf } from '../identifiers/parser.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import { anyShard, verifiedKeyOf } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import type { Notifier } from '../messaging/notifier.js'
import type { Messages } from '../messaging/templates/messages.js'
import type { Attempt, OtpService } from '../otp/service.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { SessionDrafts } from '../sessions/drafts.js'
import type { BeforeSignup } from './before-signup.js'
import { leavingReason } from './recycled.js'
import { draftTicket, hashTicket, ticketTimeToLive } from './signup-tickets.js'
import type { AttemptAnswer, AttemptTelemetry, ConcludeAttempt } from './verification.js'

export type SignedIn = Readonly<{
  outcome: 'signed_in'
  user: UserRow
  token: string
  /** only where the device was not known before */
  deviceToken: string | undefined
  isNewUser: boolean
}>
export type Newcomer = Readonly<{ outcome: 'newcomer'; ticket: string }>

/** What became of whoever asked, to be logged and counted. */
export type SignInTelemetry =
  | AttemptTelemetry
  | (MetricLabels & Readonly<{ kind: 'new_account' }>)
  | Readonly<{ kind: 'signed_in'; method: MetricLabels['channel'] }>

/** What somebody shows who signs in. */
export type Proof = Readonly<{
  code: string
  /** of a 403 `second_proof_required`, for the account's other identifier */
  recycleToken: string | undefined
}>

/** What becomes of somebody without an account: a user of this id, or one who gets this ticket. */
type Becoming =
  | Readonly<{ newUserId: string; locale: string | null }>
  | Readonly<{ ticketHash: Uint8Array<ArrayBuffer> }>

/** sign_in_request */
type SignInRequest = DecisionRequest & Attempt

/** sign_in_result */
type SignInAnswer = AttemptAnswer &
  MaybeUserRow &
  Readonly<{
    outcome:
      | 'signed_in'
      | 'newcomer'
      | 'disabled'
      | 'second_proof'
      | 'weigh'
      | 'ask'
      | 'wrong'
      | 'locked'
      | 'refused'
      | 'by_address'
    isNewUser: boolean
    isNewDevice: boolean
    /** of `weigh`: the account's other identifier, canonical */
    other: string | null
    /** canonical; null where nobody is to be told */
    toldTo: string[] | null
    /** BCP 47 */
    toldIn: string | null
  }>

/** Notices of sign-ins on devices that are not known, for one account in a day (UTC). */
export const maxToldPerDay = 5

type SignInDependencies = {
  database: Database
  otp: OtpService
  sessionDrafts: SessionDrafts
  messages: Pick<Messages, 'localeOf'>
  limits: Limits
  audit: AuditTrail
  identifiers: Pick<IdentifierParser, 'fromStored'>
  notifier: Pick<Notifier, 'notifyOfSignIn'>
  concludeAttempt: ConcludeAttempt
  beforeSignup: BeforeSignup
  /** seconds without use after which an identifier asks for the account's other one too; null for never */
  recycleAfter: number | null
  onTelemetry: (origin: LogOrigin, event: SignInTelemetry) => void
}

export class SignIn {
  readonly #otp: OtpService
  readonly #sessionDrafts: SessionDrafts
  readonly #messages: Pick<Messages, 'localeOf'>
  readonly #limits: Limits
  readonly #audit: AuditTrail
  readonly #identifiers: Pick<IdentifierParser, 'fromStored'>
  readonly #notifier: Pick<Notifier, 'notifyOfSignIn'>
  readonly #concludeAttempt: ConcludeAttempt
  readonly #beforeSignup: BeforeSignup
  readonly #onTelemetry: SignInDependencies['onTelemetry']
  readonly #decide

  constructor(dependencies: SignInDependencies) {
    const {
      database,
      otp,
      sessionDrafts,
      messages,
      limits,
      audit,
      identifiers,
      notifier,
      concludeAttempt,
      beforeSignup,
      recycleAfter,
      onTelemetry,
    } = dependencies
    this.#otp = otp
    this.#sessionDrafts = sessionDrafts
    this.#messages = messages
    this.#limits = limits
    this.#audit = audit
    this.#identifiers = identifiers
    this.#notifier = notifier
    this.#concludeAttempt = concludeAttempt
    this.#beforeSignup = beforeSignup
    this.#onTelemetry = onTelemetry
    this.#decide = createDecision<SignInRequest, SignInAnswer>({
      database,
      name: 'sign_in',
      keyOf: ({ identifier }) => identifier,
      settings: () => ({
        ...this.#otp.attemptLimits,
        ...this.#sessionDrafts.creationLimits,
        maxPerAddress: this.#limits.settings.ipVerifyPerTenMinutes,
        ticketTtl: ticketTimeToLive,
        maxToldPerDay,
        shard: anyShard(),
        recycleAfter,
        asksBeforeSignup: this.#beforeSignup.isAsked,
      }),
    })
  }

  /** Tells the account's other identifier, or both, in the account's language: who signed in may be a stranger. */
  #tell({ toldTo, toldIn }: SignInAnswer, client: Client): void {
    for (const stored of toldTo ?? []) {
      const identifier = this.#identifiers.fromStored(stored)
      // Under the settings of today nothing may go there any more.
      if (identifier !== null)
        this.#notifier.notifyOfSignIn(identifier, { languages: toldIn === null ? [] : [toldIn], client })
    }
  }

  /**
   * Asks the decision; again where that has to know whether messages go to the account's other identifier under the settings of today,
   * since nobody is asked for what cannot be proved; and again once the product has let a newcomer in.
   */
  async #ask(
    first: SignInRequest,
    identifier: Identifier,
    client: Client,
  ): Promise<{ answer: SignInAnswer; recycleToken: string }> {
    let request = first
    let answer = await this.#decide(request)
    let recycleToken = ''
    while (answer.outcome === 'weigh' || answer.outcome === 'ask') {
      if (answer.outcome === 'ask') {
        const locale = this.#messages.localeOf(client.languages)
        request = { ...request, ...(await this.#beforeSignup.ask({ identifier, userName: null, locale }, client)) }
        answer = await this.#decide(request)
        continue
      }
      const { ticket, ticketHash: newRecycleHash } = draftTicket()
      const weighed = String(answer.other)
      const isReachable = this.#identifiers.fromStored(weighed) !== null
      answer = await this.#decide({ ...request, weighed, isReachable, newRecycleHash })
      recycleToken = ticket
    }
    return { answer, recycleToken }
  }

  /** Tries the code; null for a newcomer, who got a ticket. */
  async #tryCode(identifier: Identifier, proof: Proof, client: Client, newcomer: Becoming): Promise<SignedIn | null> {
    const session = this.#sessionDrafts.draft(client)
    const request = {
      method: identifier.method,
      ...this.#otp.attemptOf({ purpose: 'sign_in', identifier }, proof.code),
      ...session.values,
      ...newcomer,
      ...this.#audit.valuesOf(client, identifier.identifier),
      deviceHash: deviceHashOf(client),
      addressKey: this.#limits.attemptsKeyOf(client.block),
      countryKey: identifier.method === 'phone' ? verifiedKeyOf(identifier.country) : null,
      recycleHash: proof.recycleToken === undefined ? null : hashTicket(proof.recycleToken),
    }
    const { answer, recycleToken } = await this.#ask(request, identifier, client)
    await this.#concludeAttempt(answer, metricLabelsOf(identifier), client)
    if (answer.outcome === 'disabled') throw new Problem('forbidden', { errors: ['This account is disabled'] })
    if (answer.outcome === 'second_proof') throw secondProofRequired(recycleToken, answer.retryAfter)
    if (answer.outcome === 'newcomer') return null
    const { isNewUser, isNewDevice } = answer
    if (isNewUser) this.#onTelemetry(client, { kind: 'new_account', ...metricLabelsOf(identifier) })
    this.#onTelemetry(client, { kind: 'signed_in', method: metricLabelsOf(identifier).channel })
    this.#tell(answer, client)
    const user = userRowOf(answer)
    return { outcome: 'signed_in', user, ...this.#sessionDrafts.created(session, user.id, isNewDevice), isNewUser }
  }

  /**
   * Signs in, or makes the account that nobody has yet.
   * @throws Problem `otp_invalid`; `signup_refused`, `service_unavailable` where the product is asked first; `forbidden` for a disabled account; `second_proof_required`; `rate_limited` for the address
   */
  async signInOrCreate(identifier: Identifier, proof: Proof, client: Client): Promise<SignedIn> {
    const newUser = { newUserId: newId(), locale: this.#messages.localeOf(client.languages) }
    const signedIn = await this.#tryCode(identifier, proof, client, newUser)
    /* c8 ignore next -- whoever has a new user's id is made a user */
    if (signedIn === null) throw new Error('sign_in calls somebody a newcomer who was to become a user')
    return signedIn
  }

  /**
   * Signs in, or gives the ticket that signing up asks for.
   * @throws Problem `otp_invalid`; `forbidden` for a disabled account; `second_proof_required`; `rate_limited` for the address
   */
  async signInOrAdmit(phone: PhoneIdentifier, proof: Proof, client: Client): Promise<SignedIn | Newcomer> {
    const { ticket, ticketHash } = draftTicket()
    return (await this.#tryCode(phone, proof, client, { ticketHash })) ?? { outcome: 'newcomer', ticket }
  }
}

/** @param leavesIn seconds after which the identifier leaves the account; null where nobody asked for that */
function secondProofRequired(recycleToken: string, leavesIn: number | null): Problem {
  if (leavesIn === null) return new Problem('second_proof_required', { recycleToken })
  return new Problem('second_proof_required', { recycleToken, reason: leavingReason, retryAfter: leavesIn })
}
