// Signing up in the mobile flow: a ticket becomes a user with a home address and a session.
import type { AuditTrail } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { newId } from '../database/ids.js'
import { isUserRow, type UserRow } from '../database/user-row.js'
import type { Messages } from '../delivery/messages.js'
import { Problem } from '../errors.js'
import type { Caller } from '../http/caller.js'
import { trafficOf } from '../identifiers/parser.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import type { SessionService } from '../sessions/service.js'
import type { AddressRow } from '../users/address.js'
import type { SignInNotice } from './sign-in.js'
import { hashTicket } from './signup-tickets.js'
import { type SignUpRow, signUpStatement } from './statements.js'

export type HomeAddress = Readonly<{
  houseNumber: string
  streetLocality: string
  city: string
  state: string
  pincode: string
}>

export type SignUpRequest = Readonly<{
  phone: PhoneIdentifier
  userName: string
  address: HomeAddress
  /** of this number's verification; undefined where the client sent none */
  ticket: string | undefined
  caller: Caller
}>

export type SignedUp = Readonly<{ user: UserRow; address: AddressRow; token: string; deviceToken: string | undefined }>

export type SignUp = ReturnType<typeof createSignUp>

type SignUpDependencies = {
  database: Database
  sessions: SessionService
  messages: Pick<Messages, 'localeOf'>
  audit: AuditTrail
  onNotice: (notice: SignInNotice) => void
}

export function createSignUp({ database, sessions, messages, audit, onNotice }: SignUpDependencies) {
  /**
   * Makes the account. A ticket for another number, an expired, used or missing one is no proof.
   * @throws Problem `verification_required`, `already_registered`
   */
  return async function signUp({ phone, userName, address, ticket, caller }: SignUpRequest): Promise<SignedUp> {
    if (ticket === undefined) throw new Problem('verification_required')
    const userId = newId()
    const home = { ...address, id: newId(), country: phone.country }
    const session = sessions.draft(caller)
    const locale = messages.localeOf(caller.languages)
    const details = { ticketHash: hashTicket(ticket), phone, userId, userName, locale, address: home }
    const statement = signUpStatement(
      details,
      (source) => sessions.statements(session.values, source),
      (columns, source) => audit.statement(caller, phone.identifier, columns, source),
    )
    const [row] = await database.$queryRaw<[SignUpRow]>(statement)
    if (!row.verified) throw new Problem('verification_required')

    const { verified, isNewDevice, ...user } = row
    if (!isUserRow(user)) throw new Problem('already_registered')
    onNotice({ kind: 'new_account', ...trafficOf(phone) })
    return {
      user,
      address: { ...home, type: 'Home', isDefault: true },
      ...sessions.opened(session, user.id, isNewDevice),
    }
  }
}
