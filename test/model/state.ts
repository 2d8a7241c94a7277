// What there is in the model: people's accounts with what hangs on them. Pure, and without ids: objects stand for rows.
import { type Codes, noCodes, noSends, type Sends } from './codes.js'

export type Method = 'phone' | 'email'
export type Purpose = 'sign_in' | 'step_up' | 'change_identifier'

/** Canonical: E.164 or lower-case email. */
export type Identifier = Readonly<{ method: Method; name: string }>

/** An identifier on an account. Not proven, it is a claim of an admin's: it holds the name and opens nothing (decision 11). */
export type Held = { name: string; isProven: boolean }

export type User = {
  phone: Held | null
  email: Held | null
  userName: string | null
  addresses: number
  isDisabled: boolean
  /** sign-ins on new devices that the other identifier was to hear of: by days that the model's time does not know */
  newDevices: number
}

export type Device = { user: User; lastUse: number; expiresAt: number }

export type Session = {
  user: User
  /** that it was opened on, which may be gone */
  device: Device
  createdAt: number
  lastSeenAt: number
  expiresAt: number
  /** when its user last proved an identifier in it */
  provedAt: number
}

export type Ticket = { phone: string; expiresAt: number }

const day = 86_400
export const lifetimes = {
  /** of a session without use, and in any case */
  session: 7 * day,
  maxSessionLifetime: 30 * day,
  /** use is noted once in so many seconds */
  betweenNotes: 300,
  device: 180 * day,
  ticket: 600,
  proof: 900,
}
const devicesOfUser = 10

export type State = ReturnType<typeof createState>

export function createState() {
  const state = {
    /** seconds since the run began */
    now: 0,
    users: new Set<User>(),
    /** oldest first; who is over may still be here */
    sessions: new Set<Session>(),
    devices: new Set<Device>(),
    tickets: new Set<Ticket>(),
    /** by identifier, purpose and trusted device */
    codes: new Map<string, Map<Purpose, Map<Device | null, Codes<Session>>>>(),
    /** by identifier */
    sends: new Map<string, Sends>(),
    /** whom messages without a code went to: somebody's way in has changed, or was used on a new device */
    notices: [] as string[],
  }
  let order = 0
  const next = () => ++order

  function codesOf({ name }: Identifier, purpose: Purpose, device: Device | null): Codes<Session> {
    const purposes = state.codes.get(name) ?? new Map<Purpose, Map<Device | null, Codes<Session>>>()
    const devices = purposes.get(purpose) ?? new Map<Device | null, Codes<Session>>()
    const codes = devices.get(device) ?? noCodes<Session>()
    state.codes.set(name, purposes.set(purpose, devices.set(device, codes)))
    return codes
  }

  function sendsOf({ name }: Identifier): Sends {
    const sends = state.sends.get(name) ?? noSends()
    state.sends.set(name, sends)
    return sends
  }

  const holderOf = ({ method, name }: Identifier) => [...state.users].find((user) => user[method]?.name === name)

  /** The user whom an identifier leads to: its owner, or the account that waits for one. */
  function reachedBy(identifier: Identifier): User | undefined {
    const holder = holderOf(identifier)
    return holder && (isProven(holder, identifier.method) || !hasOwner(holder)) ? holder : undefined
  }

  /** The device where it is trusted by a user of whom that holds: it has counts of its own there. */
  function trusted(device: Device | null, owns: (user: User) => boolean): Device | null {
    const isKnown = device !== null && state.devices.has(device) && device.expiresAt > state.now
    return isKnown && !device.user.isDisabled && owns(device.user) ? device : null
  }

  function addUser(more: Partial<User>): User {
    const user = { phone: null, email: null, userName: null, addresses: 0, isDisabled: false, newDevices: 0, ...more }
    state.users.add(user)
    return user
  }

  /** Opens a session on a trusted device, or on a new one, for which the one of ten used longest ago gives way. */
  function openSession(user: User, known: Device | null): Session {
    const { now } = state
    const device = known ?? { user, lastUse: 0, expiresAt: 0 }
    Object.assign(device, { lastUse: next(), expiresAt: now + lifetimes.device })
    state.devices.add(device)
    const byUse = [...devicesOf(user)].sort((one, other) => other.lastUse - one.lastUse)
    for (const old of byUse.slice(devicesOfUser)) state.devices.delete(old)
    const session = { user, device, createdAt: now, lastSeenAt: now, expiresAt: now + lifetimes.session, provedAt: now }
    state.sessions.add(session)
    return session
  }

  const devicesOf = (user: User) => [...state.devices].filter((device) => device.user === user)
  const sessionsOf = (user: User) => [...state.sessions].filter((session) => session.user === user)

  /** Ends sessions of a user and returns how many. */
  function endSessions(user: User, which: (session: Session) => boolean = () => true): number {
    const ended = sessionsOf(user).filter(which)
    for (const session of ended) state.sessions.delete(session)
    return ended.length
  }

  function forgetDevices(user: User, which: (device: Device) => boolean = () => true): void {
    for (const device of devicesOf(user).filter(which)) state.devices.delete(device)
  }

  /** Codes that only somebody signed in could ask for open nothing any more; what was counted stays. */
  function voidCodes(name: string): void {
    for (const [purpose, devices] of state.codes.get(name) ?? []) {
      if (purpose === 'sign_in') continue
      for (const codes of devices.values()) codes.code = null
    }
  }

  const isLive = ({ user, createdAt, expiresAt }: Session) =>
    !user.isDisabled && expiresAt > state.now && createdAt + lifetimes.maxSessionLifetime > state.now

  const isSignedIn = (session: Session) => state.sessions.has(session) && isLive(session)

  /** The session where it is live: its use is noted, and moves its end. */
  function use(session: Session | null): Session | null {
    const { now } = state
    if (session === null || !isSignedIn(session)) return null
    if (session.lastSeenAt + lifetimes.betweenNotes <= now) {
      session.lastSeenAt = now
      session.expiresAt = Math.min(now + lifetimes.session, session.createdAt + lifetimes.maxSessionLifetime)
    }
    return session
  }

  return Object.assign(state, {
    ...{
      next,
      codesOf,
      sendsOf,
      holderOf,
      reachedBy,
      trusted,
      addUser,
      openSession,
      sessionsOf,
      endSessions,
      forgetDevices,
    },
    ...{ voidCodes, isLive, isSignedIn, use },
  })
}

export const isProven = (user: User, method: Method) => user[method]?.isProven ?? false
export const hasOwner = (user: User) => isProven(user, 'phone') || isProven(user, 'email')
export const hasProven = (user: User, { method, name }: Identifier) =>
  user[method]?.name === name && isProven(user, method)
