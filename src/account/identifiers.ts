// What people do with their own phone and email: add one, change one, remove one (prisma/functions/change_identifier.sql).
import type { AuditTrail } from '../audit/events.js'
import type { ChallengeSolution } from '../auth/challenges/provider.js'
import type { SendCode, SentCode } from '../auth/send-code.js'
import type { AttemptAnswer, ConcludeAttempt, FailedAttempt } from '../auth/verification.js'
import { maxSessionLifetime } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { type MaybeUserRow, type UserRow, userRowOf } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Client } from '../http/client.js'
import { type Identifier, type IdentifierParser, metricLabelsOf } from '../identifiers/parser.js'
import { anyShard, verifiedKeyOf } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import type { Notifier } from '../messaging/notifier.js'
import type { OtpService } from '../otp/service.js'
import type { Actor } from '../sessions/service.js'

/** change_identifier_result */
type ChangeAnswer = AttemptAnswer &
  MaybeUserRow &
  Readonly<{
    outcome: ('changed' | 'taken' | 'too_many' | 'session_ended' | 'not_there' | 'last_identifier') | FailedAttempt
    /** proven, canonical; null where nobody is to be told */
    toldTo: string | null
    /** BCP 47 */
    locale: string | null
  }>

type Wanted = Readonly<{ identifier: Identifier; code: string }>

type OwnIdentifiersDependencies = {
  database: Database
  identifiers: Pick<IdentifierParser, 'fromStored'>
  otp: OtpService
  sendCode: SendCode
  concludeAttempt: ConcludeAttempt
  notifier: Notifier
  limits: Limits
  audit: AuditTrail
}

export class OwnIdentifiers {
  readonly #identifiers: Pick<IdentifierParser, 'fromStored'>
  readonly #otp: OtpService
  readonly #sendCode: SendCode
  readonly #concludeAttempt: ConcludeAttempt
  readonly #notifier: Notifier
  readonly #limits: Limits
  readonly #audit: AuditTrail
  readonly #decide

  constructor(dependencies: OwnIdentifiersDependencies) {
    const { database, identifiers, otp, sendCode, concludeAttempt, notifier, limits, audit } = dependencies
    this.#identifiers = identifiers
    this.#otp = otp
    this.#sendCode = sendCode
    this.#concludeAttempt = concludeAttempt
    this.#notifier = notifier
    this.#limits = limits
    this.#audit = audit
    this.#decide = createDecision<DecisionRequest & Actor, ChangeAnswer>({
      database,
      name: 'change_identifier',
      keyOf: ({ userId }) => userId,
      settings: () => ({
        ...this.#otp.attemptLimits,
        maxPerAddress: this.#limits.settings.ipVerifyPerTenMinutes,
        maxChangesPerDay: maxChangesPerDay,
        sessionMaxAge: maxSessionLifetime,
        shard: anyShard(),
      }),
    })
  }

  /** Tells whoever reads the old identifier, in the account's language: the request may come from a stranger. */
  #tell({ toldTo, locale }: ChangeAnswer, client: Client): void {
    // Under the settings of today nothing may go there any more.
    const identifier = toldTo === null ? null : this.#identifiers.fromStored(toldTo)
    if (identifier !== null)
      this.#notifier.notifyOfChange(identifier, { languages: locale === null ? [] : [locale], client })
  }

  /**
   * Sends a code to an identifier that the user wants to have. Whether somebody has it already is told to who proves it, not here.
   * @throws Problem those of `sendCode`
   */
  send(identifier: Identifier, actor: Actor, client: Client, solution?: ChallengeSolution): Promise<SentCode> {
    return this.#sendCode(identifier, client, { purpose: 'change_identifier', actor, solution })
  }

  /** Asks for the change: the new identifier with an attempt at its code, or null to remove the one of the method. */
  async #change(method: Identifier['method'], wanted: Wanted | null, actor: Actor, client: Client): Promise<UserRow> {
    const answer = await this.#decide({
      ...actor,
      method,
      ...(wanted && {
        ...this.#otp.attemptOf(
          { purpose: 'change_identifier', identifier: wanted.identifier, session: actor.sessionId },
          wanted.code,
        ),
        countryKey: wanted.identifier.method === 'phone' ? verifiedKeyOf(wanted.identifier.country) : null,
        ...this.#audit.valuesOf(client, wanted.identifier.identifier),
      }),
      addressKey: this.#limits.attemptsKeyOf(client.block),
      network: client.network,
      requestId: client.requestId,
    })
    if (wanted !== null && answer.outcome !== 'too_many' && answer.outcome !== 'session_ended') {
      await this.#concludeAttempt(answer, metricLabelsOf(wanted.identifier), client)
    }
    switch (answer.outcome) {
      case 'changed':
        this.#tell(answer, client)
        return userRowOf(answer)
      case 'taken':
        throw new Problem('already_registered')
      case 'too_many':
        throw new Problem('rate_limited', { errors: [changesAreOverLine], retryAfter: Number(answer.retryAfter) })
      case 'session_ended':
        throw new Problem('unauthorized', { invalidToken: true })
      case 'not_there':
        throw new Problem('not_found', { errors: [`There is no ${method} to remove`] })
      case 'last_identifier':
        throw new Problem('last_identifier')
      /* c8 ignore next 3 -- an attempt that failed has thrown by now; a removal is none */
      default:
        throw new Problem('otp_invalid')
    }
  }

  /**
   * Takes the code and gives the user the identifier, in place of the one that they had.
   * @throws Problem `otp_invalid`; `rate_limited` for the address, or where the account has had its changes of the day: then the
   * code stays good; `already_registered`; `unauthorized` for who is gone
   */
  verify(identifier: Identifier, code: string, actor: Actor, client: Client): Promise<UserRow> {
    return this.#change(identifier.method, { identifier, code }, actor, client)
  }

  /**
   * Takes an identifier off the user.
   * @throws Problem `not_found`, `last_identifier`; `rate_limited` where the account has had its changes of the day; `unauthorized`
   * for who is gone
   */
  remove(method: Identifier['method'], actor: Actor, client: Client): Promise<UserRow> {
    return this.#change(method, null, actor, client)
  }
}

// How often an account's phone and email may change: each change tells whoever reads the old one, and that message costs. Counted
// and refused in prisma/functions/change_identifier.sql.

/** Changes of one account in a day (UTC): added, changed and removed together. */
export const maxChangesPerDay = 5

/** For whoever has made them. */
export const changesAreOverLine = `Phone and email can be changed ${maxChangesPerDay} times a day`
