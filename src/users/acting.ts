// The transactions in which users and admins act. Whether they may is asked in there, behind locks: whoever was demoted, disabled,
// deleted or signed out before them changes nothing, and whoever is so meanwhile is so afterwards.
import type { AuthEventName } from '../audit/events.js'
import { maxSessionLifetime } from '../config/session-settings.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import { keyIsNone } from '../sessions/api-keys.js'
import type { Actor } from '../sessions/service.js'

/** Where a request comes from. */
type Origin = Readonly<{
  client: Pick<Client, 'network' | 'requestId'>
  /** method and route, for the event of a refusal */
  call: string
}>

/** Somebody signed in who does it, and where from. */
export type UserActor = Actor & Origin & Readonly<{ keyId?: never }>

/** A back end that does it by an API key: nobody's session, no user. */
export type KeyActor = Origin & Readonly<{ keyId: string; userId?: never; sessionId?: never }>

/** Who does it, and where from. */
export type RequestActor = UserActor | KeyActor

/** What the trail names an actor by: the user's id, or the key's. */
export function actorIdOf({ userId, keyId }: RequestActor): string {
  return userId ?? keyId
}

/** What is locked and asked before the work. */
type Demands = Readonly<{
  /** the user whom it is about, where that is not the actor or nobody yet */
  target?: string
  /** whether only an admin may */
  isForAdmins?: boolean
  /** whether somebody may stop being an admin by it: then all of them are locked */
  mayTakeAdmin?: boolean
  /** takes the locks that come before those of users */
  lockBefore?: (transaction: Prisma.TransactionClient) => Promise<unknown>
}>

/** What happened, mostly to a user. */
export type Happening = Readonly<{
  event: AuthEventName
  /** left out where it happened to nobody in particular */
  userId?: string
  detail?: string
  /** of what identifier, where it is about one */
  identifierHash?: Uint8Array<ArrayBuffer>
}>

/** What the work has to go by. */
export type ActingContext = Readonly<{
  transaction: Prisma.TransactionClient
  /** the database's time; Prisma would write that of this machine */
  now: Date
  /** all that are locked: the actor, the target, admins where they were asked for; an API key sees no admin, whom it is not to touch */
  users: ReadonlyMap<string, LockedUser>
  /** the device of the session that acts, which may have none any more */
  deviceId: string | null
  /** writes events, and who did it where that is somebody else */
  record: (...happenings: Happening[]) => Promise<unknown>
}>

/** Milliseconds that somebody waits for a connection and then may take: as long as any other call waits for the pool. */
export const transactionPatience = { maxWait: 5_000, timeout: 5_000 }

export type Act = <Result>(
  actor: RequestActor | null,
  demands: Demands,
  work: (context: ActingContext) => Promise<Result>,
) => Promise<Result>

export function createAct({ database }: { database: Database }): Act {
  /**
   * Does the work of an actor in one transaction; each of its statements sees what was committed before it. Null acts from the
   * command line: nobody, from nowhere, who may do everything. An API key may do what an admin may, with everybody who is none.
   * @throws Problem `unauthorized` for whose session or key is over, `forbidden` for who is no admin any more
   */
  return async function act<Result>(
    actor: RequestActor | null,
    { target, isForAdmins = false, mayTakeAdmin = false, lockBefore }: Demands,
    work: (context: ActingContext) => Promise<Result>,
  ): Promise<Result> {
    const ids = [actor?.userId, target].filter((id) => id !== undefined)
    async function perform(transaction: Prisma.TransactionClient) {
      await lockBefore?.(transaction)
      const locked = await transaction.$queryRaw<LockedUser[]>(lockUsersStatement(ids, mayTakeAdmin))
      const users = usersSeenBy(actor, locked)
      const [session] = await transaction.$queryRaw<[LockedSession]>(lockOriginStatement(actor))
      const { now, deviceId } = session
      const record = (...happenings: Happening[]) =>
        transaction.authEvent.createMany({
          data: happenings.map((happening) => ({ ...happening, ...originOf(actor, happening), happenedAt: now })),
        })
      const refused = refusedOf(actor, users, session, isForAdmins)
      if (refused !== null) {
        await record({ event: 'authz_fail', userId: refused.userId, detail: refused.call })
        return null
      }
      return { result: await work({ transaction, now, users, deviceId, record }) }
    }
    const done = await database.$transaction(perform, { isolationLevel: 'ReadCommitted', ...transactionPatience })
    if (done === null) throw new Problem('forbidden')
    return done.result
  }
}

/** Admins are not there for an API key. */
function usersSeenBy(actor: RequestActor | null, locked: readonly LockedUser[]): Map<string, LockedUser> {
  const seen = locked.filter(({ role }) => actor?.keyId === undefined || role !== 'ADMIN')
  return new Map(seen.map((user) => [user.id, user]))
}

/**
 * Who is signed in and has not the rights that the work asks for; else null.
 * @throws Problem `unauthorized` for who is gone or disabled, and for whose session or key is over
 */
function refusedOf(
  actor: RequestActor | null,
  users: ReadonlyMap<string, LockedUser>,
  { sessionId }: LockedSession,
  isForAdmins: boolean,
): UserActor | null {
  if (actor === null) return null
  const isKey = actor.keyId !== undefined
  if (sessionId === null) throw new Problem('unauthorized', isKey ? keyIsNone : { invalidToken: true })
  if (isKey) return null
  const self = users.get(actor.userId)
  if (self === undefined || self.disabledAt !== null) throw new Problem('unauthorized', { invalidToken: true })
  return isForAdmins && self.role !== 'ADMIN' ? actor : null
}

/** What an event says of who did it. */
function originOf(actor: RequestActor | null, { userId }: Happening) {
  if (actor === null) return {}
  const { network, requestId } = actor.client
  const actorId = actorIdOf(actor)
  return { network, requestId, actorId: actorId === userId ? null : actorId }
}

// The locks behind which users and admins act: rows of users in the order of their ids, then the session that asks.

/** A user as it stays until the transaction ends. */
export type LockedUser = {
  id: string
  /** E.164 */
  phone: string | null
  email: string | null
  role: 'USER' | 'ADMIN'
  disabledAt: Date | null
}

/**
 * Locks users ({@link LockedUser}) and shows them as they are after the wait; who is gone is left out. Whoever signs in as one of
 * them waits for it.
 * @param withAdmins also everybody who can act as an admin: two of whom one is to go cannot both count on the other one
 */
export function lockUsersStatement(ids: readonly string[], withAdmins: boolean): Prisma.Sql {
  const admins = withAdmins ? Prisma.sql`OR (u.role = 'ADMIN' AND u.disabled_at IS NULL)` : Prisma.empty
  return Prisma.sql`
    SELECT u.id, u.phone, u.email, u.role::text AS role, u.disabled_at AS "disabledAt"
    FROM users u WHERE u.id = ANY(${ids}::uuid[]) ${admins} ORDER BY u.id FOR NO KEY UPDATE`
}

/** The time of the transaction, and the session or the API key that acts: its id is null where it is over. */
export type LockedSession = { now: Date; sessionId: string | null; deviceId: string | null }

/** Keeps the session that asks from ending before the transaction does ({@link LockedSession}). That it is in use can be noted. */
export function lockSessionStatement(actor: Actor | null): Prisma.Sql {
  return Prisma.sql`
    SELECT now() AS now, own.id AS "sessionId", own.device_id AS "deviceId"
    FROM (SELECT) AS always LEFT JOIN (
      SELECT s.id, s.device_id FROM sessions s
      WHERE s.id = ${actor?.sessionId ?? null}::uuid AND s.user_id = ${actor?.userId ?? null}::uuid
        AND s.expires_at > clock_timestamp() AND s.created_at > clock_timestamp() - make_interval(secs => ${maxSessionLifetime})
      FOR KEY SHARE
    ) AS own ON true`
}

function lockOriginStatement(actor: RequestActor | null): Prisma.Sql {
  return actor?.keyId === undefined ? lockSessionStatement(actor) : lockKeyStatement(actor.keyId)
}

/** Keeps the API key that asks from being taken away before the transaction ends ({@link LockedSession}). What it may do never changes. */
export function lockKeyStatement(keyId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT now() AS now, own.id AS "sessionId", NULL::uuid AS "deviceId"
    FROM (SELECT) AS always LEFT JOIN (
      SELECT k.id FROM api_keys k WHERE k.id = ${keyId}::uuid AND k.expires_at > clock_timestamp() FOR KEY SHARE
    ) AS own ON true`
}
