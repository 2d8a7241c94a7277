// What admins do to users, and users to themselves: make, read, change, delete, end sessions.
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import type { UserRow } from '../database/user-row.js'
import { Problem } from '../errors.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Act, ActingContext, Happening, LockedUser, RequestActor } from './acting.js'
import { lockOwnCodes } from './locks.js'
import { nameKey } from './name.js'
import type { AdministeredUser } from './user.js'

type Role = 'USER' | 'ADMIN'

export type UserDraft = Readonly<{
  userName: string | null
  /** E.164 */
  phone: string | null
  /** canonical */
  email: string | null
  role: Role
}>

export type UserChange = Readonly<{ userName?: string; role?: Role; disabled?: boolean; publicMetadata?: object }>

/** A user as admins see one. */
type AdministrationDependencies = {
  database: Database
  act: Act
  /** identifiers with a fixed code (TEST_OTPS), also where its last day is over */
  testCodes: readonly Readonly<{ identifier: string }>[]
}

export class UserAdministration {
  readonly #database: Database
  readonly #act: Act
  readonly #testCodes: readonly Readonly<{ identifier: string }>[]

  constructor({ database, act, testCodes }: AdministrationDependencies) {
    this.#database = database
    this.#act = act
    this.#testCodes = testCodes
  }

  /**
   * Nobody with a fixed code, which stands in a store's form, becomes an admin.
   * @throws Problem `forbidden`
   */
  #refuseTestIdentity({ phone, email }: Pick<LockedUser, 'phone' | 'email'>): void {
    const isTest = this.#testCodes.some(({ identifier }) => identifier === phone || identifier === email)
    if (isTest) throw new Problem('forbidden', { errors: [testCodeLine] })
  }

  /**
   * Makes a user who has not proved anything yet (docs/decisions/0011-who-owns-an-identifier.md).
   * @throws Problem `already_registered`; `forbidden` for an admin with a fixed code; those of `act`
   */
  create({ userName, phone, email, role }: UserDraft, actor: RequestActor | null): Promise<UserRow> {
    return this.#act(actor, { isForAdmins: true }, async ({ transaction, now, record }) => {
      if (role === 'ADMIN') this.#refuseTestIdentity({ phone, email })
      const id = newId()
      const draft = {
        id,
        userName,
        nameKey: nameKey(userName ?? ''),
        phone,
        email,
        role,
        createdAt: now,
        updatedAt: now,
      }
      const [user] = await transaction.user.createManyAndReturn({ data: [draft], skipDuplicates: true })
      if (user === undefined) throw new Problem('already_registered')
      await record({ event: 'user_created', userId: id, detail: `role ${role}` })
      return user
    })
  }

  /** @throws Problem `not_found` */
  async read(id: string): Promise<AdministeredUser> {
    const user = await this.#database.user.findUnique({ where: { id } })
    if (user === null) throw new Problem('not_found')
    return user
  }

  /**
   * Changes a user. Disabling ends every session, and so does enabling: nothing from before comes back. Who becomes an admin loses
   * the sessions that a fixed code opened, which anybody may have typed.
   * @throws Problem `not_found`, `last_admin`; `forbidden` for who has a fixed code and is to become an admin; those of `act`
   */
  change(id: string, changes: UserChange, actor: RequestActor | null, reason?: string): Promise<AdministeredUser> {
    const { role, disabled, publicMetadata } = changes
    const mayTakeAdmin = role === 'USER' || disabled === true
    const isOfAdmins = role !== undefined || disabled !== undefined || publicMetadata !== undefined
    const isForAdmins = isOfAdmins || actor?.userId !== id
    return this.#act(actor, { target: id, isForAdmins, mayTakeAdmin }, async (context) => {
      const { transaction, now, record } = context
      const before = targetIn(context, id)
      const becomesAdmin = role === 'ADMIN' && before.role !== 'ADMIN'
      if (mayTakeAdmin) refuseLastAdmin(context, before)
      if (becomesAdmin) this.#refuseTestIdentity(before)

      const data = { ...columnsOf(changes, before, now), updatedAt: now }
      const after = await transaction.user.update({ where: { id }, data })
      if (isDisabled(after) !== isDisabled(before)) await transaction.session.deleteMany({ where: { userId: id } })
      // A statement of its own, after the lock: it sees also the session of a sign-in that this has waited for.
      if (becomesAdmin) await transaction.session.deleteMany({ where: { userId: id, byTestCode: true } })
      await record(...happeningsOf(changes, before, after).map((happening) => because(happening, reason)))
      return after
    })
  }

  /**
   * Deletes a user with sessions, devices and addresses. The counts of their identifiers' guesses stay.
   * @throws Problem `not_found`, `last_admin`; those of `act`
   */
  remove(id: string, actor: RequestActor | null, reason?: string): Promise<void> {
    const demands = {
      target: id,
      isForAdmins: actor?.userId !== id,
      mayTakeAdmin: true,
      lockBefore: (transaction: Prisma.TransactionClient) => transaction.$queryRaw(lockOwnCodes(id)),
    }
    return this.#act(actor, demands, async (context) => {
      const { transaction, record } = context
      const { phone, email } = refuseLastAdmin(context, targetIn(context, id))
      // Codes that only a signed-in user could have asked for. Their rows stay, with the counts: an account that comes back finds no
      // attempt forgotten.
      const identifiers = [phone, email].filter((identifier) => identifier !== null)
      await transaction.otp.updateMany({
        where: { identifier: { in: identifiers }, purpose: { not: 'sign_in' } },
        data: { codeHash: null },
      })
      await transaction.user.deleteMany({ where: { id } })
      await record(because({ event: 'user_deleted', userId: id }, reason))
    })
  }

  /**
   * Ends every session of a user and returns how many there were.
   * @throws Problem `not_found`; those of `act`
   */
  endSessions(id: string, actor: RequestActor | null, reason?: string): Promise<number> {
    return this.#act(actor, { target: id, isForAdmins: actor?.userId !== id }, async (context) => {
      targetIn(context, id)
      const { count } = await context.transaction.session.deleteMany({ where: { userId: id } })
      await context.record(because({ event: 'session_logout', userId: id, detail: `all: ${count}` }, reason))
      return count
    })
  }

  /**
   * Ends all by which a stranger who was in would come in again: sessions, passkeys and known devices. Codes are left, so whoever has the
   * phone or the email has the account.
   * @returns how many sessions and passkeys there were
   * @throws Problem `not_found`; those of `act`
   */
  cutOff(id: string, actor: RequestActor | null, reason?: string): Promise<{ sessions: number; passkeys: number }> {
    return this.#act(actor, { target: id, isForAdmins: true }, async (context) => {
      targetIn(context, id)
      const { transaction, record } = context
      const ofUser = { where: { userId: id } }
      const { count: sessions } = await transaction.session.deleteMany(ofUser)
      const { count: passkeys } = await transaction.passkey.deleteMany(ofUser)
      await transaction.device.deleteMany(ofUser)
      await record(
        because({ event: 'session_logout', userId: id, detail: `all: ${sessions}, and devices` }, reason),
        because({ event: 'user_updated', userId: id, detail: `passkeys removed: ${passkeys}` }, reason),
      )
      return { sessions, passkeys }
    })
  }

  /** All admins, oldest first. */
  admins(): Promise<AdminRow[]> {
    return this.#database.$queryRaw<AdminRow[]>(adminsStatement)
  }
}

/** Why somebody does not become an admin. */
const testCodeLine = 'A fixed test code is configured for this account'

/** @throws Problem `not_found` */
function targetIn({ users }: ActingContext, id: string): LockedUser {
  const user = users.get(id)
  if (user === undefined) throw new Problem('not_found')
  return user
}

const isDisabled = ({ disabledAt }: Pick<LockedUser, 'disabledAt'>) => disabledAt !== null
const canActAsAdmin = (user: LockedUser) => user.role === 'ADMIN' && !isDisabled(user)

/** The columns that a change writes. */
function columnsOf({ userName, role, disabled, publicMetadata }: UserChange, { disabledAt }: LockedUser, now: Date) {
  return {
    ...(userName !== undefined && { userName, nameKey: nameKey(userName) }),
    ...(role !== undefined && { role }),
    ...(publicMetadata !== undefined && { publicMetadata: publicMetadata as Prisma.InputJsonObject }),
    ...(disabled !== undefined && { disabledAt: disabled ? (disabledAt ?? now) : null }),
  }
}

/** What happened, and the reason that its actor gave. */
function because(happening: Happening, reason: string | undefined): Happening {
  if (reason === undefined) return happening
  return { ...happening, detail: [happening.detail, reason].filter((part) => part !== undefined).join('; ') }
}

/** What is written down of a change: nothing of a role that stays. */
function happeningsOf(
  { userName, disabled, publicMetadata }: UserChange,
  before: LockedUser,
  after: LockedUser,
): Happening[] {
  const updates = [
    ...(userName === undefined ? [] : ['user_name']),
    ...(disabled === undefined ? [] : [`disabled ${disabled}`]),
    ...(publicMetadata === undefined ? [] : ['public_metadata']),
  ]
  const { id: userId, role } = after
  return [
    ...(updates.length === 0 ? [] : [{ event: 'user_updated', userId, detail: updates.join(', ') } as const]),
    ...(role === before.role ? [] : [{ event: 'authz_change', userId, detail: `${before.role} to ${role}` } as const]),
  ]
}

/**
 * Somebody stays admin: who is one that can act may go only where there is another one, locked against going too.
 * @throws Problem `last_admin`
 */
function refuseLastAdmin({ users }: ActingContext, user: LockedUser): LockedUser {
  const isOtherThere = [...users.values()].some((other) => other.id !== user.id && canActAsAdmin(other))
  if (canActAsAdmin(user) && !isOtherThere) throw new Problem('last_admin')
  return user
}

// The SQL of administration that Prisma's models cannot say.

/** All admins, those who are disabled or never signed in too: few, and in an index of their own, which asks for the role by name. */
export const adminsStatement = Prisma.sql`
  SELECT u.id, u.phone, u.email, u.disabled_at IS NOT NULL AS "isDisabled",
    u.phone_verified_at IS NOT NULL OR u.email_verified_at IS NOT NULL AS "isProven"
  FROM users u WHERE u.role = 'ADMIN' ORDER BY u.id`

export type AdminRow = {
  id: string
  phone: string | null
  email: string | null
  isDisabled: boolean
  isProven: boolean
}
