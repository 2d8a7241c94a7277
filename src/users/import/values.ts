// What stands in the members of other systems' records: the same values in the many ways in which JSON and CSV write them.

/** A record as it was read: members of JSON, or cells of CSV under their header. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * A text with something in it, or a number as one; undefined for all else, and for a number of which JSON.parse has kept the first digits
 * alone: two ids of more than 2^53 would be one.
 */
export function textOf(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined
}

/** Whether a flag is set: `true`, as CSV and PostgreSQL write it too. */
export function isSet(value: unknown): boolean {
  return value === true || value === 1 || /^(true|t|1)$/i.test(String(textOf(value)))
}

/** The texts together, parted by a space; undefined where there are none. */
export function joined(...values: readonly unknown[]): string | undefined {
  return textOf(values.flatMap((value) => textOf(value) ?? []).join(' '))
}

/**
 * A time: ISO 8601, as PostgreSQL writes it (`2026-01-31 10:00:00.123456+00`, without a zone in UTC), or milliseconds or seconds since
 * 1970. Undefined where there is none, or none that a user of today can have.
 */
export function timeOf(value: unknown): Date | undefined {
  const text = textOf(value)
  if (text === undefined) return undefined
  const time = millisecondsOf(text)
  return time >= 0 && time <= Date.now() ? new Date(time) : undefined
}

/**
 * Whether the end of a ban is ahead, however far: `infinity` is, and any that cannot be read here, such as PostgreSQL's years of five
 * digits. Nobody is let in by what we do not understand.
 */
export function isAhead(value: unknown): boolean {
  const text = textOf(value)
  return text !== undefined && (text === 'infinity' || (/\d/.test(text) && !(millisecondsOf(text) <= Date.now())))
}

/** NaN where it is no time. Numbers of nine or ten digits are seconds: as milliseconds they were of the first months of 1970. */
function millisecondsOf(text: string): number {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1_000
  return new Date(/^\d{11,}$/.test(text) ? Number(text) : isoOf(text)).getTime()
}

function isoOf(text: string): string {
  const [, day, clock, zone] = /^(\d{4}-\d\d-\d\d)[ T]([\d:.]+)(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ?? []
  if (day === undefined) return text
  return `${day}T${clock}${zone === undefined ? 'Z' : zone.replace(/^([+-]\d\d)$/, '$1:00')}`
}

/** The members of an object, which CSV has as a text of JSON; none where there is none. */
export function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields
  try {
    return Object(JSON.parse(String(textOf(value))))
  } catch {
    return {}
  }
}
