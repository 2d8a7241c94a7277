// The files of lines beside the one that is imported: who was refused, and who has another id.
import { access, constants, type FileHandle, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { visibleJson } from '../../showing.js'

/** To go on in a file that an earlier run made, and not where a link leads that has taken its place. */
const goOn = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW

/** A line of JSON that shows all that is in it, whoever wrote the file that it tells of. */
const lineOf = (value: object) => `${visibleJson(JSON.stringify(value))}\n`

/** What a file begins with: all of a ledger, and enough of a report; null where there is none. */
export async function beginningOf(path: string): Promise<string | null> {
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

/** A file of lines of JSON that grows with an import, for its owner alone. There is none before the first line. */
export class Report {
  readonly #path: string
  #file: FileHandle | undefined
  /** bytes that are written */
  length: number

  /** @param length bytes that stay of what is there: what came after them did not happen, and goes */
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
    const text = await beginningOf(this.#path)
    if (text !== null && !/^(\{"(line|old)":|$)/.test(text))
      throw new Error(`${this.#path} is there already, and is no report of an import`)
    await rm(this.#path, { force: true })
  }

  async add(lines: readonly object[]): Promise<void> {
    if (lines.length === 0) return
    this.#file ??= await open(this.#path, 'ax', 0o600)
    const bytes = Buffer.from(lines.map(lineOf).join(''))
    // All of them: one write may end early where the disk gets full, and says so by a number alone.
    await this.#file.appendFile(bytes)
    this.length += bytes.length
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
