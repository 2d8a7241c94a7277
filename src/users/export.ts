// Everything that is stored about a user, as one JSON document. The events, which may be many, are read and written in batches.
import { type AuditTrail, identifierHash } from '../audit/events.js'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'
import type { Caller } from '../http/caller.js'
import {
  type ExportedEvent,
  type ExportRow,
  eventsOf,
  exportEventsStatement,
  exportLists,
  exportUserStatement,
  type Place,
} from './export-statements.js'
import { provenIdentifiersStatement } from './statements.js'

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
  return async function exportUser(userId: string, caller: Caller): Promise<AsyncGenerator<string>> {
    await audit.record(caller, { event: 'sensitive_read', userId, detail: 'export' })
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
