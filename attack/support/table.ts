// The table: one row an attack, and the count at the end.
import type { Result, Verdict } from './context.js'

export const tell = (line: string): void => void process.stdout.write(`${line}\n`)

export function printRow({ id, flow, verdict, tried, back }: Result): void {
  tell(`${id.padEnd(4)} ${flow.padEnd(6)} ${verdict.padEnd(8)} ${tried.padEnd(58)} | ${back}`)
}

/** Once more what was not held, where somebody looks first and `.ci/run` looks for it. */
export function printFailures(results: readonly Result[]): void {
  for (const { id, flow, verdict, tried, back } of results) {
    if (verdict === 'NOT HELD') tell(`FAIL ${id} ${flow}: ${tried} | ${back}`)
  }
}

/** `N passed, N failed`, with the skipped ones where there are any. */
export function summaryOf(results: readonly Result[]): string {
  const count = (wanted: Verdict) => results.filter(({ verdict }) => verdict === wanted).length
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : ''
  return `${count('held')} passed, ${count('NOT HELD')} failed${skipped}`
}
