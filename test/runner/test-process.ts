// Runs one test file in a process of its own and reads what it says (TAP), check by check.
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

export type FileOptions = Readonly<{
  environment: NodeJS.ProcessEnv
  /** milliseconds until a file is given up */
  timeout: number
  onFailure: (failure: Failure) => void
}>

/** Milliseconds that a file has to end after it was told to. */
const grace = 2_000
/** Characters of what a file prints beside its checks that are kept to explain a failure. */
const keptOutput = 8_000

/** A test file under way. */
export type RunningFile = Readonly<{ outcome: Promise<FileOutcome>; end: (signal: NodeJS.Signals) => void }>

/** @param program the arguments of Node that run the file */
export function runTestFile(file: string, program: readonly string[], options: FileOptions): RunningFile {
  // A group of its own, so that what the test has started ends with it.
  const child = spawn(process.execPath, program, {
    env: { ...options.environment, TAP_TIMEOUT: String(options.timeout / 1000) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  return { outcome: follow(child, file, options), end: (signal) => signalGroup(child, signal) }
}

async function follow(child: ChildProcess, file: string, { timeout, onFailure }: FileOptions): Promise<FileOutcome> {
  const started = performance.now()
  const count = { passed: 0, failed: 0, skipped: 0 }
  const fail = (name: string, cause: string) => {
    count.failed += 1
    onFailure({ file, name, cause })
  }
  const printed = { extra: '', errors: '' }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.errors = (printed.errors + text).slice(-keptOutput)
  })
  const ended = readChecks(child, {
    onCheck(check) {
      if (check.skip) count.skipped += 1
      else if (check.ok || check.todo) count.passed += 1
      else fail(check.fullname || check.name, causeOf(check.diag))
    },
    onExtra: (text) => {
      printed.extra = (printed.extra + text).slice(-keptOutput)
    },
  })

  // tap gives up by itself in time and says what still ran; this is for a file that can't.
  let isLate = false
  const end = (signal: NodeJS.Signals) => () => {
    isLate = true
    signalGroup(child, signal)
  }
  const timers = [setTimeout(end('SIGTERM'), timeout + grace), setTimeout(end('SIGKILL'), timeout + 2 * grace)]
  const [code, isPlanned] = await Promise.all([exitCodeOf(child), ended])
  for (const timer of timers) clearTimeout(timer)
  // Whatever the test has left running would hold its database.
  signalGroup(child, 'SIGKILL')

  const said = explain(`${printed.errors}\n${printed.extra}`)
  const failWhole = (cause: string) => fail('the file as a whole', `${cause}\n${said}`.trim())
  if (isLate) failWhole(`did not end within ${timeout / 1000} seconds`)
  else if (count.failed === 0 && code !== 0) failWhole(`ended with exit code ${code}`)
  else if (count.passed + count.failed + count.skipped === 0) failWhole('has no test: nothing was checked by tap')
  else if (!isPlanned && count.failed === 0) failWhole('ended before all its tests had')
  return { file, milliseconds: performance.now() - started, ...count }
}

type Reading = { onCheck: (check: Result) => void; onExtra: (text: string) => void }

/** Reads the checks, leaving out those that only sum up others; resolves at the end, with whether there was a plan. */
function readChecks(child: ChildProcess, { onCheck, onExtra }: Reading): Promise<boolean> {
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
      if (isSummary) return
      if (!check.ok) onFailure()
      onCheck(check)
    })
    parser.on('extra', onExtra)
  }
  return new Promise((resolve) => {
    const root = new Parser(({ plan }) => resolve(plan.end !== null))
    listen(root, () => undefined)
    child.stdout?.pipe(root)
  })
}
