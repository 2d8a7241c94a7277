// Runs test files in a process that they share, one after another, and reads what it says (TAP), check by check.
import { type ChildProcess, spawn } from 'node:child_process'
import { Parser, type Result } from 'tap-parser'
import { exitCodeOf, signalGroup } from '../../src/development/processes.js'
import { causeOf, explain } from './explain.js'

/** What became of a test file. */
export type FileOutcome = Readonly<{
  file: string
  milliseconds: number
  passed: number
  failed: number
  skipped: number
}>

/** A check that failed, or a file that could not be run to its end. */
export type Failure = Readonly<{
  file: string
  /** the names of the test and of those around it, or what the file as a whole failed at */
  name: string
  /** lines that say why */
  cause: string
}>

/** What the process is told: the compiled file, and the milliseconds until it is given up. */
export type FileToRun = Readonly<{ path: string; timeout: number }>

/** The check by which the process says that all tests of a file have ended: a comment would be held back until the next check. */
export const endOfFile = 'latchkey: end of this test file'

export type ProcessOptions = Readonly<{
  environment: NodeJS.ProcessEnv
  /** milliseconds until a file is given up */
  timeout: number
  /** milliseconds that the process has to end by itself after its last test */
  peace?: number
  onFailure: (failure: Failure) => void
}>

/** A process that runs test files. */
export type TestProcess = Readonly<{
  /** Runs a file; the one before must have ended. */
  run: (file: string, path: string) => Promise<FileOutcome>
  /** Whether it still can run files: a file that goes wrong as a whole takes its process with it. */
  isUsable: () => boolean
  /** Lets the process end; whether it did by itself and in peace. */
  close: () => Promise<boolean>
  end: (signal: NodeJS.Signals) => void
}>

/** Milliseconds that a process has to end after it was told to. */
const grace = 2_000
/** Characters of what a file prints beside its checks that are kept to explain a failure. */
const keptOutput = 8_000

/** @param program the arguments of Node that start files-process.ts */
export function startTestProcess(program: readonly string[], options: ProcessOptions): TestProcess {
  const { environment, timeout, peace = 15_000, onFailure } = options
  // A group of its own, so that what the tests have started ends with it.
  const child = spawn(process.execPath, program, {
    env: { ...environment, TAP_TIMEOUT: String(timeout / 1000) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  let reading = newReading(() => undefined)
  let last = ''
  let hasFailed = false
  let hasEnded = false
  child.stderr?.setEncoding('utf8').on('data', (text: string) => reading.onErrors(text))
  const read = readChecks(child, () => reading)
  const ended = Promise.all([exitCodeOf(child), read]).then(([code]) => {
    hasEnded = true
    // Whatever the tests have left running would hold their databases.
    signalGroup(child, 'SIGKILL')
    return code
  })
  // Whoever runs a file hears of it; without one there is nobody to tell.
  ended.catch(() => undefined)

  async function run(file: string, path: string): Promise<FileOutcome> {
    const started = performance.now()
    const current = newReading((name, cause) => onFailure({ file, name, cause }))
    reading = current
    last = file
    const { count, failWhole } = current
    // tap gives up by itself in time and says what still ran; this is for a file that can't.
    let isLate = false
    const end = (signal: NodeJS.Signals) => () => {
      isLate = true
      signalGroup(child, signal)
    }
    const timers = [setTimeout(end('SIGTERM'), timeout + grace), setTimeout(end('SIGKILL'), timeout + 2 * grace)]
    child.send({ path, timeout } satisfies FileToRun)
    const code = await Promise.race([current.end, ended])
    for (const timer of timers) clearTimeout(timer)

    if (isLate) failWhole(`did not end within ${timeout / 1000} seconds`)
    // A test that is cut short is told as unfinished by tap, and nothing else: what ended the process stands in what it printed.
    else if (code !== null && (count.failed === 0 || current.hasErrors()))
      failWhole(code === 0 ? 'ended before all its tests had' : `ended with exit code ${code}`)
    else if (count.passed + count.failed + count.skipped === 0) failWhole('has no test: nothing was checked by tap')
    hasFailed ||= count.failed > 0
    return { file, milliseconds: performance.now() - started, ...count }
  }

  async function close(): Promise<boolean> {
    if (hasEnded) return true
    if (child.connected) child.disconnect()
    let isStuck = false
    const timer = setTimeout(() => {
      isStuck = true
      signalGroup(child, 'SIGKILL')
    }, peace)
    const code = await ended
    clearTimeout(timer)
    if (code === 0 || (code === 1 && hasFailed)) return true
    const name = 'the process of this file and those before it'
    const cause = isStuck ? 'did not end, since something still ran' : `ended with exit code ${code}`
    onFailure({ file: last, name, cause: `${cause}\n${reading.printed()}`.trim() })
    return false
  }

  return { run, isUsable: () => !hasEnded && child.connected, close, end: (signal) => signalGroup(child, signal) }
}

type Reading = ReturnType<typeof newReading>

/** What is heard of one file. */
function newReading(onFailure: (name: string, cause: string) => void) {
  const count = { passed: 0, failed: 0, skipped: 0 }
  let errors = ''
  let extra = ''
  let resolveEnd: (code: null) => void = () => undefined
  const end = new Promise<null>((resolve) => {
    resolveEnd = resolve
  })
  const fail = (name: string, cause: string) => {
    count.failed += 1
    onFailure(name, cause)
  }
  const printed = () => explain(`${errors}\n${extra}`)
  return {
    count,
    end,
    printed,
    hasErrors: () => errors.trim() !== '',
    failWhole: (cause: string) => fail('the file as a whole', `${cause}\n${printed()}`.trim()),
    onEnd: () => resolveEnd(null),
    onErrors(text: string): void {
      errors = (errors + text).slice(-keptOutput)
    },
    onExtra(text: string): void {
      extra = (extra + text).slice(-keptOutput)
    },
    onCheck(check: Result): void {
      if (check.skip) count.skipped += 1
      else if (check.ok || check.todo) count.passed += 1
      else fail(check.fullname || check.name, causeOf(check.diag))
    },
  }
}

/** Reads the checks, leaving out those that only sum up others; resolves when all was read. */
function readChecks(child: ChildProcess, reading: () => Reading): Promise<void> {
  function listen(parser: Parser, onFailure: () => void): void {
    let hasFailedWithin = false
    parser.on('child', (within: Parser) => {
      hasFailedWithin = false
      listen(within, () => {
        hasFailedWithin = true
        onFailure()
      })
    })
    parser.on('assert', (check: Result) => {
      // A test whose own checks all passed can still fail as a whole: by what it threw, or by its teardown.
      const isSummary = check.closingTestPoint && (check.ok || hasFailedWithin)
      hasFailedWithin = false
      if (isSummary || check.name === endOfFile) return
      if (!check.ok) onFailure()
      reading().onCheck(check)
    })
    parser.on('extra', (text: string) => reading().onExtra(text))
  }
  return new Promise((resolve) => {
    const root = new Parser(() => resolve())
    listen(root, () => undefined)
    // A check is told of when the next one comes, a line at once: by now all checks before this line were told of.
    root.on('line', (line: string) => {
      if (line.includes(endOfFile)) reading().onEnd()
    })
    child.stdout?.pipe(root)
  })
}
