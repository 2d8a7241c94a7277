// Sessions: opened by a sign-in, asked with every request, ended for good. The row is the authority, the token only names it.
import { createBatches } from '../database/batches.js'
import type { Database } from '../database/client.js'
import { isRefusedByPostgres } from '../database/failures.js'
import { prepare } from '../database/prepared.js'
import type { UserRow } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import { deleteExpiredDevicesStatement } from './devices.js'
import { createSessionDrafts, type SessionDependencies, sessionLimits } from './drafts.js'
import {
  deleteExpiredSessionsStatement,
  endSessionsStatement,
  type ListedSession,
  listSessionsStatement,
  readSessionsStatement,
  type SessionRow,
  touchSessionStatement,
} from './statements.js'
import type { Claims } from './tokens.js'

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

type SessionKey = Readonly<{ sessionId: string; userId: string }>
type SessionKeys = Readonly<{ sessionIds: readonly string[]; userIds: readonly string[] }>

export type SessionService = ReturnType<typeof createSessionService>

/** What a token says and the live session that it names, or null. */
type ReadSession = (token: string) => Promise<{ claims: Claims; row: SessionRow } | null>

const endSession = prepare<SessionKey, { id: string }[]>(({ sessionId, userId }) =>
  endSessionsStatement(Prisma.sql`${userId}::uuid`, Prisma.sql`s.id = ${sessionId}::uuid AND s.expires_at > now()`),
)

export function createSessionService(dependencies: SessionDependencies) {
  const { database, tokens, settings } = dependencies
  const limits = sessionLimits(settings)

  /**
   * A read that goes out together with others, never with one that was sent before it came.
   * @param beside see `readSessionsStatement`
   */
  function prepareRead(beside: Prisma.Sql): ReadSession {
    const readSessions = prepare<SessionKeys, (SessionRow & { place: number })[]>((of) =>
      readSessionsStatement(of, limits, beside),
    )
    const { ask } = createBatches<SessionKey, SessionRow | null>({
      mayAskAgain: isRefusedByPostgres,
      async ask(keys) {
        const sessionIds = keys.map(({ sessionId }) => sessionId)
        const rows = await readSessions(database, { sessionIds, userIds: keys.map(({ userId }) => userId) })
        const found: (SessionRow | null)[] = new Array(keys.length).fill(null)
        for (const { place, ...row } of rows) found[place - 1] = row
        return found
      },
    })
    return async function read(token: string) {
      const claims = tokens.verify(token)
      if (claims === null) return null
      const row = await ask({ sessionId: claims.sid, userId: claims.sub })
      return row === null ? null : { claims, row }
    }
  }

  function authenticatorOf(read: ReadSession): Authenticator {
    return async function authenticate(token) {
      const known = await read(token)
      if (known === null) return null
      const { claims, row } = known
      const { isStale, isRecentlyProven, secondsLeft, beside, ...user } = row
      if (isStale) await database.$executeRaw(touchSessionStatement(claims.sid, limits))
      return { user, sessionId: claims.sid, claims, isRecentlyProven, secondsLeft, beside }
    }
  }

  const read = prepareRead(Prisma.sql`NULL`)
  const authenticate = authenticatorOf(read)

  /** For routes that show more of the user `u` than who it is: the value comes with the same query. */
  function authenticateBeside(beside: Prisma.Sql): Authenticator {
    return authenticatorOf(prepareRead(beside))
  }

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

  /**
   * Ends the session of a token and returns whose it was; null where there was none. Also by a token that has ended: the session may
   * have others, in hands that its user wants to end it for.
   */
  async function end(token: string): Promise<string | null> {
    const claims = tokens.verifyAtAnyTime(token)
    if (claims === null) return null
    const ended = await endSession(database, { sessionId: claims.sid, userId: claims.sub })
    return ended.length === 1 ? claims.sub : null
  }

  /** The live sessions of a user, newest first, 100 at most. */
  function list(userId: string): Promise<ListedSession[]> {
    return database.$queryRaw<ListedSession[]>(listSessionsStatement(userId, limits))
  }

  return {
    ...createSessionDrafts(dependencies),
    authenticate,
    authenticateBeside,
    introspect,
    end,
    reissue,
    renew,
    list,
  }
}

/** Deletes up to `most` sessions that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredSessions(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredSessionsStatement(most))
}

/** Deletes up to `most` devices that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredDevices(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredDevicesStatement(most))
}

// Who asks, as far as services have to know.

/** Somebody signed in, and the session in which they ask (both UUIDv7). */
export type Actor = Readonly<{ userId: string; sessionId: string }>
