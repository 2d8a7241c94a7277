// The report: a table for each workload, in a terminal or as Markdown, which are the same.
import type { Workload } from '../protocol.js'
import type { ProfileLine } from './profile.js'
import { medianOf, type Spread, spreadOf } from './statistics.js'
import type { Window } from './window.js'

export type ProcessFacts = Readonly<{
  contestant: string
  /** milliseconds */
  starts: readonly number[]
  /** MiB, before the first request, and at the most */
  idleMemory: number | null
  peakMemory: number | null
}>

export type RunResult = Readonly<{
  /** what was measured on, in words, by name */
  machine: Readonly<Record<string, string | number>>
  windows: readonly Window[]
  processes: readonly ProcessFacts[]
  profiles: Readonly<Record<string, readonly ProfileLine[]>>
}>

/** Whom the others are compared with. */
const own = 'latchkey'

/** CPU of others, as a share of one core, from which on a window is doubtful. */
const otherWorkLimit = 0.1

export function textOf(result: RunResult): string {
  const loads = result.windows.filter(({ rate }) => rate === null)
  const fixed = result.windows.filter(({ rate }) => rate !== null)
  const parts = [
    ...Object.entries(result.machine).map(([name, value]) => `${name}: ${value}`),
    ...distinct(loads.map(({ workload }) => workload)).map((workload) => `\n${loadTable(workload, loads)}`),
    ...distinct(fixed.map(({ workload }) => workload)).map((workload) => `\n${latencyTable(workload, fixed)}`),
    `\n${processTable(result.processes)}`,
    ...Object.entries(result.profiles).map(([name, lines]) => `\n${profileTable(name, lines)}`),
    ...warningsOf(result.windows),
  ]
  return `${parts.join('\n')}\n`
}

/** The ratio of our throughput to another's, repetition by repetition, since only what ran side by side compares. */
export function ratiosTo(other: string, workload: Workload, windows: readonly Window[]): Spread | null {
  const of = (name: string) => windows.filter((window) => window.workload === workload && window.contestant === name)
  const theirs = of(other)
  const ratios = of(own).flatMap(({ repetition, perSecond }) => {
    const opposite = theirs.find((window) => window.repetition === repetition)
    return opposite === undefined ? [] : [perSecond / opposite.perSecond]
  })
  return ratios.length === 0 ? null : spreadOf(ratios)
}

/** All ratios of a run, by workload and contestant. */
export function allRatios(windows: readonly Window[]): Record<string, Record<string, Spread | null>> {
  const loads = windows.filter(({ rate }) => rate === null)
  return Object.fromEntries(
    distinct(loads.map(({ workload }) => workload)).map((workload) => {
      const others = rowsOf(workload, loads).map(([name]) => name)
      return [workload, Object.fromEntries(others.map((other) => [other, ratiosTo(other, workload, loads)]))]
    }),
  )
}

function loadTable(workload: Workload, windows: readonly Window[]): string {
  const header = [
    ...[workload, 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'server CPU s / 1,000', 'PostgreSQL CPU s / 1,000'],
    ...['busy: server', 'PostgreSQL', 'generator', 'others', `${own} / it`],
  ]
  const rows = rowsOf(workload, windows).map(([name, theirs]) => {
    const median = (pick: (window: Window) => number | null) => medianOf(theirs.map(pick))
    const ratios = ratiosTo(name, workload, windows)
    return [
      name,
      withSpread(spreadOf(theirs.map(({ perSecond }) => perSecond)), 0),
      decimals(
        median(({ latency }) => latency.p50),
        1,
      ),
      decimals(
        median(({ latency }) => latency.p95),
        1,
      ),
      decimals(
        median(({ latency }) => latency.p99),
        1,
      ),
      decimals(
        median(({ serverCpu, operations }) => per1000(serverCpu, operations)),
        2,
      ),
      decimals(
        median(({ postgresCpu, operations }) => per1000(postgresCpu, operations)),
        2,
      ),
      decimals(
        median(({ serverCpu, seconds }) => share(serverCpu, seconds)),
        2,
      ),
      decimals(
        median(({ postgresCpu, seconds }) => share(postgresCpu, seconds)),
        2,
      ),
      decimals(
        median(({ generatorCpu, seconds }) => share(generatorCpu, seconds)),
        2,
      ),
      ratios === null || name === own ? '' : withSpread(ratios, 2),
    ]
  })
  return tableOf(header, rows)
}

function latencyTable(workload: Workload, windows: readonly Window[]): string {
  const header = [`${workload} at half of capacity`, 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'p99 / p50']
  const rows = rowsOf(workload, windows).map(([name, theirs]) => {
    const median = (pick: (window: Window) => number) => medianOf(theirs.map(pick))
    return [
      name,
      withSpread(spreadOf(theirs.map(({ perSecond }) => perSecond)), 0),
      decimals(
        median(({ latency }) => latency.p50),
        2,
      ),
      decimals(
        median(({ latency }) => latency.p95),
        2,
      ),
      withSpread(spreadOf(theirs.map(({ latency }) => latency.p99)), 2),
      withSpread(spreadOf(theirs.map(({ latency }) => latency.p99 / latency.p50)), 1),
    ]
  })
  return tableOf(header, rows)
}

function processTable(processes: readonly ProcessFacts[]): string {
  const header = ['process', 'start to first answer, ms', 'idle memory, MiB', 'peak memory, MiB']
  const rows = processes.map(({ contestant, starts, idleMemory, peakMemory }) => [
    contestant,
    withSpread(spreadOf(starts), 0),
    decimals(idleMemory, 0),
    decimals(peakMemory, 0),
  ])
  return tableOf(header, rows)
}

function profileTable(name: string, lines: readonly ProfileLine[]): string {
  const rows = lines.map(({ place, seconds, share }) => [place, decimals(seconds, 2), `${decimals(share * 100, 1)} %`])
  return tableOf([`${name}: self time`, 's', 'of busy'], rows)
}

function warningsOf(windows: readonly Window[]): string[] {
  const disturbed = windows.filter(({ otherCpu, seconds }) => otherCpu !== null && otherCpu / seconds > otherWorkLimit)
  if (disturbed.length === 0) return []
  return [
    `\nOther work took more than a tenth of a core in ${disturbed.length} of ${windows.length} windows: measure again.`,
  ]
}

/** The windows of a workload by contestant. */
function rowsOf(workload: Workload, windows: readonly Window[]): [string, Window[]][] {
  const some = windows.filter((window) => window.workload === workload)
  return distinct(some.map(({ contestant }) => contestant)).map((name) => [
    name,
    some.filter(({ contestant }) => contestant === name),
  ])
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

function withSpread({ median, minimum, maximum }: Spread, digits: number): string {
  if (minimum === maximum) return decimals(median, digits)
  return `${decimals(median, digits)} (${decimals(minimum, digits)}–${decimals(maximum, digits)})`
}

function decimals(value: number | null, digits: number): string {
  if (value === null) return 'n/a'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function per1000(cpuSeconds: number | null, operations: number): number | null {
  return cpuSeconds === null ? null : (cpuSeconds / operations) * 1000
}

function share(cpuSeconds: number | null, seconds: number): number | null {
  return cpuSeconds === null ? null : cpuSeconds / seconds
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)]
}
