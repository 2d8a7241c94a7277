// The SQL about users that other statements are built from.
import { userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Identifier } from '../identifiers/parser.js'

type Named = Pick<Identifier, 'method' | 'identifier'>

/** The column that holds identifiers of a method, of the table called `u`. */
export function identifierColumn(method: Identifier['method']): Prisma.Sql {
  return method === 'phone' ? Prisma.sql`u.phone` : Prisma.sql`u.email`
}

export function userWithIdentifier({ method, identifier }: Named): Prisma.Sql {
  return Prisma.sql`SELECT ${userColumns} FROM users u WHERE ${identifierColumn(method)} = ${identifier}`
}

/**
 * Makes a user, or none (no row comes back) where the identifier has one already.
 * @param locale of messages to the user (BCP 47)
 */
export function insertUserStatement(id: string, { method, identifier }: Named, locale: string | null): Prisma.Sql {
  const [phone, email] = method === 'phone' ? [identifier, null] : [null, identifier]
  return Prisma.sql`
    INSERT INTO users AS u (id, phone, email, locale) VALUES (${id}::uuid, ${phone}, ${email}, ${locale})
    ON CONFLICT DO NOTHING RETURNING ${userColumns}`
}
