// Runs the files, a few at a time, those first that took longest the last time, so that none is left running alone at the end.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileOutcome, TestProcess } from './test-process.js'

type Durations = Record<string, number>

export type Schedule = Readonly<{
  files: readonly string[]
  /** files at a time */
  jobs: number
  /** where the durations of the last run are kept */
  folder: string
  /** starts a process that runs files; each runs many */
  start: () => TestProcess
  /** where the compiled file is */
  pathOf: (file: string) => string
  /** called when a file has ended */
  onEnd: (outcome: FileOutcome) => void
}>

/** @returns what became of the files that were run, and a function that ends the run */
export function runFiles({ files, jobs, folder, start, pathOf, onEnd }: Schedule) {
  const running = new Set<TestProcess>()
  const outcomes: FileOutcome[] = []
  let isEnding = false

  async function close(process: TestProcess): Promise<void> {
    const { file = '' } = outcomes.at(-1) ?? {}
    if (!(await process.close())) outcomes.push({ file, milliseconds: 0, passed: 0, failed: 1, skipped: 0 })
    running.delete(process)
  }

  async function work(queue: string[]): Promise<void> {
    let process: TestProcess | undefined
    for (let file = queue.shift(); file !== undefined && !isEnding; file = queue.shift()) {
      if (process && !process.isUsable()) await close(process)
      if (!process?.isUsable()) {
        process = start()
        running.add(process)
      }
      const outcome = await process.run(file, pathOf(file))
      outcomes.push(outcome)
      onEnd(outcome)
    }
    if (process) await close(process)
  }

  async function all(): Promise<FileOutcome[]> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, 'test-durations.json')
    const known = await readDurations(path)
    const queue = await longestFirst(files, known)
    await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, () => work(queue)))
    const now = Object.fromEntries(outcomes.map(({ file, milliseconds }) => [file, Math.round(milliseconds)]))
    await writeFile(path, JSON.stringify({ ...known, ...now }))
    return outcomes
  }

  return {
    outcomes: all(),
    end(signal: NodeJS.Signals): void {
      isEnding = true
      for (const { end } of running) end(signal)
    },
  }
}

async function readDurations(path: string): Promise<Durations> {
  // Not there, or cut short by an end of the machine: a guess is all that it is for.
  return readFile(path, 'utf8')
    .then(JSON.parse)
    .catch(() => ({}))
}

/** A file that never ran is judged by its size. */
async function longestFirst(files: readonly string[], known: Durations): Promise<string[]> {
  const expected = await Promise.all(files.map(async (file) => known[file] ?? (await stat(file)).size / 4))
  const byFile = new Map(files.map((file, index) => [file, expected[index] ?? 0]))
  return [...files].sort((one, other) => (byFile.get(other) ?? 0) - (byFile.get(one) ?? 0))
}
