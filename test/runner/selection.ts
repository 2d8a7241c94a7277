// Which test files a run is about, from the words of the command line.
import { stat } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { UsageError } from '../../src/config/command-line.js'
import { sourcesUnder } from './compile.js'

export const testFolder = 'test'
const isTestFile = (file: string) => file.endsWith('.test.ts')

/**
 * The test files that the words name: files and folders, by default all tests.
 * @throws UsageError that names the word which is no test, and says why
 */
export async function selectTestFiles(words: readonly string[]): Promise<string[]> {
  const all = (await sourcesUnder(testFolder)).filter(isTestFile)
  if (words.length === 0) return all
  const selected = await Promise.all(words.map((word) => filesOf(word, all)))
  return [...new Set(selected.flat())]
}

async function filesOf(word: string, all: readonly string[]): Promise<string[]> {
  const path = normalize(word).replace(/[\\/]+$/, '')
  const found = await stat(path).catch(() => null)
  if (found === null) throw new UsageError(`${word} does not exist${suggestionFor(path, all)}`)
  if (found.isDirectory()) {
    const files = all.filter((file) => file.startsWith(join(path, '/')))
    if (path !== testFolder && files.length === 0)
      throw new UsageError(`${word} has no test file: their names end in .test.ts`)
    return path === testFolder ? [...all] : files
  }
  if (!isTestFile(path))
    throw new UsageError(`${word} is no test file, but a helper of some: names of test files end in .test.ts`)
  if (!all.includes(path)) throw new UsageError(`${word} is not in the folder ${testFolder}/`)
  return [path]
}

function suggestionFor(path: string, all: readonly string[]): string {
  const name =
    path
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/(\.test)?\.ts$/, '') ?? ''
  const similar = name === '' ? [] : all.filter((file) => file.includes(name)).slice(0, 3)
  return similar.length > 0 ? `; is it ${similar.join(' or ')}?` : ''
}
