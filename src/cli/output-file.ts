// Files that commands write: never over one that is there unasked.
import { type FileHandle, open } from 'node:fs/promises'

export type WritingOptions = Readonly<{
  /** whether a file that is there may be written over */
  force: boolean
  /** of a new file: who may read it */
  mode: number
}>

/**
 * Opens a file for writing.
 * @throws Error in one line where there is one and `force` is not given
 */
export async function openOut(
  path: string,
  { force, mode }: WritingOptions,
  hint = '--force writes over it',
): Promise<FileHandle> {
  try {
    const file = await open(path, force ? 'w' : 'wx', mode)
    // One that is there keeps its mode.
    await file.chmod(mode)
    return file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Error(`${path} is there already; ${hint}`)
    throw error
  }
}

/** Writes a file as a whole. */
export async function writeOut(path: string, text: string, options: WritingOptions, hint?: string): Promise<void> {
  const file = await openOut(path, options, hint)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
