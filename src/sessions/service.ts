// Sessions: opened by a sign-in, asked with every request, ended for good. The row is the authority, the token only names it.
import { v7 as uuid } from 'uuid'
import type { SessionSettings } from '../config/config.js'
import { longestSession } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import { prepare } from '../database/prepared.js'
import type { UserRow } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import { clientName } from './client-name.js'
import {
  type DeviceValues,
  deleteExpiredDevicesStatement,
  deviceHashOf,
  draftDevice,
  forgetOldestStatement,
  knownDeviceStatement,
  rememberDeviceStatement,
  touchDeviceStatement,
} from './devices.js'
import {
  deleteExpiredSessionsStatement,
  endSessionsWhereStatement,
  type ListedSession,
  listSessionsStatement,
  openSessionStatement,
  readSessionStatement,
  type SessionOrigin,
  type SessionRow,
  type SessionValues,
  touchSessionStatement,
} from './statements.js'
import type { Claims, Tokens } from './tokens.js'

/** Who a request comes from. */
export type Authentication = Readonly<{
  user: UserRow
  sessionId: string
  claims: Claims
  /** signed in or stepped up within the last 15 minutes */
  isRecentlyProven: boolean
  /** until the session ends in any case */
  secondsLeft: number
  /** what `authenticateBeside` was to bring along, else null */
  beside: unknown
}>

/** Who a token stands for, or null. One query. */
export type Authenticator = (token: string) => Promise<Authentication | null>

/** A token and the seconds that it lives. */
export type IssuedToken = Readonly<{ token: string; lifetime: number }>

/** The parts of opening a session, for a statement that has the parts `known_device` and `opened` (the first of these). */
export type SessionStatements = Readonly<{
  session: Prisma.Sql
  rememberDevice: Prisma.Sql
  touchDevice: Prisma.Sql
  forgetOldest: Prisma.Sql
}>

/** What a session is opened with, and its device where that is new. */
export type OpeningValues = SessionValues & DeviceValues

/** A session about to be opened inside a larger statement, on a device that is new or known. */
export type SessionDraft = Readonly<{
  values: OpeningValues
  /** of the device, to be told to the client where the device was new */
  deviceToken: string
}>

/** A session that was opened; `deviceToken` only where the device was not known before. */
export type OpenedSession = Readonly<{ token: string; deviceToken: string | undefined }>

/** Who opens a session, with the token of their device where they have one. */
export type Opener = SessionOrigin & Readonly<{ deviceToken: string | undefined }>

type SessionKey = Readonly<{ sessionId: string; userId: string }>
type OpenValues = OpeningValues & Readonly<{ userId: string; deviceHash: Uint8Array<ArrayBuffer> | null }>
type OpenRow = { exists: boolean; opened: boolean; isNewDevice: boolean }

export type SessionService = ReturnType<typeof createSessionService>

const endSession = prepare<SessionKey, { id: string }[]>(({ sessionId, userId }) =>
  endSessionsWhereStatement(userId, Prisma.sql`s.id = ${sessionId}::uuid`),
)

type SessionDependencies = { database: Database; tokens: Tokens; settings: SessionSettings }

export function createSessionService({ database, tokens, settings }: SessionDependencies) {
  const limits = { timeToLive: settings.timeToLive, longest: longestSession }

  function draft({ userAgent, network }: SessionOrigin): SessionDraft {
    const { token, ...device } = draftDevice()
    return { values: { sessionId: uuid(), client: clientName(userAgent), network, ...device }, deviceToken: token }
  }

  /** @param source see `openSessionStatement` */
  function statements(values: OpeningValues, source: Prisma.Sql): SessionStatements {
    const opened = Prisma.sql`opened`
    const known = Prisma.sql`known_device`
    const isKnown = Prisma.sql`EXISTS (SELECT FROM known_device)`
    const deviceId = Prisma.sql`coalesce((SELECT id FROM known_device), ${values.newDeviceId}::uuid)`
    return {
      session: openSessionStatement(values, limits, deviceId, source),
      rememberDevice: rememberDeviceStatement(values, opened, isKnown),
      touchDevice: touchDeviceStatement(known, opened),
      forgetOldest: forgetOldestStatement(opened, isKnown),
    }
  }

  /** The first token of a session that was just opened. */
  function issueToken(userId: string, sessionId: string): string {
    return tokens.issue(userId, sessionId, settings.tokenTimeToLive)
  }

  /** What the client of a draft gets, once its statement has opened the session. */
  function opened({ values, deviceToken }: SessionDraft, userId: string, isNewDevice: boolean): OpenedSession {
    return { token: issueToken(userId, values.sessionId), deviceToken: isNewDevice ? deviceToken : undefined }
  }

  const openSession = prepare<OpenValues, [OpenRow]>((of) => {
    const opening = statements(of, Prisma.sql`account`)
    return Prisma.sql`
      WITH account AS (SELECT id, disabled_at FROM users WHERE id = ${of.userId}::uuid FOR KEY SHARE),
      known_device AS (${knownDeviceStatement(of.deviceHash, Prisma.sql`u.id = ${of.userId}::uuid`)}),
      opened AS (${opening.session}),
      remembered AS (${opening.rememberDevice}),
      touched AS (${opening.touchDevice}),
      forgotten AS (${opening.forgetOldest})
      SELECT EXISTS (SELECT FROM account) AS exists, EXISTS (SELECT FROM opened) AS opened,
        EXISTS (SELECT FROM remembered) AS "isNewDevice"`
  })

  /** Opens a session, or says why there can be none. */
  async function open(userId: string, opener: Opener): Promise<OpenedSession | 'disabled' | 'gone'> {
    const session = draft(opener)
    const [row] = await openSession(database, { ...session.values, userId, deviceHash: deviceHashOf(opener) })
    if (row.opened) return opened(session, userId, row.isNewDevice)
    return row.exists ? 'disabled' : 'gone'
  }

  /** @param beside see `readSessionStatement` */
  function prepareRead(beside: Prisma.Sql) {
    const readSession = prepare<SessionKey, SessionRow[]>((of) => readSessionStatement(of, limits, beside))
    return async function read(token: string) {
      const claims = tokens.verify(token)
      if (claims === null) return null
      const [row] = await readSession(database, { sessionId: claims.sid, userId: claims.sub })
      return row === undefined ? null : { claims, row }
    }
  }

  /** For routes that show more of the user `u` than who it is: the value comes with the same query. */
  function authenticateBeside(beside: Prisma.Sql): Authenticator {
    const read = prepareRead(beside)
    return async function authenticate(token) {
      const known = await read(token)
      if (known === null) return null
      const { claims, row } = known
      const { isStale, isRecentlyProven, secondsLeft, beside, ...user } = row
      if (isStale) await database.$executeRaw(touchSessionStatement(claims.sid, limits))
      return { user, sessionId: claims.sid, claims, isRecentlyProven, secondsLeft, beside }
    }
  }

  const nothing = Prisma.sql`NULL`
  const authenticate = authenticateBeside(nothing)
  const read = prepareRead(nothing)

  /** What a token says, where its session is still there. Being asked about is no use of a session: its end stays where it is. */
  async function introspect(token: string): Promise<Claims | null> {
    return (await read(token))?.claims ?? null
  }

  /** Another token of the same session, which it does not outlive. */
  function reissue({ user, sessionId, secondsLeft }: Authentication): IssuedToken {
    const lifetime = Math.min(settings.tokenTimeToLive, secondsLeft)
    return { token: tokens.issue(user.id, sessionId, lifetime), lifetime }
  }

  /** Another token where the one that came is past half its life, and would be outlived. */
  function renew(authentication: Authentication): IssuedToken | null {
    const { iat, exp } = authentication.claims
    const remaining = exp - Date.now() / 1000
    // By half at least: two equal ends differ by what rounding and a slow request make of them.
    const canLiveLonger = Math.min(settings.tokenTimeToLive, authentication.secondsLeft) > 1.5 * remaining
    return remaining < (exp - iat) / 2 && canLiveLonger ? reissue(authentication) : null
  }

  /** Ends the session of a token and returns whose it was; null where there was none. */
  async function end(token: string): Promise<string | null> {
    const claims = tokens.verify(token)
    if (claims === null) return null
    const ended = await endSession(database, { sessionId: claims.sid, userId: claims.sub })
    return ended.length === 1 ? claims.sub : null
  }

  /** The live sessions of a user, newest first, 100 at most. */
  function list(userId: string): Promise<ListedSession[]> {
    return database.$queryRaw<ListedSession[]>(listSessionsStatement(userId, limits))
  }

  return { draft, statements, opened, open, authenticate, authenticateBeside, introspect, end, reissue, renew, list }
}

/** Deletes up to `most` sessions that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredSessions(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredSessionsStatement(most))
}

/** Deletes up to `most` devices that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredDevices(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredDevicesStatement(most))
}
