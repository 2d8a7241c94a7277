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

/**
 * Has events sent again, for 24 hours like new ones, in order for each user; what comes new waits behind them. Says how many deliveries that
 * are. A replica that delivers there begins within its next look.
 */
export async function replayEvents(database: Database, { since, all = false }: Replay): Promise<number> {
  const text = `SELECT "${database.functionSchema}".replay_events($1, $2) AS count`
  const [row] = await database.run<[{ count: number }]>({ text, values: [since, all] })
  return row.count
}
