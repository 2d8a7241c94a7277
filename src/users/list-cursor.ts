// Where a list goes on: the last row's place in the order. Opaque to clients, and believed only after a look.
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { uuidPattern } from '../http/uuid.js'

export const sorts = ['created_at', '-created_at', 'user_name', '-user_name'] as const
export type Sort = (typeof sorts)[number]

/** A row's place: the value that is sorted by (ISO 8601 or a name key), and the id that tells equals apart. */
export type Place = Readonly<{ key: string; id: string }>

const CursorSchema = Type.Tuple([Type.String(), Type.String({ maxLength: 200 }), Type.String({ pattern: uuidPattern })])

export function writeCursor(sort: Sort, { key, id }: Place): string {
  const cursor: Static<typeof CursorSchema> = [sort, key, id]
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

/** The place that a cursor names, or null where it is none of a list in this order. */
export function readCursor(sort: Sort, cursor: string): Place | null {
  const parsed = parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (!Value.Check(CursorSchema, parsed)) return null
  const [sortedBy, key, id] = parsed
  // Only what we would have written ourselves: an encoding has many spellings.
  if (sortedBy !== sort || writeCursor(sort, { key, id }) !== cursor) return null
  return isKeyOf(sort, key) ? { key, id } : null
}

function isKeyOf(sort: Sort, key: string): boolean {
  if (sort.endsWith('user_name')) return !key.includes('\0') && key.isWellFormed()
  const time = new Date(key)
  return !Number.isNaN(time.getTime()) && time.toISOString() === key
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
