// An event as receivers and readers get it: the same in a webhook and on GET /events.

export const eventTypes = [
  'user.created',
  'user.updated',
  'user.disabled',
  'user.deleted',
  'session.created',
  'session.ended',
  'identifier.added',
  'identifier.changed',
  'identifier.removed',
  'passkey.added',
  'passkey.removed',
  'security.alarm',
] as const
export type EventType = (typeof eventTypes)[number]

/** A row of `events`, with the user's identifiers of today where they are asked for. */
export type EventRow = Readonly<{
  position: bigint
  type: string
  userId: string | null
  data: unknown
  happenedAt: Date
  /** E.164 and canonical; undefined where nobody is told */
  identifiers?: Readonly<{ phone: string | null; email: string | null }> | undefined
}>

export type SerializedEvent = Readonly<{
  id: string
  type: EventType
  timestamp: string
  data: Readonly<{ user_id: string | null }> & Readonly<Record<string, unknown>>
}>

/** The largest number that there is room for in an id. */
const lastBits = 0x3fff_ffff_ffff_ffffn

/**
 * The id of an event, a UUIDv7 whose last 62 bits are its number (RFC 9562 §5.7, §6.2): whoever goes on after it needs no look-up, also once
 * the event is gone.
 */
export function eventId({ position, happenedAt }: Pick<EventRow, 'position' | 'happenedAt'>): string {
  const time = happenedAt.getTime().toString(16).padStart(12, '0')
  const rest = ((position & lastBits) | 0x8000_0000_0000_0000n).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-${rest.slice(0, 4)}-${rest.slice(4)}`
}

/** The number of the event with this id; null for an id that is none of an event. */
export function positionOf(id: string): bigint | null {
  const match = /^[0-9a-f]{8}-[0-9a-f]{4}-7000-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/.exec(id)
  return match ? BigInt(`0x${match[1]}${match[2]}`) & lastBits : null
}

export function serializeEvent(event: EventRow): SerializedEvent {
  const { type, userId, happenedAt, data, identifiers } = event
  return {
    id: eventId(event),
    type: type as EventType,
    timestamp: happenedAt.toISOString(),
    data: { user_id: userId, ...Object(data), ...identifiers },
  }
}
