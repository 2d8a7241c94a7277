// What stands in the members of other systems' records: the same values in the many ways in which JSON and CSV write them. What is neither
// empty nor understood is never taken for a default: its column is named, and the line is refused.

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

/** The texts together, parted by a space; undefined where there are none. */
export function joined(...texts: readonly (string | undefined)[]): string | undefined {
  return textOf(texts.filter((text) => text !== undefined).join(' '))
}

/** What says nothing: no member, null, and a cell of spaces. */
const isEmpty = (value: unknown) =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '')

/** As PostgreSQL reads a boolean: none of the words into which spreadsheets translate it (`WAHR`, `VRAI`), which change more than that. */
const flags = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
])

const day = 86_400_000

/**
 * Milliseconds since 1970 of ISO 8601, as JSON and PostgreSQL write it (`2026-01-31 10:00:00.123456+00`, without a zone in UTC,
 * `infinity`), or of a number of milliseconds or seconds. NaN for all else: `01.02.2026` is another day in another country.
 */
export function momentOf(text: string): number {
  if (/^-?infinity$/.test(text)) return text === 'infinity' ? Infinity : -Infinity
  // Of nine or ten digits they are seconds: as milliseconds they were of the first months of 1970.
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1_000
  if (/^\d{11,14}$/.test(text)) return Number(text)
  const [, year, month, date, clock = '00:00', zone = 'Z'] = timePattern.exec(text) ?? []
  if (year === undefined) return Number.NaN
  // PostgreSQL goes beyond the years that JavaScript has.
  if (year.length > 4) return Infinity
  // JavaScript takes the 31st of February for the 3rd of March.
  if (Number(date) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return Number.NaN
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(.\d\d)$/, '$1:00') : 'Z'
  return new Date(`${year}-${month}-${date}T${clock}${offset}`).getTime()
}

const timePattern =
  /^(\d{4}|\+?\d{5,6})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?)?$/i

/** A time that a user of today can have; undefined for others. One of tomorrow is now: clocks differ, and times without a zone. */
export function pastOf(moment: number): Date | undefined {
  const now = Date.now()
  return moment >= 0 && moment <= now + day ? new Date(Math.min(moment, now)) : undefined
}

/** The values of a record by the names of their columns. */
export class Values {
  readonly #fields: Fields
  readonly #plain: (text: string) => string
  #unreadable: string | undefined

  /** @param plain takes off what a system writes around its texts */
  constructor(fields: Fields, plain: (text: string) => string = (text) => text) {
    this.#fields = fields
    this.#plain = plain
  }

  /** The first column that was asked for and holds something that is not understood; undefined where there is none. */
  get unreadable(): string | undefined {
    return this.#unreadable
  }

  /** Notes that a column cannot be read. */
  refuse(name: string): undefined {
    this.#unreadable ??= name
  }

  has(name: string): boolean {
    return !isEmpty(this.#fields[name])
  }

  text(name: string): string | undefined {
    if (!this.has(name)) return undefined
    const text = textOf(this.#fields[name])
    return text === undefined ? this.refuse(name) : textOf(this.#plain(text))
  }

  /** One of a few words; undefined where the column is empty. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name)
    const word = words.find((each) => each === text)
    return text !== undefined && word === undefined ? this.refuse(name) : word
  }

  /** False where the column is empty. */
  flag(name: string): boolean {
    const value = this.#fields[name]
    const text = typeof value === 'boolean' ? String(value) : this.text(name)?.toLowerCase()
    if (text === undefined) return false
    return flags.get(text) ?? this.refuse(name) ?? false
  }

  /** Any time (see momentOf), whether anything can have been then or not. */
  moment(name: string): number | undefined {
    const text = this.text(name)
    const moment = text === undefined ? undefined : momentOf(text)
    return Number.isNaN(moment) ? this.refuse(name) : moment
  }

  /** When something was done. */
  time(name: string): Date | undefined {
    const moment = this.moment(name)
    return moment === undefined ? undefined : (pastOf(moment) ?? this.refuse(name))
  }

  /** The members of an object, which CSV has as a text of JSON; none where the column is empty. */
  members(name: string): Fields {
    const value = this.#fields[name]
    if (!this.has(name)) return {}
    const members = typeof value === 'string' ? parsed(value) : value
    return typeof members === 'object' && !Array.isArray(members) ? Object(members) : (this.refuse(name) ?? {})
  }

  /** The objects of a list of JSON; none where there is no list. */
  list(name: string): readonly Fields[] {
    const value = this.#fields[name]
    if (!this.has(name)) return []
    return Array.isArray(value) ? value.map(Object) : (this.refuse(name) ?? [])
  }

  /** What is checked by rules of its own. */
  raw(name: string): unknown {
    return this.#fields[name]
  }
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
