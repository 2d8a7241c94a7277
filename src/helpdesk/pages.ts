// Pages of events, newest first, and the place at which the next one begins.
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'

export type Event = Prisma.AuthEventGetPayload<object>

/** `nextCursor` is null at the end. */
export type EventPage = Readonly<{ events: Event[]; nextCursor: string | null }>

export type PageQuery = Readonly<{ limit: number; cursor: string | undefined }>

/** Of the years that PostgreSQL and ISO 8601 both have. */
const CursorSchema = Type.Tuple([
  Type.String({ maxLength: 24, pattern: '^(?!0000)[0-9]{4}-' }),
  Type.String({ pattern: '^[0-9]{1,18}$' }),
])

function writeCursor({ happenedAt, id }: Pick<Event, 'happenedAt' | 'id'>): string {
  const cursor: Static<typeof CursorSchema> = [happenedAt.toISOString(), String(id)]
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/** @throws Problem `validation_failed` for a cursor that is none of ours */
function readCursor(cursor: string): Pick<Event, 'happenedAt' | 'id'> {
  try {
    const [time, id] = Value.Parse(CursorSchema, JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    const place = { happenedAt: new Date(time), id: BigInt(id) }
    // Only what we would have written ourselves: an encoding has many spellings.
    if (writeCursor(place) === cursor) return place
  } catch {
    // told below
  }
  throw new Problem('validation_failed', { errors: ['cursor must be the next_cursor of the page before'] })
}

/**
 * A page of the events that one of the conditions finds. Each is asked by itself, so that each is answered by its index, however many
 * events there are; no event may fit two.
 * @throws Problem `validation_failed`
 */
export async function readEvents(
  database: Database,
  conditions: readonly Prisma.AuthEventWhereInput[],
  { limit, cursor }: PageQuery,
): Promise<EventPage> {
  const place = cursor === undefined ? undefined : readCursor(cursor)
  const isBefore: Prisma.AuthEventWhereInput =
    place === undefined
      ? {}
      : {
          // The first condition lets PostgreSQL begin in the middle of its index.
          happenedAt: { lte: place.happenedAt },
          OR: [{ happenedAt: { lt: place.happenedAt } }, { id: { lt: place.id } }],
        }
  const found = await Promise.all(
    conditions.map((condition) =>
      database.authEvent.findMany({
        where: { AND: [condition, isBefore] },
        orderBy: [{ happenedAt: 'desc' }, { id: 'desc' }],
        // One more than asked for tells whether there is more.
        take: limit + 1,
      }),
    ),
  )
  const events = found.flat().sort(newestFirst)
  const page = events.slice(0, limit)
  const last = page.at(-1)
  return { events: page, nextCursor: events.length > limit && last !== undefined ? writeCursor(last) : null }
}

function newestFirst(one: Event, other: Event): number {
  return other.happenedAt.getTime() - one.happenedAt.getTime() || Number(other.id - one.id)
}
