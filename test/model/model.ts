// The reference model: what the service answers, decided one call after the other in plain TypeScript. Read it as the
// specification of signing in and of what people do with their identifiers and sessions; codes.ts has the rules of codes.
import { createAccounts } from './accounts.js'
import { type Expected, type Flow, type Gateway, refused, type Typed } from './answers.js'
import { guess, returnSend, send } from './codes.js'
import {
  createState,
  type Device,
  type Held,
  hasOwner,
  hasProven,
  type Identifier,
  isProven,
  lifetimes,
  type Method,
  type Purpose,
  type Session,
  type Ticket,
  type User,
} from './state.js'

export type SignInCall = Readonly<{ flow: Flow; identifier: Identifier; device: Device | null }>
type SendOptions = Readonly<{ session?: Session; gateway?: Gateway }>
export type Model = ReturnType<typeof createModel>

export function createModel() {
  const state = createState()
  const { codesOf, holderOf, reachedBy, trusted, addUser, openSession, endSessions, forgetDevices, voidCodes } = state

  function sendTo(identifier: Identifier, purpose: Purpose, device: Device | null, more: SendOptions = {}): Expected {
    const { session = null, gateway = 'accepts' } = more
    const codes = codesOf(identifier, purpose, device)
    const sends = state.sendsOf(identifier)
    const next = { number: state.next() }
    const sent = send(codes, sends, { next, session, now: state.now, isTrusted: device !== null })
    if (sent.outcome === 'refused') return { ...refused('rate_limited'), retryAfter: sent.retryAfter }
    const message = { to: identifier.name, code: sent.code }
    if (gateway === 'accepts') return { status: 200, sent, message }
    if (gateway === 'refuses') returnSend(codes, sends, sent.isOnTop, state.now)
    return { ...refused('delivery_failed'), message }
  }

  /** On a trusted device of its owner an identifier has counts of its own. */
  const ownersDevice = (identifier: Identifier, device: Device | null) =>
    trusted(device, (user) => hasProven(user, identifier))

  /** Where the codes of a sign-in are counted. */
  const signInDevice = ({ identifier, device }: Omit<SignInCall, 'flow'>) => ownersDevice(identifier, device)

  /** @param isLogin an identifier that leads to nobody is told, and gets no code */
  function sendSignInCode(call: SignInCall, isLogin: boolean, gateway: Gateway): Expected {
    const { identifier } = call
    if (isLogin && !reachedBy(identifier)) return refused('account_not_found')
    return sendTo(identifier, 'sign_in', signInDevice(call), { gateway })
  }

  function signIn({ flow, identifier, device }: SignInCall, typed: Typed): Expected {
    const known = ownersDevice(identifier, device)
    const isRight = attempt(identifier, 'sign_in', known, typed)
    if (isRight !== true) return isRight
    const user = proveSignIn(identifier)
    if (user?.isDisabled) return refused('forbidden')
    if (user) {
      if (known === null) tellOfNewDevice(user, identifier)
      return signedIn(user, known, false)
    }
    if (flow === 'mobile') {
      const ticket = { phone: identifier.name, expiresAt: state.now + lifetimes.ticket }
      state.tickets.add(ticket)
      return { status: 200, isNewUser: true, ticket }
    }
    return signedIn(addUser({ [identifier.method]: { name: identifier.name, isProven: true } }), null, true)
  }

  /**
   * The user whom a proved identifier leads to. An account that waited for its owner has one now, and nothing in it that somebody
   * opened before or that nobody has proved; a claim to it on somebody else's account ends (decision 11).
   */
  function proveSignIn(identifier: Identifier): User | undefined {
    const { method, name } = identifier
    const user = reachedBy(identifier)
    if (user && !hasOwner(user)) {
      user[method] = { name, isProven: true }
      user[method === 'phone' ? 'email' : 'phone'] = null
      endSessions(user)
      forgetDevices(user)
    }
    if (!user) detachUnverified(identifier)
    return user
  }

  function detachUnverified(identifier: Identifier): void {
    const holder = holderOf(identifier)
    if (holder && hasOwner(holder) && !isProven(holder, identifier.method)) holder[identifier.method] = null
  }

  /** The other way in hears of it, five times a day. */
  function tellOfNewDevice(user: User, { method }: Identifier): void {
    const other = method === 'phone' ? 'email' : 'phone'
    if (!isProven(user, other) || ++user.newDevices > 5) return
    state.notices.push(String(user[other]?.name))
  }

  function signedIn(user: User, known: Device | null, isNewUser: boolean): Expected {
    const session = openSession(user, known)
    return { status: 200, isNewUser, user, session, ...(known === null && { device: session.device }) }
  }

  /** True where the guess was right, else the answer. */
  function attempt(
    identifier: Identifier,
    purpose: Purpose,
    device: Device | null,
    typed: Typed,
    session: Session | null = null,
  ) {
    if (typed === 'malformed') return refused('validation_failed')
    const code = typed === 'wrong' ? null : typed
    return guess(codesOf(identifier, purpose, device), code, session, state.now) || refused('otp_invalid')
  }

  /** A ticket is good once, for its number, and only where the form is whole. */
  function signUp(phone: Identifier, ticket: Ticket | null, isFormValid: boolean): Expected {
    if (!isFormValid) return refused('validation_failed')
    const isGood =
      ticket !== null && state.tickets.has(ticket) && ticket.phone === phone.name && ticket.expiresAt > state.now
    if (!isGood) return refused('verification_required')
    state.tickets.delete(ticket)
    if (holderOf(phone)) return refused('already_registered')
    const user = addUser({ phone: { name: phone.name, isProven: true }, userName: 'Asha', addresses: 1 })
    const session = openSession(user, null)
    return { status: 201, user, session, device: session.device }
  }

  /** Lets a live session through. */
  function asUser(session: Session | null, act: (session: Session) => Expected): Expected {
    const live = state.use(session)
    return live ? act(live) : refused('unauthorized')
  }

  /** The same, soon after its user signed in or stepped up in it. */
  function asProvenUser(session: Session | null, act: (session: Session) => Expected): Expected {
    return asUser(session, (live) => (isRecent(live) ? act(live) : refused('step_up_required')))
  }

  const isRecent = ({ provedAt }: Session) => provedAt + lifetimes.proof > state.now

  /** The proven identifiers of a user, phone first. */
  function provenOf(user: User): Identifier[] {
    return (['phone', 'email'] as const).flatMap((method) => {
      const held = user[method]
      return held?.isProven ? [{ method, name: held.name }] : []
    })
  }

  function sendStepUpCode(session: Session | null, device: Device | null, method?: Method): Expected {
    return asUser(session, (live) => {
      const identifier = provenOf(live.user).find((own) => method === undefined || own.method === method)
      if (!identifier) return refused('validation_failed')
      const answer = sendTo(identifier, 'step_up', ownersDevice(identifier, device), { session: live })
      return { ...answer, ...(answer.sent && { method: identifier.method }) }
    })
  }

  /** The guess is at the code that was sent last, by whichever way. */
  function stepUp(session: Session | null, device: Device | null, typed: Typed): Expected {
    return asUser(session, (live) => {
      if (typed === 'malformed') return refused('validation_failed')
      const known = trusted(device, (user) => user === live.user)
      const sent = provenOf(live.user).map((identifier) => ({
        identifier,
        codes: codesOf(identifier, 'step_up', known),
      }))
      const alive = sent.filter(({ codes }) => codes.code !== null && codes.expiresAt > state.now)
      const [last] = alive.sort((one, other) => other.codes.lastSend - one.codes.lastSend)
      if (!last) return refused('otp_invalid')
      const isRight = attempt(last.identifier, 'step_up', known, typed, live)
      if (isRight !== true) return isRight
      live.provedAt = state.now
      return { status: 200 }
    })
  }

  /** Who has the identifier already is told to who proves it, not here. A new identifier is nobody's: it has no trusted device. */
  function sendChangeCode(session: Session | null, identifier: Identifier): Expected {
    return asProvenUser(session, (live) => {
      const answer = sendTo(identifier, 'change_identifier', null, { session: live })
      return { ...answer, ...(answer.sent && { method: identifier.method }) }
    })
  }

  function changeIdentifier(session: Session | null, identifier: Identifier, typed: Typed): Expected {
    return asProvenUser(session, (live) => {
      const isRight = attempt(identifier, 'change_identifier', null, typed, live)
      if (isRight !== true) return isRight
      const { user } = live
      const { method, name } = identifier
      const owner = reachedBy(identifier)
      if (owner && owner !== user) return refused('already_registered')
      const holder = holderOf(identifier)
      if (holder !== user) detachUnverified(identifier)
      const old = user[method]
      user[method] = { name, isProven: true }
      if (old?.name !== name) tellAndEnd(live, method, old)
      return { status: 200, user }
    })
  }

  function removeIdentifier(session: Session | null, method: Method): Expected {
    return asProvenUser(session, (live) => {
      const { user } = live
      const old = user[method]
      if (!old) return refused('not_found')
      if (!isProven(user, method === 'phone' ? 'email' : 'phone')) return refused('last_identifier')
      user[method] = null
      if (old.isProven) endWhatRestsOn(live, old)
      return { status: 200, user }
    })
  }

  /** The old identifier hears of it, or of a first one the other way in. */
  function tellAndEnd(session: Session, method: Method, old: Held | null): void {
    const other = session.user[method === 'phone' ? 'email' : 'phone']
    if (old?.isProven) endWhatRestsOn(session, old)
    else if (other?.isProven) state.notices.push(other.name)
  }

  /** The sessions elsewhere, all devices, and the codes that only its owner could ask for. */
  function endWhatRestsOn(session: Session, { name }: Held): void {
    state.notices.push(name)
    endSessions(session.user, (other) => other !== session)
    forgetDevices(session.user)
    voidCodes(name)
  }

  return {
    ...createAccounts(state, { asUser, asProvenUser }),
    ...{ state, provenOf, signInDevice, sendSignInCode, signIn, signUp },
    ...{ sendStepUpCode, stepUp, sendChangeCode, changeIdentifier, removeIdentifier },
  }
}
