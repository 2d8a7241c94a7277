// The part of the model about sessions and accounts that are there: who is signed in where, and what ends it.
import { type Expected, refused } from './answers.js'
import type { Identifier, Session, State, User } from './state.js'

type AsUser = (session: Session | null, act: (session: Session) => Expected) => Expected

export function createAccounts(state: State, { asUser, asProvenUser }: Record<'asUser' | 'asProvenUser', AsUser>) {
  const { users, sessionsOf, endSessions, forgetDevices } = state

  const me = (session: Session | null) => asUser(session, ({ user }) => ({ status: 200, user }))

  /** Another token of the same session; it proves nothing. */
  const refresh = (session: Session | null) => asUser(session, (live) => ({ status: 200, session: live }))

  /** The same answer with and without a session. The device stays trusted. */
  function logOut(session: Session | null): Expected {
    if (session) state.sessions.delete(session)
    return { status: 200 }
  }

  function listSessions(session: Session | null): Expected {
    return asUser(session, (live) => ({
      status: 200,
      sessions: sessionsOf(live.user).filter(state.isLive).reverse(),
      current: live,
    }))
  }

  /** The device goes along, unless it is that of the session that asks. */
  function endSession(session: Session | null, other: Session): Expected {
    return asUser(session, (live) => {
      if (other.user !== live.user || !state.sessions.has(other)) return refused('not_found')
      state.sessions.delete(other)
      forgetDevices(live.user, (device) => device === other.device && device !== live.device)
      return { status: 200 }
    })
  }

  /** Every other device too. */
  function endOthers(session: Session | null): Expected {
    return asUser(session, (live) => {
      forgetDevices(live.user, (device) => device !== live.device)
      return { status: 200, ended: endSessions(live.user, (other) => other !== live) }
    })
  }

  /** This one too; devices stay trusted. */
  const endAll = (session: Session | null) =>
    asUser(session, (live) => ({ status: 200, ended: endSessions(live.user) }))

  const deleteMe = (session: Session | null) => asProvenUser(session, ({ user }) => deleteUser(user))

  // From here on what admins do.

  /** Makes an account that waits for whoever proves one of its identifiers first. */
  function createUser(identifiers: readonly Identifier[]): Expected {
    if (identifiers.some(state.holderOf)) return refused('already_registered')
    const claims = identifiers.map(({ method, name }) => [method, { name, isProven: false }])
    return { status: 201, user: state.addUser(Object.fromEntries(claims)) }
  }

  /** Both ways end every session, and doing it again ends none. Devices stay, and are trusted again with the account. */
  function setDisabled(user: User, isDisabled: boolean): Expected {
    if (!users.has(user)) return refused('not_found')
    if (user.isDisabled !== isDisabled) endSessions(user)
    user.isDisabled = isDisabled
    return { status: 200, user }
  }

  function endSessionsOf(user: User): Expected {
    return users.has(user) ? { status: 200, ended: endSessions(user) } : refused('not_found')
  }

  /** What was counted of its identifiers stays, and so does a code to sign in, which opens nothing of this account. */
  function deleteUser(user: User): Expected {
    if (!users.delete(user)) return refused('not_found')
    endSessions(user)
    forgetDevices(user)
    for (const held of [user.phone, user.email]) if (held) state.voidCodes(held.name)
    return { status: 200 }
  }

  return {
    ...{ me, refresh, logOut, listSessions, endSession, endOthers, endAll, deleteMe },
    ...{ createUser, setDisabled, endSessionsOf, deleteUser },
  }
}
