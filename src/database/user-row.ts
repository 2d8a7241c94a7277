// A row of `users` as statements read it: users and sessions both do, sessions with every request.
import { Prisma } from '../generated/prisma/client.js'

/** A row of `users` under the names of {@link userColumns}. */
export type UserRow = {
  id: string
  userName: string | null
  /** E.164 */
  phone: string | null
  email: string | null
  role: 'USER' | 'ADMIN'
  createdAt: Date
  updatedAt: Date
}

/** The columns of a user, of the table or part called `u`. */
export const userColumns = Prisma.sql`u.id, u.user_name AS "userName", u.phone, u.email, u.role::text AS role,
  u.created_at AS "createdAt", u.updated_at AS "updatedAt"`

/** A user that an outer join may not have found. */
export type MaybeUserRow = { [Column in keyof UserRow]: UserRow[Column] | null }

export function isUserRow(user: MaybeUserRow): user is UserRow {
  return user.id !== null
}

/**
 * The user of a decision's answer.
 * @throws Error where it has none
 */
export function userRowOf({ id, userName, phone, email, role, createdAt, updatedAt }: MaybeUserRow): UserRow {
  const user = { id, userName, phone, email, role, createdAt, updatedAt }
  /* c8 ignore next -- decisions give a user with every outcome that has one */
  if (!isUserRow(user)) throw new Error('a decision left out the user')
  return user
}
