// The SQL about users that other statements are built from. Who owns an identifier: docs/decisions/0011-who-owns-an-identifier.md
import { userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Identifier } from '../identifiers/parser.js'

type Method = Identifier['method']
type Named = Pick<Identifier, 'method' | 'identifier'>

/** Columns as they stand in a SET, and, as conditions on the user `u`, what they say. */
export const columns = {
  phone: {
    name: Prisma.sql`phone`,
    value: Prisma.sql`u.phone`,
    verifiedAt: Prisma.sql`phone_verified_at`,
    isProven: Prisma.sql`(u.phone_verified_at IS NOT NULL)`,
  },
  email: {
    name: Prisma.sql`email`,
    value: Prisma.sql`u.email`,
    verifiedAt: Prisma.sql`email_verified_at`,
    isProven: Prisma.sql`(u.email_verified_at IS NOT NULL)`,
  },
}

/** Whether nobody has proved anything of the user `u`: an account that waits for its owner. */
export const hasNoOwner = Prisma.sql`(u.phone_verified_at IS NULL AND u.email_verified_at IS NULL)`

/** Whether the user `u` has the identifier, proven or not. */
export function holds({ method, identifier }: Named): Prisma.Sql {
  return Prisma.sql`${columns[method].value} = ${identifier}`
}

/** Whether the identifier of the method is proven, of the user `u`. */
export function isProven(method: Method): Prisma.Sql {
  return columns[method].isProven
}

/** Whether the user `u` has the identifier and it leads in: proven, or on an account that waits for its owner. */
export function canSignInWith(identifier: Named): Prisma.Sql {
  return Prisma.sql`${holds(identifier)} AND (${isProven(identifier.method)} OR ${hasNoOwner})`
}

/** The proven identifiers of a user and since when they are, phone first: rows of `identifier`, `since`. */
export function provenIdentifiersStatement(userId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT own.identifier, own.since FROM users u, LATERAL (VALUES
      (1, u.phone, u.phone_verified_at), (2, u.email, u.email_verified_at)
    ) AS own (place, identifier, since)
    WHERE u.id = ${userId}::uuid AND own.since IS NOT NULL ORDER BY own.place`
}

export function userWithIdentifier(identifier: Named): Prisma.Sql {
  return Prisma.sql`SELECT ${userColumns} FROM users u WHERE ${holds(identifier)}`
}

/**
 * The user whom an identifier leads to that was just proved, by {@link userColumns}, or none. A claim to it on an account that
 * somebody else owns ends now.
 */
export function ownerByProofStatement(identifier: Named): Prisma.Sql {
  const { name, verifiedAt } = columns[identifier.method]
  return Prisma.sql`
    WITH released AS (
      UPDATE users AS u SET ${name} = NULL, updated_at = now()
      WHERE ${holds(identifier)} AND NOT ${isProven(identifier.method)} AND NOT ${hasNoOwner}
    )
    UPDATE users AS u SET ${verifiedAt} = coalesce(u.${verifiedAt}, now())
    WHERE ${canSignInWith(identifier)}
    RETURNING ${userColumns}`
}

export type NewUserValues = Readonly<{
  newUserId: string
  identifier: string
  /** of messages to the user (BCP 47) */
  locale: string | null
}>

/** Makes the user of an identifier that was just proved: one row of {@link userColumns}, or none where somebody has it already. */
export function insertUserStatement(method: Method, { newUserId, identifier, locale }: NewUserValues): Prisma.Sql {
  const { name, verifiedAt } = columns[method]
  return Prisma.sql`
    INSERT INTO users AS u (id, ${name}, ${verifiedAt}, locale) VALUES (${newUserId}::uuid, ${identifier}, now(), ${locale})
    ON CONFLICT DO NOTHING RETURNING ${userColumns}`
}

/** The addresses of the user `u` as the API shows them (src/users/address.ts), in a JSON array: for who reads the user anyway. */
export const addressesOfUser = Prisma.sql`(
  SELECT coalesce(json_agg(json_build_object(
    'id', a.id, 'type', a.type, 'house_number', a.house_number, 'street_locality', a.street_locality, 'city', a.city,
    'state', a.state, 'pincode', a.pincode, 'country', a.country, 'is_default', a.is_default
  ) ORDER BY a.id), '[]') FROM addresses a WHERE a.user_id = u.id)`
