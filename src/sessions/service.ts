// Sessions: opened by a sign-in, asked with every request, ended for good. The row is the authority, the token only names it.
import { v7 as uuid } from 'uuid'
import { longestSession, type SessionSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'
import {
  deleteExpiredSessionsStatement,
  openSessionStatement,
  readSessionStatement,
  type SessionRow,
  touchSessionStatement,
} from './statements.js'
import type { Claims, Tokens } from './tokens.js'

/** Who a request comes from. */
export type Authentication = Readonly<{
  user: UserRow
  sessionId: string
  claims: Claims
  /** until the session ends in any case */
  secondsLeft: number
}>

/** A token and the seconds that it lives. */
export type IssuedToken = Readonly<{ token: string; lifetime: number }>

/** A session about to be opened inside a larger statement. */
export type SessionDraft = Readonly<{ sessionId: string; statement: (source: Prisma.Sql) => Prisma.Sql }>

export type SessionService = ReturnType<typeof createSessionService>

type SessionDependencies = { database: Database; tokens: Tokens; settings: SessionSettings }

export function createSessionService({ database, tokens, settings }: SessionDependencies) {
  const limits = { timeToLive: settings.timeToLive, longest: longestSession }

  function draft(): SessionDraft {
    const sessionId = uuid()
    return { sessionId, statement: (source) => openSessionStatement(sessionId, limits.timeToLive, source) }
  }

  /** Opens a session and returns its id, or null for a user who is gone or disabled. */
  async function open(userId: string): Promise<string | null> {
    const { sessionId, statement } = draft()
    const holder = Prisma.sql`(SELECT id, disabled_at FROM users WHERE id = ${userId}::uuid)`
    const opened = await database.$queryRaw<unknown[]>(statement(holder))
    return opened.length === 1 ? sessionId : null
  }

  async function read(token: string) {
    const claims = tokens.verify(token)
    if (claims === null) return null
    const [row] = await database.$queryRaw<SessionRow[]>(readSessionStatement(claims.sid, claims.sub, limits))
    return row === undefined ? null : { claims, row }
  }

  /** Who the token stands for, or null. One query. */
  async function authenticate(token: string): Promise<Authentication | null> {
    const known = await read(token)
    if (known === null) return null
    const { claims, row } = known
    const { isStale, secondsLeft, ...user } = row
    if (isStale) await database.$executeRaw(touchSessionStatement(claims.sid, limits))
    return { user, sessionId: claims.sid, claims, secondsLeft }
  }

  /** What a token says, where its session is still there. Being asked about is no use of a session: its end stays where it is. */
  async function introspect(token: string): Promise<Claims | null> {
    return (await read(token))?.claims ?? null
  }

  /** The first token of a session that was just opened. */
  function issueToken(userId: string, sessionId: string): string {
    return tokens.issue(userId, sessionId, settings.tokenTimeToLive)
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
    // A second is what rounding makes of two equal ends.
    const canLiveLonger = Math.min(settings.tokenTimeToLive, authentication.secondsLeft) > remaining + 1
    return remaining < (exp - iat) / 2 && canLiveLonger ? reissue(authentication) : null
  }

  /** Ends the session of a token, if there is one. */
  async function end(token: string): Promise<void> {
    const claims = tokens.verify(token)
    if (claims === null) return
    await database.session.deleteMany({ where: { id: claims.sid, userId: claims.sub } })
  }

  return { draft, open, authenticate, introspect, end, issueToken, reissue, renew }
}

/** Deletes up to `most` sessions that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredSessions(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredSessionsStatement(most))
}
