// What a run says while it goes on: a line for each file as it ends, and each failure with its cause at once, in terminals and pipes.
import type { Failure, FileOutcome } from './test-process.js'

/** How many of the slowest files are told at the end. */
const slowestTold = 10
/** Failures of one file that are told. */
const failuresTold = 20
/** Lines of a cause that are told. */
const causeLines = 60

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`.padStart(7)

export function lineOf(
  { file, milliseconds, passed, failed, skipped }: FileOutcome,
  done: number,
  total: number,
): string {
  const place = `[${String(done).padStart(String(total).length)}/${total}]`
  const checks = [
    `${passed} passed`,
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  return `${place} ${failed > 0 ? 'FAIL' : 'ok  '} ${seconds(milliseconds)}  ${file}  ${checks.join(', ')}`
}

function linesOfFailure({ file, name, cause }: Failure): string {
  const lines = cause.split('\n')
  const left = lines.length - causeLines
  const told = left > 0 ? [...lines.slice(0, causeLines), `… and ${left} lines more`] : lines
  return [`FAIL ${file}: ${name}`, ...told.map((line) => `       ${line}`)].join('\n')
}

/** Tells the first failures of a file; where everything fails, the rest says nothing new. */
export function failureTeller(say: (line: string) => void): (failure: Failure) => void {
  const toldOf = new Map<string, number>()
  return (failure) => {
    const told = (toldOf.get(failure.file) ?? 0) + 1
    toldOf.set(failure.file, told)
    if (told <= failuresTold) say(linesOfFailure(failure))
    else if (told === failuresTold + 1) say(`FAIL ${failure.file}: further failures of this file are counted alone`)
  }
}

export function slowestLines(outcomes: readonly FileOutcome[]): string[] {
  const slowest = [...outcomes].sort((one, other) => other.milliseconds - one.milliseconds).slice(0, slowestTold)
  return slowest.map(({ file, milliseconds }) => `${seconds(milliseconds)}  ${file}`)
}

/** The last line of a run, which programs read. */
export function summaryOf(outcomes: readonly FileOutcome[]): string {
  const sum = (count: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, outcome) => total + outcome[count], 0)
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped}`
}
