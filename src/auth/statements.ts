// The SQL of signing up and of its tickets: what must happen together, or not at all, is one statement.
import type { EventColumns } from '../audit/events.js'
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import type { SessionStatements } from '../sessions/opening.js'
import { nameKey } from '../users/name.js'

export type SignUpDetails = Readonly<{
  ticketHash: Uint8Array<ArrayBuffer>
  phone: PhoneIdentifier
  userId: string
  userName: string
  /** BCP 47 */
  locale: string | null
  address: Readonly<{
    id: string
    houseNumber: string
    streetLocality: string
    city: string
    state: string
    pincode: string
    country: string
  }>
}>

/** `verified` false: no such ticket. The user is null where the number has got an account meanwhile. */
export type SignUpRow = MaybeUserRow & { verified: boolean; isNewDevice: boolean }

/** Uses the ticket up and makes the user, the home address and the session: all of it or, where a constraint objects, nothing. */
export function signUpStatement(
  { ticketHash, phone, userId, userName, locale, address }: SignUpDetails,
  openSession: (source: Prisma.Sql) => SessionStatements,
  event: (columns: EventColumns, source: Prisma.Sql) => Prisma.Sql,
): Prisma.Sql {
  const opening = openSession(Prisma.sql`account`)
  return Prisma.sql`
    WITH ticket AS (
      DELETE FROM signup_tickets
      WHERE token_hash = ${ticketHash} AND phone = ${phone.identifier} AND expires_at > now()
      RETURNING phone
    ),
    account AS (
      INSERT INTO users (id, phone, phone_verified_at, user_name, name_key, locale)
      SELECT ${userId}::uuid, ticket.phone, now(), ${userName}, ${nameKey(userName)}, ${locale} FROM ticket
      ON CONFLICT DO NOTHING RETURNING *
    ),
    home AS (
      INSERT INTO addresses (
        id, user_id, type, house_number, street_locality, city, state, pincode, country, is_default
      )
      SELECT ${address.id}::uuid, account.id, 'Home', ${address.houseNumber}, ${address.streetLocality}, ${address.city},
        ${address.state}, ${address.pincode}, ${address.country}, true
      FROM account
    ),
    known_device AS (SELECT account.id FROM account WHERE false),
    opened AS (${opening.session}),
    remembered AS (${opening.rememberDevice}),
    event AS (${event(
      {
        event: Prisma.sql`CASE WHEN EXISTS (SELECT FROM account) THEN 'user_created' ELSE 'authn_login_fail' END`,
        userId: Prisma.sql`(SELECT id FROM account)`,
        detail: Prisma.sql`CASE WHEN NOT EXISTS (SELECT FROM ticket) THEN 'no proof'
          WHEN NOT EXISTS (SELECT FROM account) THEN 'already registered' END`,
      },
      Prisma.sql`(SELECT) AS always`,
    )})
    SELECT EXISTS (SELECT FROM ticket) AS verified, EXISTS (SELECT FROM remembered) AS "isNewDevice", ${userColumns}
    FROM (SELECT) AS always LEFT JOIN account u ON true`
}

/** Keeps the digest of a ticket for a number that was just proved. */
export function issueTicketStatement(
  ticketHash: Uint8Array<ArrayBuffer>,
  phone: string,
  timeToLive: number,
): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO signup_tickets (token_hash, phone, expires_at)
    VALUES (${ticketHash}, ${phone}, now() + make_interval(secs => ${timeToLive}))`
}

/** Deletes up to `most` tickets that are over; rows that another replica works on are skipped. */
export function deleteExpiredTicketsStatement(most: number): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM signup_tickets WHERE token_hash = ANY(ARRAY(
      SELECT token_hash FROM signup_tickets WHERE expires_at <= now() ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
