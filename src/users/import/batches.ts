// The records of a file, as many at a time as a transaction writes: read, and checked.
import { setImmediate } from 'node:timers/promises'
import { type Checked, type CheckOptions, check } from './check.js'
import type { RawRecord, RecordReader } from './reader.js'

/** Records of a batch. */
const defaultSize = 2_000

/** Records that are checked before the database is listened to again: a few milliseconds, in which it would wait for its next statement. */
const slice = 100

export class Batches {
  readonly #reader: RecordReader
  readonly #options: CheckOptions
  readonly #size: number

  constructor(reader: RecordReader, options: CheckOptions & Readonly<{ batchSize?: number }>) {
    this.#reader = reader
    this.#options = options
    this.#size = options.batchSize ?? defaultSize
  }

  read(): Promise<RawRecord[]> {
    return this.#reader.take(this.#size)
  }

  async check(records: readonly RawRecord[]): Promise<Checked[]> {
    const checked: Checked[] = []
    for (let begin = 0; begin < records.length; begin += slice) {
      for (const record of records.slice(begin, begin + slice)) checked.push(check(record, this.#options))
      await setImmediate()
    }
    return checked
  }
}
