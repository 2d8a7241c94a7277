// What the doctor finds, and how people read it.
import { counted } from './counted.js'

/** `note`: worth knowing, nothing to mend. */
export type State = 'ok' | 'note' | 'warning' | 'failed'

export type Finding = Readonly<{
  area: 'settings' | 'database' | 'outside' | 'service' | 'limits'
  state: State
  /** what was found, in one line; never with the value of a setting */
  line: string
  /** how to mend it */
  hint?: string
}>

/** Findings as they come: what takes its time is told when it is known. */
export type Findings = AsyncGenerator<Finding, void>

/** A maker of an area's findings. */
export function findingsOf(area: Finding['area']) {
  return (state: State, line: string, hint?: string): Finding => ({ area, state, line, ...(hint && { hint }) })
}

/** A row of the table, and the hint below it where something is to be done. */
export function linesOf({ area, state, line, hint }: Finding): string[] {
  const row = `${state.padEnd(8)} ${area.padEnd(9)} ${line}`
  return hint === undefined ? [row] : [row, `${' '.repeat(19)}→ ${hint}`]
}

/** How many of each, in one line. */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (state: State) => findings.filter((finding) => finding.state === state).length
  return `${count('ok')} ok, ${counted(count('note'), 'note')}, ${counted(count('warning'), 'warning')}, ${count('failed')} failed`
}
