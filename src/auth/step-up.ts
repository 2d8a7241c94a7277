// Stepping up: whoever is signed in proves again that it is them, by a code to a phone or address of their own.
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import type { UserRow } from '../database/user-row.js'
import { atField, Problem } from '../errors.js'
import type { Client } from '../http/client.js'
import { type Identifier, type IdentifierParser, metricLabelsOf } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import type { OtpService } from '../otp/service.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { Actor } from '../sessions/service.js'
import { proofLifetime } from '../sessions/statements.js'
import type { UsersService } from '../users/service.js'
import type { ChallengeSolution } from './challenges/provider.js'
import type { SendCode, SentCode } from './send-code.js'
import type { AttemptAnswer, ConcludeAttempt } from './verification.js'

/** step_up_result */
type StepUpAnswer = AttemptAnswer &
  Readonly<{
    /** where the code had gone to; null where there was none to try */
    identifier: string | null
    /** until when the session counts as freshly proven; null where it does not, or is over */
    provenUntil: Date | null
  }>

type StepUpDependencies = {
  database: Database
  identifiers: Pick<IdentifierParser, 'fromStored'>
  users: Pick<UsersService, 'verifiedIdentifiersOf'>
  otp: OtpService
  sendCode: SendCode
  concludeAttempt: ConcludeAttempt
  limits: Limits
}

export class StepUp {
  readonly #identifiers: Pick<IdentifierParser, 'fromStored'>
  readonly #users: Pick<UsersService, 'verifiedIdentifiersOf'>
  readonly #otp: OtpService
  readonly #sendCode: SendCode
  readonly #concludeAttempt: ConcludeAttempt
  readonly #limits: Limits
  readonly #decide

  constructor(dependencies: StepUpDependencies) {
    const { database, identifiers, users, otp, sendCode, concludeAttempt, limits } = dependencies
    this.#identifiers = identifiers
    this.#users = users
    this.#otp = otp
    this.#sendCode = sendCode
    this.#concludeAttempt = concludeAttempt
    this.#limits = limits
    this.#decide = createDecision<DecisionRequest & { userId: string }, StepUpAnswer>({
      database,
      name: 'step_up',
      keyOf: ({ userId }) => userId,
      settings: () => ({
        ...this.#otp.attemptLimits,
        maxPerAddress: this.#limits.settings.ipVerifyPerTenMinutes,
        proofLifetime,
        shard: anyShard(),
      }),
    })
  }

  /** Those that a code can be sent to under the settings of today. */
  #reachable(texts: readonly (string | null)[]): Identifier[] {
    return texts
      .map((text) => (text === null ? null : this.#identifiers.fromStored(text)))
      .filter((each) => each !== null)
  }

  /**
   * Sends a code to the user's phone, or to the email where there is no phone or `method` says so. Only to what is proven.
   * @throws Problem `validation_failed` where there is none such, and those of `sendCode`
   */
  async send(
    actor: Actor,
    method: Identifier['method'] | undefined,
    client: Client,
    solution?: ChallengeSolution,
  ): Promise<SentCode & { method: Identifier['method'] }> {
    const own = this.#reachable(await this.#users.verifiedIdentifiersOf(actor.userId))
    const identifier = own.find((each) => method === undefined || each.method === method)
    if (identifier === undefined) {
      const line = `You have no ${method ?? 'phone or email'} to send a code to`
      throw new Problem('validation_failed', atField(method === undefined ? '' : 'method', line))
    }
    const sent = await this.#sendCode(identifier, client, { purpose: 'step_up', actor, solution })
    return { method: identifier.method, ...sent }
  }

  /**
   * Takes the code and marks the session as freshly proven; says until when.
   * @throws Problem `otp_invalid`; `rate_limited` for the address; `unauthorized` where the session ended meanwhile
   */
  async verify(user: UserRow, sessionId: string, code: string, client: Client): Promise<Date> {
    const attemptAt = (method: Identifier['method']) => {
      const [target] = this.#reachable([user[method]])
      return (
        target && {
          target,
          ...this.#otp.attemptOf({ purpose: 'step_up', identifier: target, session: sessionId }, code),
        }
      )
    }
    const [phone, email] = [attemptAt('phone'), attemptAt('email')]
    const answer = await this.#decide({
      userId: user.id,
      sessionId,
      deviceHash: deviceHashOf(client),
      phone: phone?.identifier ?? null,
      phoneHash: phone?.codeHash ?? null,
      phonePreviousHash: phone?.previousCodeHash ?? null,
      email: email?.identifier ?? null,
      emailHash: email?.codeHash ?? null,
      emailPreviousHash: email?.previousCodeHash ?? null,
      addressKey: this.#limits.attemptsKeyOf(client.block),
      network: client.network,
      requestId: client.requestId,
    })
    const tried = email !== undefined && answer.identifier === email.identifier ? email : (phone ?? email)
    if (tried === undefined) throw new Problem('otp_invalid')
    await this.#concludeAttempt(answer, metricLabelsOf(tried.target), client)
    if (answer.provenUntil === null) throw new Problem('unauthorized', { invalidToken: true })
    return answer.provenUntil
  }
}
