// Signup tickets: the proof that a number without an account was verified, good for one signup.
import { createHash, randomBytes } from 'node:crypto'

/** Seconds that a ticket is good for. */
export const ticketTimeToLive = 600

/** SHA-256 is enough for a secret of 256 random bits: there is nothing to search. */
export function hashTicket(ticket: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(ticket).digest())
}

/** A ticket for whoever verified a number that has no account, and what the database keeps of it. */
export function draftTicket(): { ticket: string; ticketHash: Uint8Array<ArrayBuffer> } {
  const ticket = randomBytes(32).toString('base64url')
  return { ticket, ticketHash: hashTicket(ticket) }
}
