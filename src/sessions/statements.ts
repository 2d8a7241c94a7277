// The SQL about sessions. The database's clock decides when one is over.
import { asynchronousCommit } from '../database/asynchronous-commit.js'
import { type UserRow, userColumns } from '../database/user-row.js'
import { Prisma } from '../generated/prisma/client.js'

export type SessionLimits = Readonly<{
  /** seconds without use after which a session ends */
  timeToLive: number
  /** seconds after which it ends in any case */
  longest: number
}>

export type SessionRow = UserRow & {
  isStale: boolean
  /** signed in or stepped up within {@link proofLifetime} */
  isRecentlyProven: boolean
  /** whole seconds, at least one, until the session has reached its longest life */
  secondsLeft: number
  /** whole seconds, at least one, for which it may change no way to sign in; null where it may */
  restrictedFor: number | null
  /** what was asked for beside */
  beside: unknown
}

/** Where a session is opened, for its user to know it again. */
export type SessionOrigin = Readonly<{
  /** what the client says that it is; only a few words of it are kept */
  userAgent: string | undefined
  /** its address with too little left to be somebody's */
  network: string
}>

/** A session as its user sees it in a list. */
export type ListedSession = {
  id: string
  createdAt: Date
  lastSeenAt: Date
  expiresAt: Date
  /** the last proof of an identifier in it */
  provedAt: Date
  /** a few words, such as "Chrome on Android" */
  device: string | null
  network: string | null
}

/** Sessions in a list. */
const maxListed = 100

/** Seconds that a proof counts as recent (contract §3): what cannot be undone asks for one. */
export const proofLifetime = 900

/** Seconds between two writes of "last seen": a session in constant use is written once in five minutes. */
const touchInterval = 300

/** What the row of a session is made of. */
export type SessionValues = Readonly<{
  sessionId: string
  /** what the client is, in a few words; null where it does not say */
  client: string | null
  network: string
}>

/**
 * Sessions with their users in one read ({@link SessionRow}): logout, deletion and disabling act on the next request. `place` says which
 * of those that were asked for it is, from 1; one that is over has no row. The limit keeps each lookup one by its key: a plan made while the
 * table was empty would read a whole index for each call, until the table is analyzed again. The limit of all, which takes nothing away, is
 * for the planner: without it PostgreSQL expects ten sessions of a plan that it keeps, finds one made for a lone session cheaper, and plans
 * each call anew, four times the processor's time of the read. Its parameters are the ids of sessions and of their users.
 * @param beside a value about the user `u` that comes along, without parameters of its own
 */
export function readSessionsText({ longest }: SessionLimits, beside = 'NULL'): string {
  return `
    SELECT k.place::int, ${userColumns.text}, ${beside} AS beside,
      s.last_seen_at <= now() - interval '${touchInterval} seconds' AS "isStale",
      s.proved_at > now() - interval '${proofLifetime} seconds' AS "isRecentlyProven",
      greatest(1, floor(${longest} - extract(epoch FROM now() - s.created_at)))::int AS "secondsLeft",
      CASE WHEN s.restricted_until > now() THEN ceil(extract(epoch FROM s.restricted_until - now()))::int END AS "restrictedFor"
    FROM (
      SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY LIMIT cardinality($1::uuid[])
    ) AS k (session_id, user_id, place)
    CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.id = k.session_id AND x.user_id = k.user_id LIMIT 1) AS s
    JOIN users u ON u.id = s.user_id
    WHERE u.disabled_at IS NULL AND s.expires_at > now() AND s.created_at > now() - interval '${longest} seconds'`
}

/**
 * Notes that a session is in use and moves its end, never past the longest life. Whoever asks does not wait for the disk: where
 * this is lost, the session ends as early as if it had not been used, and the next request notes it again.
 */
export function touchSessionStatement(sessionId: string, { timeToLive, longest }: SessionLimits): Prisma.Sql {
  return Prisma.sql`
    UPDATE sessions SET last_seen_at = now(), expires_at = least(
      now() + make_interval(secs => ${timeToLive}), created_at + make_interval(secs => ${longest}))
    FROM ${asynchronousCommit}
    WHERE id = ${sessionId}::uuid AND last_seen_at <= now() - make_interval(secs => ${touchInterval})`
}

/** Seconds in which the token before the newest gets that one: calls side by side, and tabs that share a cookie. */
export const tokenGrace = 60

/**
 * Makes a token the newest of its session, in place of the one that came, and returns what the answer needs: nothing where the session
 * is over, or the token is not its newest. The one before, within {@link tokenGrace} of its replacement, replaces nothing and gets the
 * newest. One statement: of calls at once, each sees what those before it left (RFC 9700 §4.14.2).
 * @param isGood whether the token has not ended: then any of the session's replaces the newest, where somebody asks for that
 */
export function replaceTokenStatement(
  { sid, sub, jti }: Readonly<{ sid: string; sub: string; jti: string }>,
  newId: string,
  isGood: boolean,
  { longest }: SessionLimits,
): Prisma.Sql {
  const isPrevious = Prisma.sql`(s.previous_token_id = ${jti}::uuid AND s.token_issued_at > now() - make_interval(secs => ${tokenGrace}))`
  return Prisma.sql`
    UPDATE sessions s SET
      previous_token_id = CASE WHEN ${isPrevious} THEN s.previous_token_id ELSE coalesce(s.token_id, s.id) END,
      token_id = CASE WHEN ${isPrevious} THEN s.token_id ELSE ${newId}::uuid END,
      token_issued_at = CASE WHEN ${isPrevious} THEN s.token_issued_at ELSE now() END
    WHERE s.id = ${sid}::uuid AND s.user_id = ${sub}::uuid AND s.expires_at > now()
      AND s.created_at > now() - make_interval(secs => ${longest})
      AND (${isGood} OR coalesce(s.token_id, s.id) = ${jti}::uuid OR ${isPrevious})
    RETURNING s.token_id AS "tokenId",
      greatest(1, floor(${longest} - extract(epoch FROM now() - s.created_at)))::int AS "secondsLeft"`
}

/** Ends a session, unless it has ended by itself. */
export function endSessionStatement(sessionId: string, userId: string): Prisma.Sql {
  return Prisma.sql`DELETE FROM sessions WHERE id = ${sessionId}::uuid AND user_id = ${userId}::uuid AND expires_at > now()`
}

/** The live sessions of a user, newest first ({@link ListedSession}). */
export function listSessionsStatement(userId: string, { longest }: SessionLimits): Prisma.Sql {
  return Prisma.sql`
    SELECT s.id, s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt", s.expires_at AS "expiresAt",
      s.proved_at AS "provedAt", s.device, s.network
    FROM sessions s
    WHERE s.user_id = ${userId}::uuid AND s.expires_at > now()
      AND s.created_at > now() - make_interval(secs => ${longest})
    ORDER BY s.created_at DESC, s.id DESC LIMIT ${maxListed}`
}
