// Signing up in the mobile flow: a ticket becomes a user with a home address and a session (prisma/functions/sign_up.sql).
import type { AuditTrail } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { createDecision, type DecisionRequest } from '../database/decisions.js'
import { newId } from '../database/ids.js'
import { type MaybeUserRow, type UserRow, userRowOf } from '../database/user-row.js'
import { Problem } from '../errors.js'
import type { Client, LogOrigin } from '../http/client.js'
import { metricLabelsOf } from '../identifiers/parser.js'
import type { PhoneIdentifier } from '../identifiers/phone.js'
import type { Limits } from '../limits/service.js'
import type { Messages } from '../messaging/templates/messages.js'
import type { SessionDrafts } from '../sessions/drafts.js'
import type { AddressRow } from '../users/address.js'
import { nameKey } from '../users/name.js'
import type { BeforeSignup } from './before-signup.js'
import type { SignInTelemetry } from './sign-in.js'
import { hashTicket } from './signup-tickets.js'

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
  client: Client
}>

export type SignedUp = Readonly<{ user: UserRow; address: AddressRow; token: string; deviceToken: string | undefined }>

/** sign_up_result */
type SignUpAnswer = MaybeUserRow &
  Readonly<{ outcome: 'signed_up' | 'no_proof' | 'already_registered' | 'ask'; isNewDevice: boolean }>

export type SignUp = (request: SignUpRequest) => Promise<SignedUp>

type SignUpDependencies = {
  database: Database
  sessionDrafts: SessionDrafts
  messages: Pick<Messages, 'localeOf'>
  audit: AuditTrail
  beforeSignup: BeforeSignup
  limits: Limits
  onTelemetry: (origin: LogOrigin, event: SignInTelemetry) => void
}

export function createSignUp(dependencies: SignUpDependencies): SignUp {
  const { database, sessionDrafts, messages, audit, beforeSignup, limits, onTelemetry } = dependencies
  const decide = createDecision<DecisionRequest & { phone: string }, SignUpAnswer>({
    database,
    name: 'sign_up',
    keyOf: ({ phone }) => phone,
    settings: () => ({ ...sessionDrafts.creationLimits, asksBeforeSignup: beforeSignup.isAsked }),
  })

  /**
   * Makes the account. A ticket for another number, an expired, used or missing one is no proof.
   * @throws Problem `verification_required`, `already_registered`; `signup_refused`, `service_unavailable` where the product is asked first, `rate_limited`
   * for an address that has it asked too often
   */
  return async function signUp({ phone, userName, address, ticket, client }: SignUpRequest): Promise<SignedUp> {
    if (ticket === undefined) throw new Problem('verification_required')
    const home = { ...address, id: newId(), country: phone.country }
    const session = sessionDrafts.draft(client)
    const locale = messages.localeOf(client.languages)
    const request = {
      ticketHash: hashTicket(ticket),
      phone: phone.identifier,
      userId: newId(),
      userName,
      nameKey: nameKey(userName),
      locale,
      ...home,
      addressId: home.id,
      ...session.values,
      ...audit.valuesOf(client, phone.identifier),
    }
    let answer = await decide(request)
    // The ticket stays good meanwhile, and is asked for again.
    while (answer.outcome === 'ask') {
      const retryAfter = await limits.countAskedSignup(client.block)
      if (retryAfter !== null) throw new Problem('rate_limited', { retryAfter })
      const admission = await beforeSignup.ask({ identifier: phone, userName, locale }, client)
      answer = await decide({ ...request, ...admission })
    }
    if (answer.outcome === 'no_proof') throw new Problem('verification_required')
    if (answer.outcome === 'already_registered') throw new Problem('already_registered')
    onTelemetry(client, { kind: 'new_account', ...metricLabelsOf(phone) })
    onTelemetry(client, { kind: 'signed_in', method: 'sms' })
    const user = userRowOf(answer)
    return {
      user,
      address: { ...home, type: 'Home', isDefault: true },
      ...sessionDrafts.created(session, user.id, answer.isNewDevice),
    }
  }
}
