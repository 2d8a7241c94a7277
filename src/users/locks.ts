// What is locked of a user before the user: limits, then codes, in the order in which decisions lock them (docs/architecture.md, "Order
// of locks").
import { Prisma } from '../generated/prisma/client.js'

/** To compare a column with: the identifiers of a user, whose own column has another collation than the index. */
const identifiersOf = (userId: string) => Prisma.sql`ANY(ARRAY(
  SELECT unnest(ARRAY[u.phone, u.email]) FROM users u WHERE u.id = ${userId}::uuid) COLLATE "default")`

export const lockLimits = (userId: string): Prisma.Sql => Prisma.sql`
  SELECT l.identifier FROM identifier_limits l WHERE l.identifier = ${identifiersOf(userId)}
  ORDER BY l.identifier COLLATE "C" FOR UPDATE`

export const lockCodes = (userId: string): Prisma.Sql => lockCodesWhere(userId, Prisma.sql`true`)

/** Those alone that only a signed-in user could have asked for. */
export const lockOwnCodes = (userId: string): Prisma.Sql => lockCodesWhere(userId, Prisma.sql`o.purpose <> 'sign_in'`)

const lockCodesWhere = (userId: string, condition: Prisma.Sql) => Prisma.sql`
  SELECT o.code_id FROM otps o WHERE ${condition} AND o.identifier = ${identifiersOf(userId)}
  ORDER BY o.identifier COLLATE "C", o.purpose, o.lane FOR UPDATE`
