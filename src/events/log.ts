// The log of events: giving numbers to what the triggers wrote (prisma/functions/events.sql), reading it, and what the cleanup removes.
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import { type EventRow, type EventType, eventId, positionOf } from './event.js'

export type EventQuery = Readonly<{
  /** the id of an event */
  after: string | undefined
  type: EventType | undefined
  userId: string | undefined
  limit: number
  /** whether admins' phones and emails are told to nobody: for API keys */
  hidesAdmins: boolean
}>

export type EventPage = Readonly<{ events: EventRow[]; hasMore: boolean }>

type LogDependencies = {
  database: Database
  /** whether readers are told the user's phone and email of today */
  tellsIdentifiers: boolean
}

/** Events that get their numbers for one reader, who waits for it. */
const numberedAtOnce = 2_000

export class EventLog {
  readonly #database: Database
  readonly #tellsIdentifiers: boolean

  constructor({ database, tellsIdentifiers }: LogDependencies) {
    this.#database = database
    this.#tellsIdentifiers = tellsIdentifiers
  }

  /**
   * What happened after an event, in the order of the log; from the beginning of what is kept where none is given.
   * @throws Problem `validation_failed` for an id that no event has had
   */
  async read({ after, type, userId, limit, hidesAdmins }: EventQuery): Promise<EventPage> {
    // What has been committed is read at once, whether somebody delivers events or not.
    await numberEvents(this.#database, numberedAtOnce, true)
    const position = after === undefined ? 0n : await this.#positionOf(after)
    const found = await this.#database.event.findMany({
      where: { position: { gt: position }, ...(type && { type }), ...(userId && { userId }) },
      orderBy: { position: 'asc' },
      // One more than asked for tells whether there is more.
      take: limit + 1,
    })
    const events = found.slice(0, limit)
    return { events: await this.#withIdentifiers(events, hidesAdmins), hasMore: found.length > limit }
  }

  async #positionOf(id: string): Promise<bigint> {
    const position = positionOf(id.toLowerCase())
    const { last } = await this.#database.eventNumber.findFirstOrThrow()
    if (position !== null && position <= last) {
      const there = await this.#database.event.findUnique({ where: { position }, select: { happenedAt: true } })
      if (there === null || eventId({ ...there, position }) === id.toLowerCase()) return position
    }
    // Also of a database that was restored from a backup: going on after a number that comes again would skip events.
    throw new Problem('validation_failed', { errors: ['after must be the id of an event'] })
  }

  /** They stand in no event, so that they are gone with the user. */
  async #withIdentifiers(events: EventRow[], hidesAdmins: boolean): Promise<EventRow[]> {
    if (!this.#tellsIdentifiers) return events
    const ids = [...new Set(events.flatMap(({ userId }) => (userId === null ? [] : [userId])))]
    const users = await this.#database.user.findMany({
      where: { id: { in: ids }, ...(hidesAdmins && { role: 'USER' }) },
      select: { id: true, phone: true, email: true },
    })
    const known = new Map(users.map(({ id, ...identifiers }) => [id, identifiers]))
    return events.map((event) => ({
      ...event,
      identifiers: known.get(String(event.userId)) ?? { phone: null, email: null },
    }))
  }
}

/**
 * Gives numbers to up to `most` events and returns how many got one.
 * @param waits for another replica that is at it, so that all that was committed before has its number
 */
export async function numberEvents(database: Database, most: number, waits = false): Promise<number> {
  const text = `SELECT "${database.functionSchema}".number_events($1, $2) AS count`
  const [row] = await database.run<[{ count: number }]>({ text, values: [most, waits] })
  return row.count
}

/**
 * Deletes up to `most` of the oldest events, those older than the retention (seconds) that every endpoint has got past and that are tried
 * again nowhere, and returns how many. With them go deliveries that were given up.
 */
export function deleteOldFromLog(database: Database, retention: number, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM events WHERE position = ANY(ARRAY(
      SELECT v.position FROM (SELECT o.position, o.happened_at FROM events o ORDER BY o.position LIMIT ${most}) AS v
      WHERE v.happened_at < now() - make_interval(secs => ${retention})
        AND v.position <= coalesce((SELECT min(e.position) FROM event_endpoints e), v.position)
        AND NOT EXISTS (SELECT FROM event_deliveries d WHERE d.position = v.position AND d.parked_at IS NULL)))`
}

/** Forgets endpoints at which nobody has delivered for a week: they are in no settings any more. */
export async function deleteOldEndpoints(database: Database, most: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM event_endpoints WHERE name = ANY(ARRAY(
      SELECT name FROM event_endpoints WHERE owned_until < now() - interval '7 days' LIMIT ${most}))`
}
