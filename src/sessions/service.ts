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
import type { Tokens } from './tokens.js'

/** Who a request comes from. */
export type Authentication = Readonly<{ user: UserRow; sessionId: string }>

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

  /** Who the token stands for, or null. One query. */
  async function authenticate(token: string): Promise<Authentication | null> {
    const claims = tokens.verify(token)
    if (claims === null) return null
    const read = readSessionStatement(claims.sid, claims.sub, limits)
    const [row] = await database.$queryRaw<SessionRow[]>(read)
    if (row === undefined) return null
    const { isStale, ...user } = row
    if (isStale) await database.$executeRaw(touchSessionStatement(claims.sid, limits))
    return { user, sessionId: claims.sid }
  }

  /** Ends the session of a token, if there is one. */
  async function end(token: string): Promise<void> {
    const claims = tokens.verify(token)
    if (claims === null) return
    await database.session.deleteMany({ where: { id: claims.sid, userId: claims.sub } })
  }

  return { draft, open, authenticate, end, issueToken: tokens.issue }
}

/** Deletes up to `most` sessions that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredSessions(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredSessionsStatement(most))
}
