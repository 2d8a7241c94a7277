// What admins do to users, and users to themselves: make, read, change, delete, end sessions.
import { eventStatement, type WriteEvent } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import {
  type AdminRow,
  adminsStatement,
  changeUserStatement,
  createUserStatement,
  type EndedRow,
  endAllSessionsStatement,
  readUserStatement,
  removeUserStatement,
  type UserChange,
  type UserDraft,
} from './administration-statements.js'

/** Who does it; the command line is nobody, from nowhere. */
export type Actor = Readonly<{ userId: string | null; caller: Caller | null }>

export type UserAdministration = ReturnType<typeof createUserAdministration>

export function createUserAdministration({ database }: { database: Database }) {
  /** Writes what happened to a user, and who did it where that was somebody else. */
  function eventsOf(actor: Actor, id: string): WriteEvent {
    const actorId = Prisma.sql`${actor.userId === id ? null : actor.userId}`
    return (columns, source) => eventStatement(actor.caller, null, { ...columns, actorId }, source)
  }

  /**
   * Makes a user who has not proved anything yet (docs/decisions/0011-who-owns-an-identifier.md).
   * @throws Problem `already_registered`
   */
  async function create(draft: Omit<UserDraft, 'id'>, actor: Actor): Promise<UserRow> {
    const id = newId()
    const [user] = await database.$queryRaw<UserRow[]>(createUserStatement({ ...draft, id }, eventsOf(actor, id)))
    if (user === undefined) throw new Problem('already_registered')
    return user
  }

  /** @throws Problem `not_found` */
  async function read(id: string): Promise<UserRow> {
    const [user] = await database.$queryRaw<UserRow[]>(readUserStatement(id))
    if (user === undefined) throw new Problem('not_found')
    return user
  }

  /** Says why a user was not changed: gone, or needed as an admin. */
  async function refuse(id: string): Promise<never> {
    await read(id)
    throw new Problem('last_admin')
  }

  /** @throws Problem `not_found`, `last_admin` */
  async function change(id: string, changes: UserChange, actor: Actor): Promise<UserRow> {
    const statement = changeUserStatement(id, changes, eventsOf(actor, id))
    const [user] = await database.$queryRaw<UserRow[]>(statement)
    return user ?? refuse(id)
  }

  /**
   * Deletes a user with sessions, devices and addresses.
   * @throws Problem `not_found`, `last_admin`
   */
  async function remove(id: string, actor: Actor): Promise<void> {
    const [removed] = await database.$queryRaw<{ id: string }[]>(removeUserStatement(id, eventsOf(actor, id)))
    if (removed === undefined) await refuse(id)
  }

  /**
   * Ends every session of a user and returns how many there were.
   * @throws Problem `not_found`
   */
  async function endSessions(id: string, actor: Actor): Promise<number> {
    const [row] = await database.$queryRaw<[EndedRow]>(endAllSessionsStatement(id, eventsOf(actor, id)))
    if (!row.exists) throw new Problem('not_found')
    return row.ended
  }

  /** All admins, oldest first. */
  function admins(): Promise<AdminRow[]> {
    return database.$queryRaw<AdminRow[]>(adminsStatement)
  }

  return { create, read, change, remove, endSessions, admins }
}
