// Making passkeys, and what their users do with them: name them, remove them.

import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Passkey, Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import type { IdentifierParser } from '../identifiers/parser.js'
import { type CountedUp, countUpStatement } from '../limits/counters.js'
import type { Notifier } from '../messaging/notifier.js'
import { clientName } from '../sessions/drafts.js'
import type { Act, ActingContext, UserActor } from '../users/acting.js'
import {
  type Ceremonies,
  type CreationOptions,
  clientDataOf,
  type RegistrationResponseJSON,
  Unproven,
} from './ceremonies.js'
import type { PasskeyChallenges } from './challenges.js'
import type { PasskeyTelemetry } from './use.js'

/** Passkeys of one user. */
export const maxPasskeys = 10

/** Mails of one account in a day (UTC) that tell of added and removed passkeys. */
const maxToldPerDay = 5

type RequestActorWithClient = UserActor & Readonly<{ client: Client }>

type RegistrationDependencies = {
  database: Database
  act: Act
  ceremonies: Ceremonies
  challenges: PasskeyChallenges
  identifiers: Pick<IdentifierParser, 'fromStored'>
  notifier: Pick<Notifier, 'notifyOfChange'>
  onTelemetry: (origin: Client, event: PasskeyTelemetry) => void
}

export class PasskeyRegistration {
  readonly #database: Database
  readonly #act: Act
  readonly #ceremonies: Ceremonies
  readonly #challenges: PasskeyChallenges
  readonly #identifiers: Pick<IdentifierParser, 'fromStored'>
  readonly #notifier: Pick<Notifier, 'notifyOfChange'>
  readonly #onTelemetry: RegistrationDependencies['onTelemetry']

  constructor(dependencies: RegistrationDependencies) {
    const { database, act, ceremonies, challenges, identifiers, notifier, onTelemetry } = dependencies
    this.#database = database
    this.#act = act
    this.#ceremonies = ceremonies
    this.#challenges = challenges
    this.#identifiers = identifiers
    this.#notifier = notifier
    this.#onTelemetry = onTelemetry
  }

  /** The passkeys of a user, oldest first. */
  list(userId: string): Promise<Passkey[]> {
    return this.#database.passkey.findMany({ where: { userId }, orderBy: { id: 'asc' } })
  }

  /**
   * What a browser makes a passkey by; its answer is taken in this session alone.
   * @throws Problem `passkey_limit`
   */
  async options(user: UserRow, sessionId: string): Promise<CreationOptions> {
    const others = await this.list(user.id)
    if (others.length >= maxPasskeys) throw new Problem('passkey_limit')
    const name = String(user.email ?? user.phone)
    const options = await this.#ceremonies.creationOptions(
      { id: user.id, name, displayName: user.userName ?? name },
      others,
    )
    await this.#challenges.keep(options.challenge, 'registration', { sessionId })
    return options
  }

  /**
   * Takes what a browser made.
   * @param name as its user calls it; what the client is, where none is given
   * @throws Problem `passkey_invalid`, `passkey_limit`; those of `act`
   */
  async register(
    response: RegistrationResponseJSON,
    name: string | undefined,
    actor: RequestActorWithClient,
  ): Promise<Passkey> {
    const { userId, sessionId, client } = actor
    const made = await this.#verify(response, sessionId).catch((error: unknown) => this.#refuse(error, client))
    const passkey = { ...made, id: newId(), userId, name: name ?? clientName(client.userAgent) ?? 'Passkey' }
    const { added, told } = await this.#act(actor, {}, async (context) => {
      const { transaction, now, record } = context
      // One writer of a user at a time: of two at once, the second one counts the first.
      if ((await transaction.passkey.count({ where: { userId } })) >= maxPasskeys) throw new Problem('passkey_limit')
      const data = [{ ...passkey, createdAt: now }]
      const [added] = await transaction.passkey.createManyAndReturn({ data, skipDuplicates: true })
      if (added === undefined) return { added: null, told: null }
      await record({ event: 'user_updated', userId, detail: 'passkey added' })
      return { added, told: await whoIsTold(context, userId) }
    })
    // Somebody has it: whoever shows the same id has not made it just now (§7.1, step 26).
    if (added === null) return this.#refuse(new Unproven('its id is known'), client)
    this.#onTelemetry(client, { kind: 'passkey', ceremony: 'registration', result: 'accepted' })
    this.#tell(told, client)
    return added
  }

  /** @throws Problem `not_found`; those of `act` */
  rename(id: string, name: string, actor: UserActor): Promise<Passkey> {
    const { userId } = actor
    return this.#act(actor, {}, async ({ transaction, record }) => {
      const [renamed] = await transaction.passkey.updateManyAndReturn({ where: { id, userId }, data: { name } })
      if (renamed === undefined) throw new Problem('not_found')
      await record({ event: 'user_updated', userId, detail: 'passkey renamed' })
      return renamed
    })
  }

  /** @throws Problem `not_found`; those of `act` */
  async remove(id: string, actor: RequestActorWithClient): Promise<void> {
    const { userId } = actor
    const told = await this.#act(actor, {}, async (context) => {
      const { count } = await context.transaction.passkey.deleteMany({ where: { id, userId } })
      if (count === 0) throw new Problem('not_found')
      await context.record({ event: 'user_updated', userId, detail: 'passkey removed' })
      return whoIsTold(context, userId)
    })
    this.#tell(told, actor.client)
  }

  async #verify(response: RegistrationResponseJSON, sessionId: string) {
    const clientData = clientDataOf(response.response.clientDataJSON)
    if (clientData === null) throw new Unproven('it has no challenge')
    const { challenge, crossOrigin } = clientData
    if (!(await this.#challenges.use(challenge, 'registration', { sessionId })))
      throw new Unproven('its challenge is not good')
    if (crossOrigin === true) throw new Unproven('it comes from a frame')
    return this.#ceremonies.register(response, challenge)
  }

  #refuse(error: unknown, client: Client): never {
    /* c8 ignore next -- a fault of the database, as of any other statement */
    if (!(error instanceof Unproven)) throw error
    this.#onTelemetry(client, { kind: 'passkey', ceremony: 'registration', result: 'refused', why: error.message })
    throw new Problem('passkey_invalid')
  }

  #tell(told: Told | null, client: Client): void {
    const identifier = told === null ? null : this.#identifiers.fromStored(told.email)
    if (told !== null && identifier !== null)
      this.#notifier.notifyOfChange(identifier, { languages: told.languages, client })
  }
}

type Told = Readonly<{ email: string; languages: string[] }>

/**
 * Whoever reads the mail of an account hears that it is signed in to in another way (NIST SP 800-63B-4 §4.6): by mail alone, which costs
 * next to nothing. Null where there is no proven address, or it has been told enough today.
 */
async function whoIsTold({ transaction }: ActingContext, userId: string): Promise<Told | null> {
  const where: Prisma.UserWhereUniqueInput = { id: userId }
  const { email, emailVerifiedAt, locale } = await transaction.user.findUniqueOrThrow({ where })
  if (email === null || emailVerifiedAt === null) return null
  const counter = { key: `told:passkeys:${userId}`, window: 86_400 }
  const [{ count }] = await transaction.$queryRaw<[CountedUp]>(countUpStatement(counter))
  return count > maxToldPerDay ? null : { email, languages: locale === null ? [] : [locale] }
}
