// Users: who has this identifier, and a new one for whoever proved it. Who owns an identifier: docs/decisions/0011.
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { timeOf } from '../database/time.js'
import type { UserRow } from '../database/user-row.js'
import type { Prisma, User } from '../generated/prisma/client.js'
import type { Identifier } from '../identifiers/parser.js'
import type { AddressRow } from './address.js'

type Named = Pick<Identifier, 'method' | 'identifier'>

/** The columns of an identifier: when it was verified, and the other one. */
const columnsOf = {
  phone: { verifiedAt: 'phoneVerifiedAt', other: 'email', otherVerifiedAt: 'emailVerifiedAt' },
  email: { verifiedAt: 'emailVerifiedAt', other: 'phone', otherVerifiedAt: 'phoneVerifiedAt' },
} as const

export class UsersService {
  readonly #database: Database

  constructor({ database }: { database: Database }) {
    this.#database = database
  }

  /** Whoever has the identifier, verified or not; null for nobody. */
  findByIdentifier({ method, identifier }: Named): Promise<UserRow | null> {
    return this.#database.user.findFirst({ where: { [method]: identifier } })
  }

  /**
   * The user of an identifier that was just verified, made now if there is none. Two at once get the same user: the unique
   * constraint decides, and the loser reads the winner.
   * @param locale of messages to a new user (BCP 47), where one is known
   */
  async createFromIdentifier(named: Named, locale: string | null): Promise<{ user: UserRow; isNewUser: boolean }> {
    const { method, identifier } = named
    // The winner may be deleted between our insert and our read; then there is room for a new one.
    for (;;) {
      const found = await this.#database.$transaction(async (transaction) => {
        const now = await timeOf(transaction)
        const draft = { id: newId(), [method]: identifier, [columnsOf[method].verifiedAt]: now, locale, updatedAt: now }
        const [created] = await transaction.user.createManyAndReturn({ data: [draft], skipDuplicates: true })
        if (created) return { user: created, isNewUser: true }
        const owner = await verify(transaction, named, now)
        return owner && { user: owner, isNewUser: false }
      })
      if (found) return found
    }
  }

  /** Whether somebody is there who is an admin, disabled or not. */
  async isAdmin(id: string): Promise<boolean> {
    return (await this.#database.user.findFirst({ where: { id, role: 'ADMIN' }, select: { id: true } })) !== null
  }

  /** The phone, then the email of a user: those of them that are verified. */
  async verifiedIdentifiersOf(userId: string): Promise<string[]> {
    const user = await this.#database.user.findUnique({ where: { id: userId } })
    return user === null ? [] : verifiedIdentifiers(user).map(({ identifier }) => identifier)
  }

  /** Oldest first. */
  addressesOf(userId: string): Promise<AddressRow[]> {
    return this.#database.address.findMany({ where: { userId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
  }
}

/** The verified identifiers of a user and since when they are, phone first. */
export function verifiedIdentifiers(
  user: Pick<User, 'phone' | 'phoneVerifiedAt' | 'email' | 'emailVerifiedAt'>,
): { identifier: string; since: Date }[] {
  return [
    { identifier: user.phone, since: user.phoneVerifiedAt },
    { identifier: user.email, since: user.emailVerifiedAt },
  ].flatMap(({ identifier, since }) => (identifier === null || since === null ? [] : [{ identifier, since }]))
}

/**
 * Notes that an identifier was verified. It makes the owner of an account that waits for one, which loses what else was said of it; from
 * an account that somebody else owns, where nobody had verified it, it is taken away.
 * @returns whose it is now; null for nobody
 */
async function verify(transaction: Prisma.TransactionClient, { method, identifier }: Named, now: Date) {
  const { verifiedAt, other, otherVerifiedAt } = columnsOf[method]
  await transaction.user.updateMany({
    where: { [method]: identifier, [verifiedAt]: null, [otherVerifiedAt]: null },
    data: { [verifiedAt]: now, [other]: null, updatedAt: now },
  })
  await transaction.user.updateMany({
    where: { [method]: identifier, [verifiedAt]: null, [otherVerifiedAt]: { not: null } },
    data: { [method]: null, updatedAt: now },
  })
  return transaction.user.findFirst({ where: { [method]: identifier } })
}
