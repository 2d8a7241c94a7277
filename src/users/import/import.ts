// Moves users in from a file, batch by batch: read, checked, written, reported (docs/guides/moving.md).
import { existsSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Client } from 'pg'
import { Batches } from './batches.js'
import { Books, type Paths, recordsOf } from './books.js'
import type { Checked, CheckOptions } from './check.js'
import { type Counts, nameOfRun, noCounts, readLedger, removeLedger } from './ledger.js'
import { FileFault, findRecords, type RawRecord, RecordReader } from './reader.js'
import { requireUsers } from './recognition.js'
import { createTrial, createWriter } from './write.js'

/** Of the file: bytes, of which so many are done; and records, whatever became of them. */
export type ImportProgress = Readonly<{ read: number; size: number; records: number }>

export type ImportOptions = Omit<CheckOptions, 'columns'> &
  Readonly<{
    /** of a connection that nobody else uses, past any pooler */
    client: Client
    file: FileHandle
    paths: Paths
    /** whether each user is an event for the product's own systems */
    tellsEvents?: boolean
    /** whether nothing is done but for the report */
    isTrial?: boolean
    /** whether what an earlier run got done is not gone on with */
    isRestart?: boolean
    tell?: (progress: ImportProgress) => void
    /** ends it between two batches */
    signal?: AbortSignal
    batchSize?: number
    /** milliseconds that another import is waited for */
    patience?: number
  }>

/** What has come of it up to a line; `isWhole` where nothing of the file is left, `goesOn` where the same call would go on after it. */
export type ImportResult = Readonly<{ counts: Counts; isWhole: boolean; goesOn: boolean; line: number }>

/**
 * Why an import ended before its end, which is its cause: the same call goes on after what is done, without `isRestart` where it had that.
 */
export class Interruption extends Error {
  constructor(cause: unknown) {
    super((cause as Error).message, { cause })
  }
}

/**
 * Moves users in. Whoever is there already, by id, stays as they are.
 * @throws FileFault for a file that is none of users; Error in one line where an earlier run cannot be gone on with, or a file beside it not
 * be written; the driver's error where the database fails; Interruption in place of all of them once there is a ledger of this run
 */
export async function importUsers(options: ImportOptions): Promise<ImportResult> {
  const { client, file, map, paths, trustsVerified, tellsEvents = false, isTrial = false } = options
  const { layout, columns, place } = await findRecords(file, map.columns)
  const database = await claimDatabase(client, options.patience)
  const run = await nameOfRun(file, { map: map.name, trustsVerified, tellsEvents, database })
  if (options.isRestart && !isTrial) await removeLedger(paths.ledger)
  const start = { place, counts: noCounts, bytes: { report: 0, ids: 0 } }
  const before = (isTrial ? null : await readLedger(paths.ledger, run, client)) ?? start

  const batches = new Batches(new RecordReader(file, layout, before.place), { ...options, columns })
  const first = await batches.read()
  const checked = await batches.check(first)
  if (before === start) requireUsers(first, checked, { ...options, columns })
  const writeBatch = isTrial ? await createTrial(client) : createWriter(client, tellsEvents)
  const title = `${map.name}, verified flags ${trustsVerified ? 'count' : 'do not count'}`
  const books = await Books.open({ paths, run: isTrial ? null : run, before, writeBatch, title })
  // One of another run was refused above.
  const goesOn = () => !isTrial && existsSync(paths.ledger)
  async function write(): Promise<boolean> {
    const isWhole = await writeAll({ first, checked }, batches, books, options)
    if (isWhole && !isTrial) {
      // Whoever searches next is to have plans for so many.
      await client.query('ANALYZE users')
      await removeLedger(paths.ledger)
    }
    return isWhole
  }
  try {
    const isWhole = await write().catch((error: unknown) => {
      throw goesOn() ? new Interruption(error) : error
    })
    const { counts, place: reached } = books.progress
    return { counts, isWhole, goesOn: goesOn(), line: reached.line }
  } finally {
    await books.close()
  }
}

/** Reads, checks and writes batch after batch; returns whether nothing of the file is left. */
async function writeAll(
  { first, checked }: Readonly<{ first: readonly RawRecord[]; checked: readonly Checked[] }>,
  batches: Batches,
  books: Books,
  { file, tell, signal }: ImportOptions,
): Promise<boolean> {
  const { size } = await file.stat()
  let [records, users] = [first, checked]
  while (records.length > 0 && !signal?.aborted) {
    const { end } = records.at(-1) as RawRecord
    const next = await batches.read()
    const writing = books.write(users, end, next.length === 0)
    // Heard of below: the next ones are checked while the database works.
    writing.catch(() => {})
    users = await batches.check(next)
    await writing
    tell?.({ read: end.offset, size, records: recordsOf(books.progress.counts) })
    records = next
  }
  return records.length === 0
}

/** Any number that nothing else locks by. */
const lockKey = 7_246_019

/**
 * Keeps other imports out until the connection ends, also what is left of one that was killed, and says which database it is.
 * @throws FileFault where another one is under way
 */
async function claimDatabase(client: Client, patience = 10_000): Promise<string> {
  await client.query(`SET lock_timeout = ${patience}`)
  await client.query('SELECT pg_advisory_lock($1)', [lockKey]).catch((error: unknown) => {
    if (Reflect.get(Object(error), 'code') !== '55P03') throw error
    throw new FileFault('cannot be imported now: another import is under way on this database')
  })
  await client.query('RESET lock_timeout')
  const { rows } = await client.query<{ name: string }>(
    `SELECT concat_ws('/', c.system_identifier, d.oid) AS name FROM pg_control_system() AS c, pg_database AS d
    WHERE d.datname = current_database()`,
  )
  return String(rows[0]?.name)
}
