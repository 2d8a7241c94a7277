// What sign-ins differ in: the shape of their statement, and the values that fill it.
import type { AuditTrail, EventValues } from '../audit/events.js'
import type { Caller } from '../http/caller.js'
import type { Identifier } from '../identifiers/parser.js'
import type { Limits } from '../limits/service.js'
import { type CountryValues, countryValues } from '../limits/sms-gate.js'
import type { Guess } from '../otp/service.js'
import type { GuessValues } from '../otp/statements.js'
import type { OpeningValues, SessionDraft } from '../sessions/opening.js'
import type { NewUserValues } from '../users/statements.js'
import { type GuesserValues, guesserValues } from './guess-statement.js'

/** What decides about the text of the statement. */
export type SignInShape = Readonly<{
  method: Identifier['method']
  /** whoever asks says that they are on a device that is known */
  hasDevice: boolean
  /** whoever has no account gets one now */
  makesUser: boolean
}>

/** What is sent along. Numbers have a country, addresses none. */
export type SignInValues = GuessValues &
  GuesserValues &
  OpeningValues &
  EventValues &
  Partial<CountryValues> &
  Partial<NewUserValues>

export type SignInParts = Readonly<{
  identifier: Identifier
  guess: Guess
  session: SessionDraft
  /** whom a newcomer becomes; null where that takes more than a code */
  newUser: NewUserValues | null
  caller: Caller
}>

export function signInShape({ identifier, newUser, caller }: SignInParts): SignInShape {
  return { method: identifier.method, hasDevice: caller.deviceToken !== undefined, makesUser: newUser !== null }
}

export function signInValues(
  { identifier, guess, session, caller, newUser }: SignInParts,
  limits: Limits,
  audit: AuditTrail,
): SignInValues {
  return {
    ...guess.values,
    ...guesserValues(caller, limits),
    ...session.values,
    ...newUser,
    ...audit.valuesOf(caller, identifier.identifier),
    ...(identifier.method === 'phone' && countryValues(identifier.country)),
  }
}
