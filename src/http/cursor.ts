// Where a list goes on: the last row's place in its order. Opaque to clients, and believed only after a look.
import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** @param place texts, as the schema of its reader has them */
export function writeCursor(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** The place that a cursor names, or null where it is none that we would have written ourselves: an encoding has many spellings. */
export function readCursor<Place extends TSchema & { static: string[] }>(
  schema: Place,
  cursor: string,
): Static<Place> | null {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Value.Check(schema, place) && writeCursor(place) === cursor ? place : null
  } catch {
    return null
  }
}

/** Whether a text is a moment as `toISOString` writes it, of the years that PostgreSQL and ISO 8601 both have. */
export function isMoment(text: string): boolean {
  const time = new Date(text)
  return /^(?!0000)\d{4}-/.test(text) && !Number.isNaN(time.getTime()) && time.toISOString() === text
}
