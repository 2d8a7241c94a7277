// Deliveries that were given up, and having events sent again: for the command `latchkey events`.
import type { Database } from '../database/client.js'
import { eventId } from './event.js'

export type ParkedDelivery = Readonly<{
  id: string
  type: string
  userId: string | null
  host: string
  attempts: number
  parkedAt: Date
  error: string | null
}>

/** What was given up since a time, oldest events first, `most` at the most. */
export async function parkedDeliveries(database: Database, since: Date, most: number): Promise<ParkedDelivery[]> {
  const rows = await database.eventDelivery.findMany({
    where: { parkedAt: { not: null }, event: { happenedAt: { gte: since } } },
    orderBy: { position: 'asc' },
    take: most,
    include: { event: true, to: true },
  })
  return rows.map(({ event, to, attempts, parkedAt, error, userId }) => ({
    id: eventId(event),
    type: event.type,
    userId,
    host: to.host,
    attempts,
    parkedAt: parkedAt as Date,
    error,
  }))
}

export type Replay = Readonly<{
  /** events that happened since then */
  since: Date
  /** also those that were delivered: to every endpoint that there is */
  all?: boolean
}>

/** Events that are looked at with one statement, which has seconds at the most. */
const lookedAtOnce = 500

/**
 * Has events sent again, for 24 hours like new ones, in order for each user; what comes new waits behind them. Says how many deliveries that
 * are. A replica that delivers there begins within its next look. Broken off, it has done a part of it, and may be called again.
 */
export async function replayEvents(
  database: Database,
  { since, all = false }: Replay,
  most = lookedAtOnce,
): Promise<number> {
  // What happens from now on is not sent again: it may be on its way.
  const { last } = await database.eventNumber.findFirstOrThrow()
  const text = `SELECT replayed, reached::text FROM "${database.functionSchema}".replay_events($1, $2, $3, $4, $5)`
  let count = 0
  for (let after: string | null = '0'; after !== null; ) {
    const values: unknown[] = [since, all, after, last.toString(), most]
    const [part]: [Part] = await database.run<[Part]>({ text, values })
    count += part.replayed
    after = part.reached
  }
  return count
}

type Part = { replayed: number; reached: string | null }
