// Everything that is stored about a user, as one JSON document. The events, which may be many, are read and written in batches.
import { type AuditTrail, identifierHash } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import { Prisma } from '../generated/prisma/client.js'
import type { Client } from '../http/client.js'
import { provenIdentifiersStatement } from '../users/statements.js'

/** Events that are in memory at once. */
const batchSize = 500

const beginning: Place = { id: 0n, happenedAt: new Date(0) }

export type UserExport = ReturnType<typeof createUserExport>

type ExportDependencies = { database: Database; audit: AuditTrail; eventKey: string }

export function createUserExport({ database, audit, eventKey }: ExportDependencies) {
  async function section(statement: Prisma.Sql): Promise<object[]> {
    const rows = await database.$queryRaw<ExportRow[]>(statement)
    return rows.map(({ item }) => withTimes(item))
  }

  /** All but the events: few, since each has its limits. */
  async function readAccount(userId: string): Promise<object> {
    const [user] = await section(exportUserStatement(userId))
    if (user === undefined) throw new Problem('unauthorized', { invalidToken: true })
    const lists: Record<string, object[]> = {}
    for (const [name, statementOf] of Object.entries(exportLists)) lists[name] = await section(statementOf(userId))
    return { exported_at: new Date().toISOString(), user, ...lists }
  }

  async function* readEvents(userId: string): AsyncGenerator<object[]> {
    const proven = await database.$queryRaw<{ identifier: string; since: Date }[]>(provenIdentifiersStatement(userId))
    const conditions = [
      eventsOf.user(userId),
      eventsOf.actor(userId),
      ...proven.map(({ identifier, since }) => eventsOf.identifier(identifierHash(eventKey, identifier), since)),
    ]
    for (const condition of conditions) {
      let after: Place | undefined = beginning
      while (after !== undefined) {
        const statement = exportEventsStatement(condition, userId, after, batchSize)
        const batch: ExportedEvent[] = await database.$queryRaw<ExportedEvent[]>(statement)
        if (batch.length > 0) yield batch.map(({ item }) => withTimes(item))
        after = batch.length < batchSize ? undefined : batch.at(-1)
      }
    }
  }

  /** `{success, data: {…, events}}`, in pieces. */
  async function* write(account: object, userId: string): AsyncGenerator<string> {
    yield `{"success":true,"data":${JSON.stringify(account).slice(0, -1)},"events":[`
    let separator = ''
    for await (const events of readEvents(userId)) {
      yield separator + events.map((event) => JSON.stringify(event)).join(',')
      separator = ','
    }
    yield ']}}'
  }

  /**
   * The pieces of the document. That somebody took it is an event, which is in it.
   * @throws Problem `unauthorized` for who is gone; before the first piece
   */
  return async function exportUser(userId: string, client: Client): Promise<AsyncGenerator<string>> {
    await audit.record(client, { event: 'sensitive_read', userId, detail: 'export' })
    return write(await readAccount(userId), userId)
  }
}

/** Times as in all other answers: `2026-11-22T09:00:00.000Z`. PostgreSQL writes them in the time zone of the session. */
function withTimes(item: object): object {
  const write = ([name, value]: [string, unknown]) => [
    name,
    name.endsWith('_at') && typeof value === 'string' ? new Date(value).toISOString() : value,
  ]
  return Object.fromEntries(Object.entries(item).map(write))
}

// The SQL of the export: what each table says of one user, column by column, so that no digest and no secret is among them.
// PostgreSQL makes the JSON: times are RFC 3339 under names that end in `_at`, names are those of the columns.

/** One object of a section. */
export type ExportRow = { item: object }
/** An event, and its place in the order of events. */
export type ExportedEvent = ExportRow & Place
export type Place = { id: bigint; happenedAt: Date }

const asItems = (query: Prisma.Sql) => Prisma.sql`SELECT to_jsonb(entry) AS item FROM (${query}) AS entry`

/** The proven ones: a claim may be somebody else's. */
const ownIdentifiers = (userId: string) => Prisma.sql`(
  SELECT own.identifier COLLATE "default" FROM (${provenIdentifiersStatement(userId)}) AS own)`

export const exportUserStatement = (userId: string) =>
  asItems(Prisma.sql`
    SELECT id, user_name, phone, phone_verified_at, email, email_verified_at, role, locale, disabled_at, created_at, updated_at
    FROM users WHERE id = ${userId}::uuid`)

/** The sections that are lists, by their names in the document. */
export const exportLists: Readonly<Record<string, (userId: string) => Prisma.Sql>> = {
  addresses: (userId) =>
    asItems(Prisma.sql`
      SELECT id, type, house_number, street_locality, city, state, pincode, country, is_default, created_at, updated_at
      FROM addresses WHERE user_id = ${userId}::uuid ORDER BY id`),
  sessions: (userId) =>
    asItems(Prisma.sql`
      SELECT id, device, network, created_at, last_seen_at, proved_at, expires_at
      FROM sessions WHERE user_id = ${userId}::uuid ORDER BY id`),
  devices: (userId) =>
    asItems(Prisma.sql`
      SELECT id, created_at, last_used_at, expires_at FROM devices WHERE user_id = ${userId}::uuid ORDER BY id`),
  codes: (userId) =>
    asItems(Prisma.sql`
      SELECT identifier, purpose, lane <> '' AS on_device, expires_at, consumed_at, attempts, resend_at,
        failures_started_at, failures
      FROM otps WHERE identifier IN ${ownIdentifiers(userId)} ORDER BY identifier, purpose, lane`),
  sends: (userId) =>
    asItems(Prisma.sql`
      SELECT identifier, hour_started_at, hour_sends, day_started_at, day_sends, trusted_started_at, trusted_sends,
        refused_started_at, refused_sends, counted_at
      FROM identifier_limits WHERE identifier IN ${ownIdentifiers(userId)} ORDER BY identifier`),
  signup_tickets: (userId) =>
    asItems(Prisma.sql`
      SELECT phone, created_at, expires_at FROM signup_tickets WHERE phone IN ${ownIdentifiers(userId)} ORDER BY created_at`),
}

/** Conditions on an event `e`, one for each index that finds some of a user's. No event fits two of them. */
export const eventsOf = {
  /** what happened to the user */
  user: (userId: string) => Prisma.sql`e.user_id = ${userId}::uuid`,
  /** what the user did to others, as an admin */
  actor: (userId: string) => Prisma.sql`e.actor_id = ${userId}::uuid AND e.user_id IS DISTINCT FROM e.actor_id`,
  /**
   * What happened at an identifier without a user's being known, such as deliveries; since it is proven, so that nothing of a
   * former holder is among it.
   */
  identifier: (hash: Uint8Array<ArrayBuffer>, since: Date) =>
    Prisma.sql`e.identifier_hash = ${hash} AND e.user_id IS NULL AND e.happened_at >= ${since}::timestamptz`,
}

/** Up to `most` events, oldest first, after a place in their order: rows of {@link ExportedEvent}. Others are not named in them. */
export function exportEventsStatement(which: Prisma.Sql, userId: string, after: Place, most: number): Prisma.Sql {
  return Prisma.sql`
    SELECT e.id, e.happened_at AS "happenedAt", jsonb_build_object(
      'happened_at', e.happened_at, 'event', e.event, 'detail', e.detail, 'network', e.network, 'request_id', e.request_id,
      'by', CASE WHEN e.actor_id IS NULL OR e.actor_id = ${userId}::uuid THEN 'user' ELSE 'admin' END,
      'channel', e.channel, 'country', e.country, 'driver', e.driver, 'message_id', e.message_id
    ) AS item
    FROM auth_events e
    WHERE ${which} AND (e.happened_at, e.id) > (${after.happenedAt}::timestamptz, ${after.id})
    ORDER BY e.happened_at, e.id LIMIT ${most}`
}
