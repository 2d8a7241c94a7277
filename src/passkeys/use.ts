// Using passkeys: to sign in without a name or a message, and to prove again that it is still you. The rules are in
// prisma/functions/use_passkey.sql; what an answer proves, in ceremonies.ts.
import type { AuditTrail } from '../audit/events.js'
import { maxToldPerDay } from '../auth/sign-in.js'
import { draftTicket } from '../auth/signup-tickets.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { type MaybeUserRow, type UserRow, userRowOf } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Passkey } from '../generated/prisma/client.js'
import type { Client, LogOrigin } from '../http/client.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import { anyShard } from '../limits/counters.js'
import type { Limits } from '../limits/service.js'
import type { Notifier } from '../messaging/notifier.js'
import { deviceHashOf } from '../sessions/devices.js'
import type { CreatedSession, SessionDrafts } from '../sessions/drafts.js'
import type { Actor } from '../sessions/service.js'
import { proofLifetime } from '../sessions/statements.js'
import {
  type Assertion,
  type AuthenticationResponseJSON,
  type Ceremonies,
  clientDataOf,
  type RequestOptions,
  Unproven,
} from './ceremonies.js'
import type { Ceremony, Holder, PasskeyChallenges } from './challenges.js'

/** What became of an answer, to be logged and counted. `why` is for the log alone. */
export type PasskeyTelemetry =
  | Readonly<{ kind: 'passkey'; ceremony: Ceremony; result: 'accepted' | 'refused'; why?: string }>
  | Readonly<{ kind: 'signed_in'; method: 'passkey' }>

type UseRequest = DecisionRequest & Readonly<{ userId: string }>

/** use_passkey_result */
type UseAnswer = MaybeUserRow &
  Readonly<{
    outcome: 'signed_in' | 'proved' | 'gone' | 'disabled' | 'cloned' | 'session_ended'
    isNewDevice: boolean
    provenUntil: Date | null
    /** canonical; null where nobody is to be told */
    toldTo: string[] | null
    /** BCP 47 */
    toldIn: string | null
  }>

type Proven = Assertion & Readonly<{ passkey: Passkey }>

type UseDependencies = {
  database: Database
  ceremonies: Ceremonies
  challenges: PasskeyChallenges
  sessionDrafts: SessionDrafts
  limits: Limits
  audit: Pick<AuditTrail, 'record'>
  identifiers: Pick<IdentifierParser, 'fromStored'>
  notifier: Pick<Notifier, 'notifyOfSignIn' | 'notifyOfChange'>
  onTelemetry: (origin: LogOrigin, event: PasskeyTelemetry) => void
}

export class PasskeyUse {
  readonly #dependencies: UseDependencies
  readonly #decide

  constructor(dependencies: UseDependencies) {
    const { database, sessionDrafts } = dependencies
    this.#dependencies = dependencies
    this.#decide = createDecision<UseRequest, UseAnswer>({
      database,
      name: 'use_passkey',
      keyOf: ({ userId }) => userId,
      settings: () => ({ ...sessionDrafts.creationLimits, proofLifetime, maxToldPerDay, shard: anyShard() }),
    })
  }

  /**
   * What a browser asks for any passkey of this domain by, and what binds the challenge to it.
   * @param known what the browser keeps already: two tabs share it
   */
  async signInOptions(known: string | undefined): Promise<{ options: RequestOptions; holder: string }> {
    const { ceremonies, challenges } = this.#dependencies
    const options = await ceremonies.requestOptions()
    const holder = known ?? draftTicket().ticket
    await challenges.keep(options.challenge, 'authentication', { token: holder })
    return { options, holder }
  }

  /**
   * Signs in. Whatever is wrong is one answer.
   * @param holder as the browser keeps it; undefined, which holds nothing, where it does not
   * @throws Problem `passkey_invalid`
   */
  async signIn(
    response: AuthenticationResponseJSON,
    holder: string | undefined,
    client: Client,
  ): Promise<{ user: UserRow } & CreatedSession> {
    const { sessionDrafts, onTelemetry } = this.#dependencies
    const proven = await this.#prove(
      response,
      'authentication',
      holder === undefined ? null : { token: holder },
      client,
    )
    const session = sessionDrafts.draft(client)
    const answer = await this.#use(proven, 'authentication', client, {
      ...session.values,
      deviceHash: deviceHashOf(client),
    })
    onTelemetry(client, { kind: 'signed_in', method: 'passkey' })
    this.#tell(answer, 'notifyOfSignIn', client)
    const user = userRowOf(answer)
    return { user, ...sessionDrafts.created(session, user.id, answer.isNewDevice) }
  }

  /**
   * What a browser asks for a passkey of this user by.
   * @throws Problem `validation_failed` where there is none
   */
  async stepUpOptions({ userId, sessionId }: Actor): Promise<RequestOptions> {
    const { database, ceremonies, challenges } = this.#dependencies
    const own = await database.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' } })
    if (own.length === 0) throw new Problem('validation_failed', { errors: ['You have no passkey'] })
    const options = await ceremonies.requestOptions(own)
    await challenges.keep(options.challenge, 'step_up', { sessionId })
    return options
  }

  /**
   * Marks the session as freshly proven; says until when.
   * @throws Problem `passkey_invalid`; `unauthorized` where the session ended meanwhile
   */
  async stepUp(response: AuthenticationResponseJSON, { userId, sessionId }: Actor, client: Client): Promise<Date> {
    const proven = await this.#prove(response, 'step_up', { sessionId }, client, userId)
    const { provenUntil } = await this.#use(proven, 'step_up', client, { provedSessionId: sessionId })
    if (provenUntil === null) throw new Problem('unauthorized', { invalidToken: true })
    return provenUntil
  }

  /** @param userId whose passkey it has to be, where that is known */
  async #prove(
    response: AuthenticationResponseJSON,
    ceremony: Ceremony,
    holder: Holder | null,
    client: Client,
    userId?: string,
  ): Promise<Proven> {
    const { database, ceremonies, challenges } = this.#dependencies
    const clientData = clientDataOf(response.response.clientDataJSON)
    const isGood =
      clientData !== null && holder !== null && (await challenges.use(clientData.challenge, ceremony, holder))
    // Nothing was tried, and nothing is written down: whoever floods us would fill the trail.
    if (!isGood) return this.#refuse(new Unproven('its challenge is not good'), ceremony, client)
    const credentialId = new Uint8Array(Buffer.from(response.id, 'base64url'))
    const passkey = await database.passkey.findUnique({ where: { credentialId } })
    try {
      if (clientData.crossOrigin === true) throw new Unproven('it comes from a frame')
      if (passkey === null) throw new Unproven('nobody has it')
      if (passkey.userId !== (userId ?? passkey.userId)) throw new Unproven('it is of another user')
      // Nobody typed who they are: the answer has to say it (§7.2, step 6).
      if (userId === undefined && !response.response.userHandle) throw new Unproven('it does not say whose it is')
      return { ...(await ceremonies.assert(response, clientData.challenge, passkey)), passkey }
    } catch (error) {
      /* c8 ignore next -- the library could not be loaded */
      if (!(error instanceof Unproven)) throw error
      return this.#refuse(error, ceremony, client, userId ?? passkey?.userId)
    }
  }

  /** @param userId whose trail it belongs into, where it does */
  async #refuse(error: Unproven, ceremony: Ceremony, client: Client, userId?: string): Promise<never> {
    this.#tellRefusal(ceremony, error.message, client)
    const detail = ceremony === 'step_up' ? 'step_up, passkey' : 'passkey'
    if (userId !== undefined)
      await this.#dependencies.audit.record(client, { event: 'authn_login_fail', userId, detail })
    throw new Problem('passkey_invalid')
  }

  #tellRefusal(ceremony: Ceremony, why: string, client: Client): void {
    this.#dependencies.onTelemetry(client, { kind: 'passkey', ceremony, result: 'refused', why })
  }

  async #use(
    { passkey, counter, backedUp }: Proven,
    ceremony: Ceremony,
    client: Client,
    more: DecisionRequest,
  ): Promise<UseAnswer> {
    const { network, requestId } = client
    const { id: passkeyId, userId } = passkey
    const answer = await this.#decide({ ...more, passkeyId, userId, counter, backedUp, network, requestId })
    const { outcome } = answer
    if (outcome === 'cloned') this.#tell(answer, 'notifyOfChange', client)
    if (outcome === 'gone' || outcome === 'disabled' || outcome === 'cloned') {
      this.#tellRefusal(ceremony, outcome, client)
      throw new Problem('passkey_invalid')
    }
    this.#dependencies.onTelemetry(client, { kind: 'passkey', ceremony, result: 'accepted' })
    return answer
  }

  /** In the account's language: whoever asks may be a stranger. */
  #tell({ toldTo, toldIn }: UseAnswer, how: 'notifyOfSignIn' | 'notifyOfChange', client: Client): void {
    const { identifiers, notifier } = this.#dependencies
    for (const stored of toldTo ?? []) {
      const identifier = identifiers.fromStored(stored)
      // Under the settings of today nothing may go there any more.
      if (identifier !== null) notifier[how](identifier, { languages: toldIn === null ? [] : [toldIn], client })
    }
  }
}
