// Runs the files, a few at a time, those first that took longest the last time, so that none is left running alone at the end.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileOutcome, RunningFile } from './test-file.js'

type Durations = Record<string, number>

export type Schedule = Readonly<{
  files: readonly string[]
  /** files at a time */
  jobs: number
  /** where the durations of the last run are kept */
  folder: string
  start: (file: string) => RunningFile
  /** called when a file's processes have ended */
  onEnd: (outcome: FileOutcome) => Promise<void>
}>

/** @returns what became of the files that were run, and a function that ends the run */
export function runFiles({ files, jobs, folder, start, onEnd }: Schedule) {
  const running = new Set<RunningFile>()
  const outcomes: FileOutcome[] = []
  let isEnding = false

  async function work(queue: string[]): Promise<void> {
    for (let file = queue.shift(); file !== undefined && !isEnding; file = queue.shift()) {
      const run = start(file)
      running.add(run)
      const outcome = await run.outcome
      running.delete(run)
      outcomes.push(outcome)
      await onEnd(outcome)
    }
  }

  async function all(): Promise<FileOutcome[]> {
    await mkdir(folder, { recursive: true })
    const path = join(folder, 'test-durations.json')
    const known = await readDurations(path)
    const queue = await longestFirst(files, known)
    await Promise.all(Array.from({ length: jobs }, () => work(queue)))
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
