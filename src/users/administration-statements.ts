// The SQL of administration that Prisma's models cannot say.
import { Prisma } from '../generated/prisma/client.js'

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

/**
 * Locks the codes that only a signed-in user could have asked for, of a user's identifiers (whose collation is another one than the
 * index has): before the user, as everywhere.
 */
export function lockCodesStatement(userId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT o.code_id FROM otps o
    WHERE o.purpose <> 'sign_in' AND o.identifier = ANY(ARRAY(
      SELECT unnest(ARRAY[u.phone, u.email]) FROM users u WHERE u.id = ${userId}::uuid) COLLATE "default")
    ORDER BY o.identifier COLLATE "C", o.purpose, o.lane FOR UPDATE`
}
