// How far an import is, beside the file that it reads: so that a run that was killed at any moment is gone on with, and ends as if it
// had not been. Before a batch is committed, the ledger says what is true without it and what with it, and which transaction decides;
// PostgreSQL knows what became of that (pg_xact_status).
import { createHash } from 'node:crypto'
import { access, constants, type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Client } from 'pg'
import type { Reason } from './check.js'
import type { LeftOut } from './draft.js'
import type { Place } from './reader.js'

export type Counts = Readonly<{
  made: number
  /** who was there already, by id and phone or email */
  present: number
  leftOut: Readonly<Partial<Record<LeftOut, number>>>
  refused: Readonly<Partial<Record<Reason, number>>>
  /** of those who are made: admins of the export, who are none here */
  admins: number
}>

/** What is done: up to a place of the file, and as many bytes of the files beside it. */
export type Progress = Readonly<{ place: Place; counts: Counts; bytes: Readonly<{ report: number; ids: number }> }>

type Ledger = Readonly<{
  /** what the run was asked for */
  run: string
  before: Progress
  after: Progress
  /** which decides whether `after` is true */
  transactionId: string
}>

export const noCounts: Counts = { made: 0, present: 0, leftOut: {}, refused: {}, admins: 0 }

/** What makes two runs the same: the file, by its beginning and its size, and all that decides what becomes of it. */
export async function nameOfRun(file: FileHandle, ...parts: readonly unknown[]): Promise<string> {
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
  const digest = createHash('sha256')
    .update(JSON.stringify([size, ...parts]))
    .update(buffer.subarray(0, bytesRead))
  return digest.digest('base64url')
}

/**
 * What an earlier run of the same name got done; null where there is none.
 * @throws Error in one line where there is one that cannot be gone on with
 */
export async function readLedger(path: string, run: string, client: Client): Promise<Progress | null> {
  const text = await textOf(path)
  if (text === null) return null
  const ledger = ledgerOf(text)
  if (ledger === null) throw new Error(`${path} cannot be read; --restart begins again`)
  if (ledger.run !== run)
    throw new Error(
      `${path} is of an import of another file, with other options or into another database; --restart begins again`,
    )
  const { rows } = await client
    .query<{ status: string | null }>('SELECT pg_xact_status($1::xid8) AS status', [ledger.transactionId])
    .catch(() => ({ rows: [] }))
  switch (rows[0]?.status) {
    case 'committed':
      return ledger.after
    case 'aborted':
      return ledger.before
    default:
      throw new Error(`The database does not know what became of the import in ${path}; --restart begins again`)
  }
}

/** Null where it is none, as after a power failure. */
function ledgerOf(text: string): Ledger | null {
  try {
    return Object(JSON.parse(text))
  } catch {
    return null
  }
}

/** What a file begins with: all of a ledger, and enough of a report; null where there is none. */
async function textOf(path: string): Promise<string | null> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (file === undefined) return null
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Writes it whole or not at all. */
export async function writeLedger(path: string, ledger: Ledger): Promise<void> {
  const draft = `${path}.new`
  // Of a run that was killed; or a link, which would lead to wherever whoever made it likes.
  await rm(draft, { force: true })
  await writeFile(draft, JSON.stringify(ledger), { mode: 0o600, flag: 'wx' })
  await rename(draft, path)
}

/** To go on in a file that an earlier run made, and not where a link leads that has taken its place. */
const goOn = constants.O_RDWR | constants.O_NOFOLLOW

/** What terminals and editors obey or do not show: controls beyond those of ASCII, which JSON has escaped, and format characters. */
const unseen = /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu

/** A line of JSON that shows all that is in it, whoever wrote the file that it tells of. */
function lineOf(value: object): string {
  const escaped = (text: string) =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
  return `${JSON.stringify(value).replace(unseen, escaped)}\n`
}

export const removeLedger = (path: string) => rm(path, { force: true })

/** A file of lines of JSON that grows with an import, for its owner alone. There is none before the first line. */
export class Report {
  readonly #path: string
  #file: FileHandle | undefined
  /** bytes that are written */
  length: number

  /** @param length bytes that stay of what is there: what came after them did not happen, and is written over */
  constructor(path: string, length: number) {
    this.#path = path
    this.length = length
  }

  /**
   * Makes the file what it was. One of an earlier import goes.
   * @throws Error in one line where there is a file that no import has written
   */
  async begin(): Promise<void> {
    if (this.length > 0) {
      this.#file = await open(this.#path, goOn).catch(() => undefined)
      // To truncate one that is shorter would fill it up.
      if (this.#file === undefined || (await this.#file.stat()).size < this.length)
        throw new Error(`${this.#path} is not as the import left it; --restart begins again`)
      return this.#file.truncate(this.length)
    }
    // To be told now, and not with the first line of a million that goes there.
    await access(dirname(this.#path), constants.W_OK)
    const text = await textOf(this.#path)
    if (text !== null && !/^(\{"(line|old)":|$)/.test(text))
      throw new Error(`${this.#path} is there already, and is no report of an import`)
    await rm(this.#path, { force: true })
  }

  async add(lines: readonly object[]): Promise<void> {
    if (lines.length === 0) return
    this.#file ??= await open(this.#path, 'wx', 0o600)
    const bytes = Buffer.from(lines.map(lineOf).join(''))
    await this.#file.write(bytes, 0, bytes.length, this.length)
    this.length += bytes.length
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
