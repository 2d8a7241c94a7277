// Where records begin and end in the bytes of a file, so that any of them can be gone back to: lines, the objects of a JSON list, and
// records of CSV. None of them trusts what it reads: a record that is broken is given up alone, and the next one is found.

/** Why a record cannot be read. */
export type Fault = 'too_long' | 'not_utf8' | 'not_json' | 'not_csv' | 'columns'

/** A record from `from` to `to`, both places in the bytes; the next one begins at `next`. */
export type Span = Readonly<{ from: number; to: number; next: number; fault?: Fault }>

/**
 * Finds the record that begins at `at`; undefined where the bytes end before it does.
 * @param isLast no more bytes come
 */
export type Splitter = (bytes: Buffer, at: number, isLast: boolean) => Span | undefined

const [newline, carriageReturn, quote, comma, backslash] = [0x0a, 0x0d, 0x22, 0x2c, 0x5c]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** A line, which LF or CRLF ends. */
export const nextLine: Splitter = (bytes, at, isLast) => {
  const found = bytes.indexOf(newline, at)
  if (found < 0 && !isLast) return undefined
  const end = found < 0 ? bytes.length : found
  const to = end > at && bytes[end - 1] === carriageReturn ? end - 1 : end
  return { from: at, to, next: found < 0 ? end : end + 1 }
}

/** The line at `at`, as one that is not to be read. */
function lineWithFault(bytes: Buffer, at: number, fault: Fault): Span {
  return { ...(nextLine(bytes, at, true) as Span), fault }
}

/** What stands around the objects of a list: spaces, commas, and the brackets that end it. */
const isBetween = (byte: number) => byte <= 0x20 || [comma, closeBracket, closeBrace].includes(byte)

/** An object of a list, over as many lines as it takes. */
export const nextObject: Splitter = (bytes, at, isLast) => {
  let from = at
  while (from < bytes.length && isBetween(bytes[from] as number)) from += 1
  if (from === bytes.length) return { from, to: from, next: from }
  if (bytes[from] !== openBrace) return lineWithFault(bytes, from, 'not_json')
  const end = endOfObject(bytes, from)
  if (end >= 0) return { from, to: end + 1, next: end + 1 }
  return isLast ? { from, to: bytes.length, next: bytes.length, fault: 'not_json' } : undefined
}

/** The bracket that ends an object of JSON; -1 where it is not there. */
function endOfObject(bytes: Buffer, begin: number): number {
  let depth = 0
  for (let place = begin; place < bytes.length; place += 1) {
    const byte = bytes[place]
    if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) depth -= 1
    else if (byte === quote) place = endOfText(bytes, place)
    if (place < 0) return -1
    if (depth === 0) return place
  }
  return -1
}

/** The quote that ends a text of JSON; -1 where it is not there. */
function endOfText(bytes: Buffer, begin: number): number {
  for (let end = bytes.indexOf(quote, begin + 1); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let slashes = 0
    while (bytes[end - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return end
  }
  return -1
}

/**
 * A record of CSV (RFC 4180), whose quoted cells may hold line breaks. One with a quote out of its place ends with its line: a quote that
 * is missing must not take what follows along.
 */
export const nextCsvRecord: Splitter = (bytes, at, isLast) => {
  let end = endOfCell(bytes, at, isLast)
  while (end !== undefined && bytes[end] === comma) end = endOfCell(bytes, end + 1, isLast)
  if (end === undefined) return undefined
  if (end === broken) return lineWithFault(bytes, at, 'not_csv')
  const to = end > at && bytes[end - 1] === carriageReturn ? end - 1 : end
  return { from: at, to, next: Math.min(end + 1, bytes.length) }
}

/** Of a cell in quotes that do not match. */
const broken = -1

/** What ends the cell at `at`: a comma, a line feed or the end of the bytes; undefined where the cell may go on after them. */
function endOfCell(bytes: Buffer, at: number, isLast: boolean): number | undefined {
  let end = at
  if (bytes[at] !== quote) {
    while (end < bytes.length && bytes[end] !== comma && bytes[end] !== newline) end += 1
    return end === bytes.length && !isLast ? undefined : end
  }
  const closing = endOfQuoted(bytes, at, isLast)
  if (closing === undefined) return isLast ? broken : undefined
  end = closing + 1
  if (bytes[end] === carriageReturn && bytes[end + 1] === newline) return end + 1
  return end === bytes.length || bytes[end] === comma || bytes[end] === newline ? end : broken
}

/** The quote that ends a cell; undefined where it is not there, or what follows it is not there yet. */
function endOfQuoted(bytes: Buffer, begin: number, isLast: boolean): number | undefined {
  for (let end = bytes.indexOf(quote, begin + 1); end >= 0; end = bytes.indexOf(quote, end + 2)) {
    // Two bytes more tell a CRLF.
    if (end + 2 >= bytes.length && !isLast) return undefined
    if (bytes[end + 1] !== quote) return end
  }
  return undefined
}

/** The cells of a record of CSV. */
export function cellsOf(record: string): string[] {
  if (!record.includes('"')) return record.split(',')
  // Each begins after a comma or at the beginning.
  return [...`,${record}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? String(plain),
  )
}
