// Signup tickets: the proof that a number without an account was verified, good for one signup.
import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../database/client.js'
import { prepare } from '../database/prepared.js'
import { deleteExpiredTicketsStatement, issueTicketStatement } from './statements.js'

/** Seconds that a ticket is good for. */
export const ticketTimeToLive = 600

const insertTicket = prepare<{ ticketHash: Uint8Array<ArrayBuffer>; phone: string }, never[]>(({ ticketHash, phone }) =>
  issueTicketStatement(ticketHash, phone, ticketTimeToLive),
)

/** SHA-256 is enough for a secret of 256 random bits: there is nothing to search. */
export function hashTicket(ticket: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(ticket).digest())
}

/** Makes a ticket for a number and keeps its digest. */
export async function issueTicket(database: Database, phone: string): Promise<string> {
  const ticket = randomBytes(32).toString('base64url')
  await insertTicket(database, { ticketHash: hashTicket(ticket), phone })
  return ticket
}

/** Deletes up to `most` tickets that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredTickets(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredTicketsStatement(most))
}
