// Numbers that a country has changed: which of those that are stored the metadata of today refuses, and moving accounts to their new ones.
import type { Database } from '../database/client.js'
import { Prisma } from '../generated/prisma/client.js'
import {
  type CountryCode,
  everyCountry,
  type Latitude,
  noLatitude,
  normalizeInternationalPhone,
  type PhoneFault,
  prefixOf,
} from '../identifiers/phone.js'
import type { Act } from './acting.js'

export type StoredNumber = Readonly<{ id: string; phone: string }>
/** A stored number that nobody could sign in with, and why. */
export type RefusedNumber = StoredNumber & Readonly<{ reason: PhoneFault }>

/**
 * How national numbers of a country change: the whole of one fits `from`, and `to` is what it becomes, with `$1` for its parts.
 */
export type Renumbering = Readonly<{ country: CountryCode; from: RegExp; to: string }>

/**
 * What becomes of a number. `taken`: somebody has the new one, or another old one becomes it too; two accounts never become one.
 * `not_valid`: the metadata refuses the new one as well.
 */
export type Renumbered = StoredNumber & Readonly<{ becomes: string; outcome: 'moves' | 'taken' | 'not_valid' }>

type RegisterDependencies = Readonly<{
  database: Database
  act: Act
  latitude?: Latitude
  /** users that are in memory at once */
  batchSize?: number
}>

export class NumberRegister {
  readonly #database: Database
  readonly #act: Act
  readonly #latitude: NonNullable<RegisterDependencies['latitude']>
  readonly #batchSize: NonNullable<RegisterDependencies['batchSize']>

  constructor({ database, act, latitude = noLatitude, batchSize = 1_000 }: RegisterDependencies) {
    this.#database = database
    this.#act = act
    this.#latitude = latitude
    this.#batchSize = batchSize
  }

  /** Every stored number that begins so, by the ids of its users. */
  async *#numbers(beginning: string): AsyncGenerator<StoredNumber> {
    let after: string | undefined
    do {
      const batch = await this.#database.user.findMany({
        select: { id: true, phone: true },
        where: { phone: { startsWith: beginning }, ...(after !== undefined && { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: this.#batchSize,
      })
      for (const { id, phone } of batch) yield { id, phone: String(phone) }
      after = batch.at(-1)?.id
    } while (after !== undefined)
  }

  #faultOf(phone: string): PhoneFault | undefined {
    const parsed = normalizeInternationalPhone(phone, everyCountry, this.#latitude)
    if (typeof parsed === 'string') return parsed
    return parsed.identifier === phone ? undefined : 'not_valid'
  }

  /** Those that are refused today, of one country's prefix or of all. */
  async *refused(country?: CountryCode): AsyncGenerator<RefusedNumber> {
    for await (const number of this.#numbers(country === undefined ? '+' : prefixOf(country))) {
      const reason = this.#faultOf(number.phone)
      if (reason !== undefined) yield { ...number, reason }
    }
  }

  /** What would become of the numbers that change. One that is valid as it is has changed already, and stays. */
  async *plan({ country, from, to }: Renumbering): AsyncGenerator<Renumbered> {
    const prefix = prefixOf(country)
    const whole = new RegExp(`^(?:${from.source})$`, from.flags)
    const given = new Set<string>()
    for await (const number of this.#numbers(prefix)) {
      const national = number.phone.slice(prefix.length)
      if (!whole.test(national) || this.#faultOf(number.phone) === undefined) continue
      const becomes = prefix + national.replace(whole, to)
      const outcome = await this.#outcomeOf(becomes, given)
      if (outcome === 'moves') given.add(becomes)
      yield { ...number, becomes, outcome }
    }
  }

  /** @param given new numbers that others are to get */
  async #outcomeOf(becomes: string, given: ReadonlySet<string>): Promise<Renumbered['outcome']> {
    if (this.#faultOf(becomes) !== undefined) return 'not_valid'
    const isTaken = given.has(becomes) || (await this.#database.user.count({ where: { phone: becomes } })) > 0
    return isTaken ? 'taken' : 'moves'
  }

  /**
   * Gives a user the new number in place of the old one, where that is planned; the sessions stay. What was counted of the old one is
   * counted of the new one; live codes are bound to the old one, and end. Says what became of it: `taken` also where the user has the
   * old one no more.
   */
  async move(number: Renumbered): Promise<Renumbered> {
    const { id, phone, becomes } = number
    if (number.outcome !== 'moves') return number
    const lockBefore = (transaction: Prisma.TransactionClient) => transaction.$queryRaw(lockStatement(phone, becomes))
    const isMoved = await this.#act(null, { target: id, lockBefore }, async ({ transaction, now, users, record }) => {
      const isFree = (await transaction.user.count({ where: { phone: becomes } })) === 0
      if (users.get(id)?.phone !== phone || !isFree) return false
      await transaction.user.update({ where: { id }, data: { phone: becomes, updatedAt: now } })
      await transaction.$executeRaw(moveCodesStatement(phone, becomes))
      await transaction.$executeRaw(moveLimitsStatement(phone, becomes))
      await record({ event: 'user_updated', userId: id, detail: 'phone renumbered' })
      return true
    })
    return isMoved ? number : { ...number, outcome: 'taken' }
  }
}

/** Locks the codes of both, which come before users everywhere. */
function lockStatement(phone: string, becomes: string): Prisma.Sql {
  return Prisma.sql`
    SELECT o.code_id FROM otps o WHERE o.identifier IN (${phone}, ${becomes})
    ORDER BY o.identifier COLLATE "C", o.purpose, o.lane FOR UPDATE`
}

/** Where the new number has a row already, its own counts stand. */
function moveCodesStatement(phone: string, becomes: string): Prisma.Sql {
  return Prisma.sql`
    UPDATE otps o SET identifier = ${becomes}, code_hash = NULL, code_seed = NULL, code_made_at = NULL, expires_at = now()
    WHERE o.identifier = ${phone} AND NOT EXISTS (
      SELECT FROM otps other WHERE other.identifier = ${becomes} AND other.purpose = o.purpose AND other.lane = o.lane)`
}

function moveLimitsStatement(phone: string, becomes: string): Prisma.Sql {
  return Prisma.sql`
    UPDATE identifier_limits l SET identifier = ${becomes}
    WHERE l.identifier = ${phone} AND NOT EXISTS (SELECT FROM identifier_limits other WHERE other.identifier = ${becomes})`
}
