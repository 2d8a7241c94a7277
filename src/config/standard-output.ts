// Standard output, all of it: where it is a file, Node.js writes once, and takes what a full disk had no room for as written.
import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * Writes to standard output.
 * @param descriptor another one, for tests
 * @returns false where one had better wait for `drain`
 * @throws the system's error where it is a file that cannot take all of it: ENOSPC
 */
export function writeOutput(text: string, descriptor = 1): boolean {
  const output = fstatSync(descriptor)
  const isFile = output.isFile() || (output.isCharacterDevice() && !isatty(descriptor))
  if (!isFile) return process.stdout.write(text)
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
  return true
}
