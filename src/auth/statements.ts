// The SQL of signing in and signing up: each folds what must happen together, or not at all, into one statement.
import { type MaybeUserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import { identifierColumn } from '../users/statements.js'

/** A guess and what came of it: the user is null where nobody has the identifier, `opened` false where they are disabled. */
export type SignInRow = MaybeUserRow & { accepted: boolean; codeId: string; opened: boolean }

/**
 * Evaluates a guess, reads the user and opens a session. The users are seen as they were before the wait for the code's row:
 * where the code was accepted and no user came back, ask again before calling the identifier new.
 * @param guess see `guessStatement`
 * @param openSession see `openSessionStatement`
 */
export function signInStatement(
  guess: Prisma.Sql,
  method: 'phone' | 'email',
  openSession: (source: Prisma.Sql) => Prisma.Sql,
): Prisma.Sql {
  return Prisma.sql`
    WITH guess AS (${guess}),
    account AS (
      SELECT u.* FROM guess JOIN users u ON ${identifierColumn(method)} = guess.identifier WHERE guess.accepted
    ),
    opened AS (${openSession(Prisma.sql`account`)})
    SELECT guess.accepted, guess.code_id AS "codeId", EXISTS (SELECT FROM opened) AS opened, ${userColumns}
    FROM guess LEFT JOIN account u ON true`
}

export type SignUpDetails = Readonly<{
  ticketHash: Uint8Array<ArrayBuffer>
  phone: PhoneIdentifier
  userId: string
  userName: string
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
export type SignUpRow = MaybeUserRow & { verified: boolean }

/** Uses the ticket up and makes the user, the home address and the session: all of it or, where a constraint objects, nothing. */
export function signUpStatement(
  { ticketHash, phone, userId, userName, address }: SignUpDetails,
  openSession: (source: Prisma.Sql) => Prisma.Sql,
): Prisma.Sql {
  return Prisma.sql`
    WITH ticket AS (
      DELETE FROM signup_tickets
      WHERE token_hash = ${ticketHash} AND phone = ${phone.identifier} AND expires_at > now()
      RETURNING phone
    ),
    account AS (
      INSERT INTO users (id, phone, user_name) SELECT ${userId}::uuid, ticket.phone, ${userName} FROM ticket
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
    opened AS (${openSession(Prisma.sql`account`)})
    SELECT EXISTS (SELECT FROM ticket) AS verified, ${userColumns}
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
      SELECT token_hash FROM signup_tickets WHERE expires_at <= now() LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
