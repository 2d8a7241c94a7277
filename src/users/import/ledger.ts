// How far an import is, beside the file that it reads: so that a run that was killed at any moment is gone on with, and ends as if it
// had not been. Before a batch is committed, the ledger says what is true without it and what with it, and which transaction decides;
// PostgreSQL knows what became of that (pg_xact_status).
import { createHash } from 'node:crypto'
import { type FileHandle, rename, rm, writeFile } from 'node:fs/promises'
import type { Client } from 'pg'
import type { Reason } from './check.js'
import type { LeftOut } from './draft.js'
import type { Place } from './reader.js'
import { beginningOf } from './report.js'

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

/** All that decides what becomes of a file, beside what is in it. */
export type RunOptions = Readonly<{ map: string; trustsVerified: boolean; tellsEvents: boolean; database: string }>

/** What makes two runs the same: the file, by its beginning and its size, and what was asked for. */
export async function nameOfRun(
  file: FileHandle,
  { map, trustsVerified, tellsEvents, database }: RunOptions,
): Promise<string> {
  const { size } = await file.stat()
  const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
  const digest = createHash('sha256')
    .update(JSON.stringify([size, map, trustsVerified, tellsEvents, database]))
    .update(buffer.subarray(0, bytesRead))
  return digest.digest('base64url')
}

/**
 * What an earlier run of the same name got done; null where there is none.
 * @throws Error in one line where there is one that cannot be gone on with
 */
export async function readLedger(path: string, run: string, client: Client): Promise<Progress | null> {
  const text = await beginningOf(path)
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

/** Null where the text is no JSON, as after a power failure. */
function ledgerOf(text: string): Ledger | null {
  try {
    return Object(JSON.parse(text))
  } catch {
    return null
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

export const removeLedger = (path: string) => rm(path, { force: true })
