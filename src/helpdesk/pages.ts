// Pages of events, newest first, and the place at which the next one begins.
import { Type } from '@sinclair/typebox'
import type { Database } from '../database/client.js'
import { Problem } from '../errors.js'
import type { Prisma } from '../generated/prisma/client.js'
import { isMoment, readCursor, writeCursor } from '../http/cursor.js'

export type Event = Prisma.AuthEventGetPayload<object>

/** `nextCursor` is null at the end. */
export type EventPage = Readonly<{ events: Event[]; nextCursor: string | null }>

export type PageQuery = Readonly<{ limit: number; cursor: string | undefined }>

const CursorSchema = Type.Tuple([Type.String({ maxLength: 24 }), Type.String({ pattern: '^(0|[1-9][0-9]{0,17})$' })])

const cursorAfter = ({ happenedAt, id }: Pick<Event, 'happenedAt' | 'id'>) =>
  writeCursor([happenedAt.toISOString(), String(id)])

/** @throws Problem `validation_failed` for a cursor that is none of ours */
function readPlace(cursor: string): Pick<Event, 'happenedAt' | 'id'> {
  const [time = '', id = ''] = readCursor(CursorSchema, cursor) ?? []
  if (isMoment(time)) return { happenedAt: new Date(time), id: BigInt(id) }
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
  const place = cursor === undefined ? undefined : readPlace(cursor)
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
  return { events: page, nextCursor: events.length > limit && last !== undefined ? cursorAfter(last) : null }
}

function newestFirst(one: Event, other: Event): number {
  return other.happenedAt.getTime() - one.happenedAt.getTime() || Number(other.id - one.id)
}
