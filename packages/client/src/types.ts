// What the service takes and answers, by route. Held against the service's own schemas by test/packages/client/types.test.ts.
import type { Challenge } from './errors.js'

/** Of people, everywhere the same. */
export type User = {
  /** UUIDv7 */
  id: string
  user_name: string | null
  /** national, where the phone belongs to the service's default country */
  mobile_number: string | null
  /** E.164 */
  phone: string | null
  email: string | null
  role: 'USER' | 'ADMIN'
  /** RFC 3339, as all times */
  created_at: string
  updated_at: string
}

export type Address = {
  id: string
  type: 'Home' | 'Work' | 'Other'
  house_number: string
  street_locality: string
  city: string
  state: string
  pincode: string
  /** ISO 3166-1 alpha-2 */
  country: string
  is_default: boolean
}

export type AddressForm = Pick<Address, 'house_number' | 'street_locality' | 'city' | 'state'> &
  Partial<Pick<Address, 'type' | 'pincode' | 'country' | 'is_default'>>

export type Me = User & { addresses: Address[] }

export type SessionInfo = {
  id: string
  created_at: string
  last_seen_at: string
  expires_at: string
  device: string | null
  network: string | null
  /** whether it is the one that asks */
  current: boolean
}

/** Of the person who is signed in. */
export type Passkey = {
  id: string
  name: string
  /** `multi_device`: it may be synchronised to further devices */
  device_type: 'single_device' | 'multi_device'
  /** whether it is */
  backed_up: boolean
  created_at: string
  last_used_at: string | null
}

/** A challenge as WebAuthn has it in JSON, with the id of the credential and much more; `passkeys` reads and writes it. */
export type PasskeyJson = { [member: string]: unknown }

export type PhonePrefix = { country: string; name: string; prefix: string; flag: string; example: string }

/** What a client counts by: seconds, and guesses. */
export type CodeSent = {
  expires_in: number
  resend_after: number
  attempts_allowed: number
  /** in development alone */
  otp?: string
}

export type SignedIn = { token: string; user: User; isNewUser: boolean; device_token?: string }
export type KnownNumber = { success: true; isNewUser: false; user: User; token: string; device_token?: string }
export type NewNumber = { success: true; isNewUser: true; message: string; mobile_number: string; signup_token: string }
export type SignedUp = { success: true; user: User; address: Address; token: string; device_token?: string }

export type SignupForm = {
  mobile_number: string
  user_name: string
  house_number: string
  street_locality: string
  city: string
  state: string
  pincode: string
  /** the client remembers the one of its last verification */
  signup_token?: string
}

/** Phone or email. The members of the other are named so that a union can be asked for them. */
export type Identifier =
  | { phonePrefix: string; phone: string; email?: never }
  | { email: string; phone?: never; phonePrefix?: never }
/** One's own, to be added: a phone has its prefix in it. */
export type OwnIdentifier = { phone: string; email?: never } | { email: string; phone?: never }
export type IdentifierMethod = 'phone' | 'email'

/** What a solver makes: the text of a widget, or challenge and solution. */
export type ChallengeSolution = string | { challenge: Challenge; solution: object }

/** What another origin asks the sign-in page for (RFC 7636). */
export type ExchangeRequest = {
  return_to: string
  state: string
  code_challenge: string
  code_challenge_method: 'S256'
}

/** The client remembers the device token, and solves challenges; either may be given all the same. */
type Device = { device_token?: string }
/** After `second_proof_required`: the `recycleToken` of that error. */
type SecondProof = { recycle_token?: string }
type Solution = { challenge_solution?: ChallengeSolution }
type One<Data> = { success: true; data: Data }
type List<Item> = { success: true; data: Item[]; next_cursor: null }
type Sent = One<CodeSent & { method: IdentifierMethod }>
type ById = { id: string }

/** Every route that people use for themselves: what is in its path, its query and its body, and what it answers. */
export type Routes = {
  'POST /api/auth/send-otp': {
    body: { mobile_number: string; mode?: 'login' | 'signup' } & Device & Solution
    answer: { success: true; message: string } & CodeSent
  }
  'POST /api/auth/verify-otp': {
    body: { mobile_number: string; otp: string } & Device & SecondProof
    answer: KnownNumber | NewNumber
  }
  'POST /api/auth/signup': { body: SignupForm; answer: SignedUp }
  'POST /api/auth/logout': { answer: { success: true; message: string } }
  'POST /api/auth/refresh': { answer: { success: true; token: string } }
  'GET /api/auth/me': { answer: One<Me> }
  'POST /auth/request-otp': { body: Identifier & Device & Solution; answer: { message: string } & CodeSent }
  'POST /auth/verify-otp': { body: Identifier & { otp: string } & Device & SecondProof; answer: SignedIn }
  'POST /auth/new-account': {
    body: { recycle_token: string }
    answer: { success: true; message: string; retry_after: number }
  }
  'POST /auth/exchange': { body: { code: string; code_verifier: string }; answer: { token: string; user: User } }
  /** for the service's own sign-in page alone */
  'POST /auth/exchange/codes': { body: ExchangeRequest; answer: One<{ redirect_to: string; expires_in: number }> }
  'GET /auth/phone-prefixes': { answer: PhonePrefix[] }
  'POST /users/me/step-up': { body: { method?: IdentifierMethod } & Device & Solution; answer: Sent }
  'POST /users/me/step-up/verify': { body: { otp: string } & Device; answer: One<{ proven_until: string }> }
  'POST /users/me/identifiers': { body: OwnIdentifier & Solution; answer: Sent }
  'POST /users/me/identifiers/verify': { body: OwnIdentifier & { otp: string }; answer: One<User> }
  'DELETE /users/me/identifiers/:method': { params: { method: IdentifierMethod }; answer: One<User> }
  'POST /auth/passkeys/registration/options': { answer: One<{ options: PasskeyJson; expires_in: number }> }
  'POST /auth/passkeys/registration/verify': { body: { response: PasskeyJson; name?: string }; answer: One<Passkey> }
  'POST /auth/passkeys/authentication/options': {
    answer: { options: PasskeyJson; challenge_token: string; expires_in: number }
  }
  'POST /auth/passkeys/authentication/verify': {
    body: { response: PasskeyJson; challenge_token?: string } & Device
    answer: SignedIn
  }
  'POST /users/me/step-up/passkey/options': { answer: One<{ options: PasskeyJson; expires_in: number }> }
  'POST /users/me/step-up/passkey/verify': {
    body: { response: PasskeyJson }
    answer: One<{ proven_until: string }>
  }
  'GET /users/me/passkeys': { answer: List<Passkey> }
  'PATCH /users/me/passkeys/:id': { params: ById; body: { name: string }; answer: One<Passkey> }
  'DELETE /users/me/passkeys/:id': { params: ById; answer: One<ById> }
  'GET /users/me/sessions': { answer: List<SessionInfo> }
  'DELETE /users/me/sessions': { query?: { others?: 'true' }; answer: One<{ ended: number }> }
  'DELETE /users/me/sessions/:id': { params: ById; answer: One<ById> }
  'GET /users/me/addresses': { answer: List<Address> }
  'POST /users/me/addresses': { body: AddressForm; answer: One<Address> }
  'PATCH /users/me/addresses/:id': { params: ById; body: Partial<AddressForm>; answer: One<Address> }
  'DELETE /users/me/addresses/:id': { params: ById; answer: One<ById> }
  'GET /users/me/export': { answer: One<{ exported_at: string; [section: string]: unknown }> }
  'GET /users/me': { answer: One<User> }
  'PATCH /users/me': { body: { user_name: string }; answer: One<User> }
  'DELETE /users/me': { answer: One<ById> }
}
export type Route = keyof Routes
export type AnswerOf<R extends Route> = Routes[R]['answer']
export type DataOf<R extends Route> = AnswerOf<R> extends { data: infer Data } ? Data : never
export type BodyOf<R extends Route> = Routes[R] extends { body: infer Body } ? Body : never

export type CallOptions = {
  /** ends the call; it then rejects with the signal's reason */
  signal?: AbortSignal | undefined
  /** milliseconds that an answer may take, in place of the client's own */
  timeout?: number | undefined
}

/** What {@link Routes} says of a route, beside its answer. */
export type InputOf<R extends Route> = Omit<Routes[R], 'answer'>
/** Options that have to be given where the route has a part that has to be. */
export type RequestArguments<R extends Route> =
  Record<never, never> extends InputOf<R> ? [options?: InputOf<R> & CallOptions] : [options: InputOf<R> & CallOptions]

export type UntypedOptions = CallOptions & {
  params?: Record<string, string>
  query?: Record<string, string | undefined>
  body?: unknown
}
