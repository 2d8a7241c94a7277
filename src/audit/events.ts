// The audit trail: what happened, in the words of the OWASP Logging Vocabulary, as part of the statement that made it happen.
// No code, token, ticket or whole identifier ever is in it.
import type { Database } from '../database/client.js'
import { hmac } from '../database/hmac.js'
import { prepare } from '../database/prepared.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'

export type AuthEventName =
  | 'authn_login_success'
  | 'authn_login_fail'
  | 'authn_login_lock'
  | 'authn_token_created'
  | 'authz_change'
  | 'authz_fail'
  | 'excess_rate_limit_exceeded'
  | 'sensitive_read'
  | 'session_logout'
  | 'user_created'
  | 'user_deleted'
  | 'user_updated'

export type AuthEvent = Readonly<{
  event: AuthEventName
  userId?: string
  /** a few words, nothing personal */
  detail?: string
}>

/** What an event says of the call that it belongs to. */
export type EventValues = Readonly<{
  network: string
  requestId: string
  identifierHash: Uint8Array<ArrayBuffer>
}>

/** An event that no other statement writes along. */
type LoneEvent = Pick<Client, 'network' | 'requestId'> &
  Readonly<{
    event: AuthEventName
    userId: string | null
    detail: string | null
  }>

const insertEvent = prepare<LoneEvent, never[]>(
  ({ event, userId, network, requestId, detail }) => Prisma.sql`
    INSERT INTO auth_events (event, user_id, network, request_id, detail)
    VALUES (${event}, ${userId}::uuid, ${network}, ${requestId}::uuid, ${detail})`,
)

/** By which events of one identifier are found, and the identifier is not. */
export function identifierHash(eventKey: string, identifier: string): Uint8Array<ArrayBuffer> {
  return hmac(eventKey, 'event:v1', identifier)
}

export type AuditTrail = ReturnType<typeof createAuditTrail>

export function createAuditTrail({ database, eventKey }: { database: Database; eventKey: string }) {
  const hash = (identifier: string) => identifierHash(eventKey, identifier)

  /** What an event about an identifier says of its call. */
  function valuesOf({ network, requestId }: Client, identifier: string): EventValues {
    return { network, requestId, identifierHash: hash(identifier) }
  }

  /** Writes an event by itself. */
  async function record(client: Client, { event, userId, detail }: AuthEvent): Promise<void> {
    await insertEvent(database, {
      event,
      userId: userId ?? null,
      network: client.network,
      requestId: client.requestId,
      detail: detail ?? null,
    })
  }

  return { valuesOf, record }
}

/** Deletes up to `most` events that are older than the retention (seconds) and returns how many. */
export function deleteOldEvents(database: Database, retention: number, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM auth_events WHERE id = ANY(ARRAY(
      SELECT id FROM auth_events WHERE happened_at < now() - make_interval(secs => ${retention})
      ORDER BY happened_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
