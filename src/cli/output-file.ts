// Files that commands write: never over one that is there unasked, and whole or not at all.
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises'

export type WritingOptions = Readonly<{
  /** whether a file that is there may be replaced */
  force: boolean
  /** who may read it, also where one is replaced that others may */
  mode: number
  /** what to do where one is there, in place of `force` */
  hint?: string
}>

/** Exit codes of shells for a program that a signal ended. */
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Writes a file beside it and puts that in its place when it is whole: whoever has the one that was there open sees nothing of the new
 * one, and no half of it is left where the work fails or somebody ends it.
 * @throws Error in one line where there is one and `force` is not given, or where what is there is no plain file; and what `write` throws
 */
export async function writeOut<Result>(
  path: string,
  { force, mode, hint = '--force replaces it' }: WritingOptions,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const isThere = new Error(`${path} is there already; ${hint}`)
  const there = await lstat(path).catch(() => null)
  if (there && !force) throw isThere
  // Nor a link, which would lead to wherever whoever made it likes, nor a device, which would be gone.
  if (there && !there.isFile()) throw new Error(`${path} is there already, and no plain file: it is not replaced`)
  const beside = `${path}.${randomBytes(6).toString('hex')}.part`
  // Exclusively: nobody has put anything there, nor a link.
  const file = await open(beside, 'wx', mode)
  const stopListening = onEnding(() => rmSync(beside, { force: true }))
  try {
    // Whatever the umask.
    await file.chmod(mode)
    const result = await write(file)
    await file.sync()
    // Unlike a rename, a link takes the place of nothing that has come meanwhile.
    if (force) await rename(beside, path)
    else await link(beside, path).catch((error) => Promise.reject(error.code === 'EEXIST' ? isThere : error))
    return result
  } finally {
    stopListening()
    await file.close()
    await rm(beside, { force: true })
  }
}

/** @returns what ends it */
function onEnding(clean: () => void): () => void {
  const listeners = Object.entries(endings).map(([signal, code]) => {
    const listener = () => {
      clean()
      process.exit(code)
    }
    process.once(signal, listener)
    return () => void process.removeListener(signal, listener)
  })
  return () => {
    for (const stop of listeners) stop()
  }
}
