// The audit trail: what happened, in the words of the OWASP Logging Vocabulary, as part of the statement that made it happen.
// No code, token, ticket or whole identifier ever is in it.
import { type Batches, createBatches } from '../database/batches.js'
import type { Database } from '../database/client.js'
import { isRefusedByPostgres } from '../database/failures.js'
import { hmac } from '../database/hmac.js'
import type { Client } from '../http/client.js'

export type AuthEventName =
  | 'authn_login_success'
  | 'authn_login_fail'
  | 'authn_login_lock'
  | 'authn_token_created'
  | 'authn_token_reuse'
  | 'authn_token_revoked'
  | 'authz_admin'
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
  /** who did it, where that is somebody else */
  actorId?: string
  /** a few words, nothing personal */
  detail?: string
}>

/** What an event says of the call that it belongs to. */
export type EventValues = Readonly<{
  network: string
  requestId: string
  identifierHash: Uint8Array<ArrayBuffer>
}>

/** A row of an event; what is left out is null. */
export type EventRow = Pick<Client, 'network' | 'requestId'> &
  Readonly<{
    event: string
    userId?: string
    actorId?: string
    detail?: string
    identifierHash?: Uint8Array<ArrayBuffer>
    channel?: string
    country?: string | null
    driver?: string | undefined
    messageId?: string | undefined
  }>

/**
 * Past Prisma: this process spends 0.5 ms on 100 rows, and 13 ms by `createMany` (docs/decisions/0023).
 * The parameters are the columns, each an array with a member for each row.
 */
const insertStatement = `
  INSERT INTO auth_events (
    event, user_id, detail, identifier_hash, network, request_id, channel, country, driver, message_id, actor_id)
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::uuid[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::uuid[])`

/** What metrics call it. */
const eventWrite = 'write_events'

/** Writes events in one statement. */
export async function insertEvents(database: Database, rows: readonly EventRow[]): Promise<void> {
  const values = [
    rows.map(({ event }) => event),
    rows.map(({ userId }) => userId),
    rows.map(({ detail }) => detail),
    rows.map(({ identifierHash }) => identifierHash),
    rows.map(({ network }) => network),
    rows.map(({ requestId }) => requestId),
    rows.map(({ channel }) => channel),
    rows.map(({ country }) => country),
    rows.map(({ driver }) => driver),
    rows.map(({ messageId }) => messageId),
    rows.map(({ actorId }) => actorId),
  ]
  await database.run({ name: eventWrite, text: insertStatement, values })
}

/** By which events of one identifier are found, and the identifier is not. */
export function identifierHash(eventKey: string, identifier: string): Uint8Array<ArrayBuffer> {
  return hmac(eventKey, 'event:v1', identifier)
}

export class AuditTrail {
  readonly #eventKey: string
  readonly #write: Batches<EventRow, null>

  constructor({ database, eventKey }: { database: Database; eventKey: string }) {
    this.#eventKey = eventKey
    this.#write = createBatches<EventRow, null>({
      name: eventWrite,
      // What happened is to be told: only its time refuses it.
      worth: Number.POSITIVE_INFINITY,
      watch: database.watch,
      mayAskAgain: isRefusedByPostgres,
      async ask(events) {
        await insertEvents(database, events)
        return events.map(() => null)
      },
    })
  }

  /** What an event about an identifier says of its call. */
  valuesOf({ network, requestId }: Client, identifier: string): EventValues {
    return { network, requestId, identifierHash: identifierHash(this.#eventKey, identifier) }
  }

  /** Writes an event that belongs to no decision and no other write, together with those that come meanwhile. */
  async record({ network, requestId }: Client, event: AuthEvent): Promise<void> {
    await this.#write.ask({ ...event, network, requestId })
  }
}

/** Deletes up to `most` events that are older than the retention (seconds) and returns how many. */
export function deleteOldEvents(database: Database, retention: number, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM auth_events WHERE id = ANY(ARRAY(
      SELECT id FROM auth_events WHERE happened_at < now() - make_interval(secs => ${retention})
      ORDER BY happened_at LIMIT ${most} FOR UPDATE SKIP LOCKED))`
}
