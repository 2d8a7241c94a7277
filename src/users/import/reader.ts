// Reads a file of users record by record, whatever its size: what is in memory is a piece of it.
import { isUtf8 } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { cellsOf, type Fault, nextCsvRecord, nextLine, nextObject, type Span, type Splitter } from './splitters.js'

/** A file that holds no users that can be read. The message goes on after the file's name. */
export class FileFault extends Error {}

/** How the records of a file are parted. */
export type Layout = 'lines' | 'objects' | 'csv'

/** A place between two records: bytes before it, and the number of the line that it is in, from 1. */
export type Place = Readonly<{ offset: number; line: number }>

/** A record with the line that it begins in and the place after it: its text, or why there is none. */
export type RawRecord = Readonly<{ line: number; end: Place } & ({ text: string } | { fault: Fault })>

/** Bytes of the longest record that is read. Exports have a few hundred, with all that a product keeps beside its users some thousands. */
export const maxRecord = 262_144

const pieceSize = 1_048_576
const newline = 0x0a
const splitters: Readonly<Record<Layout, Splitter>> = { lines: nextLine, objects: nextObject, csv: nextCsvRecord }

/** What the first bytes say of files that are none of ours. */
const foreign: readonly (readonly [string, string])[] = [
  ['\x1f\x8b', 'is compressed: gunzip it first'],
  ['PK\x03\x04', 'is a ZIP archive: unpack it first'],
  ['\xff\xfe', 'is in UTF-16: save it as UTF-8'],
  ['\xfe\xff', 'is in UTF-16: save it as UTF-8'],
]
const byteOrderMark = Buffer.from('\ufeff')

/** Where lists of users begin: `[`, or `{"users": [` as Firebase writes it. */
const listBeginning = /^\s*(?:\{\s*"users"\s*:\s*)?\[/

/** What the columns that any system has look like, and what can be said of a file without showing what is in it. */
export const plainName = /^[a-z_][\w.-]{0,39}$/i

/** How a file is laid out, and where its first record begins. The columns of CSV are null for JSON. */
export type Records = Readonly<{ layout: Layout; columns: readonly string[] | null; place: Place }>

/**
 * Finds the records of a file.
 * @param known the columns of CSV where it has no header; else its first line names them
 * @throws FileFault
 */
export async function findRecords(file: FileHandle, known?: readonly string[]): Promise<Records> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4_096), 0, 4_096, 0)
  const bytes = buffer.subarray(0, bytesRead)
  const mark = bytes.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0
  const head = bytes.toString('latin1', mark)
  const fault = foreign.find(([beginning]) => head.startsWith(beginning))?.[1]
  if (fault !== undefined) throw new FileFault(fault)
  if (/^\s*$/.test(head)) throw new FileFault('is empty')
  const list = listBeginning.exec(head)?.[0] ?? ''
  const place = { offset: mark + list.length, line: list.split('\n').length }
  if (list !== '') return { layout: 'objects', columns: null, place }
  if (/^\s*\{/.test(head)) return { layout: 'lines', columns: null, place }
  if (known !== undefined) return { layout: 'csv', columns: known, place }
  const [header] = await new RecordReader(file, 'csv', place).take(1)
  if (header === undefined || 'fault' in header)
    throw new FileFault('has no line at its beginning that names the columns of CSV')
  const columns = cellsOf(header.text).map((name) => name.trim())
  const twice = columns.find((name, index) => plainName.test(name) && columns.indexOf(name) < index)
  if (twice !== undefined) throw new FileFault(`names the column ${twice} twice in its first line`)
  return { layout: 'csv', columns, place: header.end }
}

export class RecordReader {
  readonly #file: FileHandle
  readonly #split: Splitter
  /** what is read of the file and not yet taken, from `#at` on, which is `#place` in the file */
  #bytes = Buffer.alloc(0)
  #at = 0
  #place: Place
  #isLast = false
  /** the line that a record began in which is too long, while it is passed over */
  #skipped: number | undefined

  constructor(file: FileHandle, layout: Layout, place: Place) {
    this.#file = file
    this.#split = splitters[layout]
    this.#place = place
  }

  /** Up to so many records, empty ones left out; none after the last one. */
  async take(most: number): Promise<RawRecord[]> {
    const records: RawRecord[] = []
    while (records.length < most) {
      const record = this.#next()
      if (record !== undefined) records.push(record)
      else if (!(await this.#fill())) break
    }
    return records
  }

  /** Reads on; false where nothing more comes. */
  async #fill(): Promise<boolean> {
    if (this.#isLast) return false
    const rest = this.#bytes.subarray(this.#at)
    const position = this.#place.offset + rest.length
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize, position)
    this.#bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    this.#at = 0
    this.#isLast = bytesRead === 0
    return true
  }

  /** The next record; undefined where more bytes are needed, or none are left. */
  #next(): RawRecord | undefined {
    while (this.#at < this.#bytes.length || (this.#isLast && this.#skipped !== undefined)) {
      const record = this.#skipped === undefined ? this.#read() : this.#passOver(this.#skipped)
      if (record !== null) return record
    }
    return undefined
  }

  /** The record here; null where there is nothing, and undefined where more bytes are needed. */
  #read(): RawRecord | null | undefined {
    const span = this.#split(this.#bytes, this.#at, this.#isLast)
    if ((span?.next ?? this.#bytes.length) - this.#at > maxRecord) {
      this.#skipped = this.#place.line
      return null
    }
    if (span === undefined) return undefined
    this.#goTo(span.from)
    const { line } = this.#place
    this.#goTo(span.next)
    return span.to > span.from ? { line, end: this.#place, ...this.#contentOf(span) } : null
  }

  #contentOf({ from, to, fault }: Span): Readonly<{ text: string } | { fault: Fault }> {
    const bytes = this.#bytes.subarray(from, to)
    if (fault !== undefined) return { fault }
    return isUtf8(bytes) ? { text: bytes.toString() } : { fault: 'not_utf8' }
  }

  /** Goes on after the line that a record which is too long begins in; null where more of it comes. */
  #passOver(line: number): RawRecord | null {
    const found = this.#bytes.indexOf(newline, this.#at)
    this.#goTo(found < 0 ? this.#bytes.length : found + 1)
    if (found < 0 && !this.#isLast) return null
    this.#skipped = undefined
    return { line, end: this.#place, fault: 'too_long' }
  }

  #goTo(at: number): void {
    let { line } = this.#place
    for (let found = this.#bytes.indexOf(newline, this.#at); found >= 0 && found < at; line += 1) {
      found = this.#bytes.indexOf(newline, found + 1)
    }
    this.#place = { offset: this.#place.offset + at - this.#at, line }
    this.#at = at
  }
}
