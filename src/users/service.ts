// Users: who has this identifier, and a new one for whoever proved it.
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import type { UserRow } from '../database/user-row.js'
import type { Identifier } from '../identifiers/parser.js'
import type { AddressRow } from './address.js'
import {
  insertUserStatement,
  ownerByProofStatement,
  provenIdentifiersStatement,
  userWithIdentifier,
} from './statements.js'

export type UsersService = ReturnType<typeof createUsersService>

type Named = Pick<Identifier, 'method' | 'identifier'>

export function createUsersService({ database }: { database: Database }) {
  async function findByIdentifier(identifier: Named): Promise<UserRow | null> {
    const [user] = await database.$queryRaw<UserRow[]>(userWithIdentifier(identifier))
    return user ?? null
  }

  /** The user whom an identifier leads to that was just proved, or null: then nobody has it, and no claim to it is left. */
  async function findByProof({ method, identifier }: Named): Promise<UserRow | null> {
    const [user] = await database.$queryRaw<UserRow[]>(ownerByProofStatement({ method, identifier }))
    return user ?? null
  }

  /**
   * The user of an identifier that was just proved, made now if there is none. Two at once get the same user: the unique
   * constraint decides, and the loser loads the winner.
   * @param locale of messages to a new user (BCP 47), where one is known
   */
  async function createFromIdentifier(
    identifier: Named,
    locale: string | null,
  ): Promise<{ user: UserRow; isNewUser: boolean }> {
    // The winner may be deleted between our insert and our read, or only have had a claim; then there is room for a new one.
    for (;;) {
      const newUser = { newUserId: newId(), identifier: identifier.identifier, locale }
      const [created] = await database.$queryRaw<UserRow[]>(insertUserStatement(identifier.method, newUser))
      if (created) return { user: created, isNewUser: true }
      const existing = await findByProof(identifier)
      if (existing) return { user: existing, isNewUser: false }
    }
  }

  /** The phone, then the email of a user: those of them that are proven. */
  async function provenIdentifiersOf(userId: string): Promise<string[]> {
    const rows = await database.$queryRaw<{ identifier: string }[]>(provenIdentifiersStatement(userId))
    return rows.map(({ identifier }) => identifier)
  }

  /** Oldest first. */
  function addressesOf(userId: string): Promise<AddressRow[]> {
    return database.address.findMany({ where: { userId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
  }

  return { findByIdentifier, findByProof, createFromIdentifier, provenIdentifiersOf, addressesOf }
}
