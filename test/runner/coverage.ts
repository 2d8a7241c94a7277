// Which lines, branches and functions of the sources ran, in all processes of a run together: test files and the children that they
// start. It tells of TypeScript alone; what it does not tell stands in CONTRIBUTING.md.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Report } from 'c8'
import { buildFolder, compiledPath, sourcesUnder } from './compile.js'

// What the coverage is not asked of, since it needs what a test cannot be in: src/development starts servers as other users and on
// other systems, and is tested from outside, in processes of its own; src/server.ts is the entry, tested as a process by
// test/server.test.ts; the generated client is not ours.
const outside = /^src[\\/](development|generated)[\\/]|^src[\\/]server\.ts$/

type ProcessCoverage = { result: { url: string; functions: unknown[] }[] }
type Summary = Record<'lines' | 'statements' | 'functions' | 'branches', { pct: number }>

export type Coverage = Awaited<ReturnType<typeof startCoverage>>

/** Null where the text is no whole document. */
function resultOf(text: string): ProcessCoverage['result'] | null {
  try {
    return (JSON.parse(text) as ProcessCoverage).result
  } catch {
    return null
  }
}

/** @param projectDirectory where the run has its folder `.build` */
export async function startCoverage(projectDirectory: string) {
  const folder = join(projectDirectory, buildFolder, 'coverage')
  // Where the processes write what ran in them (NODE_V8_COVERAGE), and what is kept of it.
  const raw = join(folder, 'raw')
  const kept = join(folder, 'kept')
  const reports = join(folder, 'report')
  await rm(folder, { recursive: true, force: true })
  await mkdir(kept, { recursive: true })
  const seen = new Set<string>()
  const expected = new Map(wanted(await sourcesUnder('src')))

  function wanted(sources: string[]): [string, string][] {
    return sources
      .filter((source) => !outside.test(source))
      .map((source) => [pathToFileURL(join(projectDirectory, compiledPath(source))).href, source])
  }

  /** Keeps what is about our sources of what the processes wrote: a few percent. Of one that was killed as it wrote there is but a part. */
  async function collect(print: (line: string) => void): Promise<void> {
    for (const name of await readdir(raw).catch(() => [])) {
      const result = resultOf(await readFile(join(raw, name), 'utf8'))
      if (result === null) {
        print(`${name} is cut off: what ran in that process does not count`)
        continue
      }
      const ours = result.filter(({ url }) => expected.has(url))
      for (const { url } of ours) seen.add(url)
      await writeFile(join(kept, name), JSON.stringify({ result: ours }))
    }
    await rm(raw, { recursive: true, force: true })
  }

  /** Sources that no process loaded, without those that hold types alone, which nothing loads. */
  async function neverLoaded(): Promise<string[]> {
    const missing = [...expected].filter(([url]) => !seen.has(url))
    const texts = await Promise.all(missing.map(([url]) => readFile(new URL(url), 'utf8')))
    const hasCode = (text: string) => text.replaceAll(/^(\/\/.*|export \{\};)$/gm, '').trim() !== ''
    return missing.filter((_, index) => hasCode(texts[index] ?? '')).map(([, source]) => source)
  }

  /** Prints what did not run; whether everything did. */
  async function report(print: (line: string) => void): Promise<boolean> {
    await collect(print)
    const never = await neverLoaded()
    for (const source of never) print(`${source}: no test loads it`)
    await new Report({
      tempDirectory: kept,
      reportsDirectory: reports,
      reporter: ['text', 'json-summary'],
      exclude: [],
      extension: ['.js', '.ts'],
      skipFull: true,
    }).run()
    const summary = JSON.parse(await readFile(join(reports, 'coverage-summary.json'), 'utf8')) as { total: Summary }
    const { lines, statements, functions, branches } = summary.total
    return never.length === 0 && [lines, statements, functions, branches].every(({ pct }) => pct === 100)
  }

  return { folder: raw, report }
}
