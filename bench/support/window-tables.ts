// What windows come to: a table for each workload, and how much faster or slower than others we are.
import type { Workload } from '../protocol.js'
import { medianOf, type Spread, spreadOf } from './statistics.js'
import { decimals, tableOf, withSpread } from './table.js'
import type { Window } from './window.js'

/** Whom the others are compared with. */
const own = 'latchkey'

export type Column<Row = Window> = Readonly<{ title: string; digits: number; of: (window: Row) => number | null }>

/** What an operation costs, and how busy that keeps who does it. */
export const costColumns: readonly Column[] = [
  { title: 'server CPU s / 1,000', digits: 2, of: ({ serverCpu, operations }) => per(serverCpu, operations / 1000) },
  {
    title: 'PostgreSQL CPU s / 1,000',
    digits: 2,
    of: ({ postgresCpu, operations }) => per(postgresCpu, operations / 1000),
  },
  { title: 'busy: server', digits: 2, of: ({ serverCpu, seconds }) => per(serverCpu, seconds) },
  { title: 'PostgreSQL', digits: 2, of: ({ postgresCpu, seconds }) => per(postgresCpu, seconds) },
]

export const loadColumns: readonly Column[] = [
  { title: 'p50 ms', digits: 1, of: ({ latency }) => latency.p50 },
  { title: 'p95 ms', digits: 1, of: ({ latency }) => latency.p95 },
  { title: 'p99 ms', digits: 1, of: ({ latency }) => latency.p99 },
  ...costColumns,
  { title: 'generator', digits: 2, of: ({ generatorCpu, seconds }) => per(generatorCpu, seconds) },
  { title: 'others', digits: 2, of: ({ otherCpu, seconds }) => per(otherCpu, seconds) },
]

const latencyColumns: readonly Column[] = [
  { title: 'p50 ms', digits: 2, of: ({ latency }) => latency.p50 },
  { title: 'p95 ms', digits: 2, of: ({ latency }) => latency.p95 },
]

/** The tables of a run: of the windows at full load, then of those at a fixed rate. */
export function windowTables(windows: readonly Window[]): string[] {
  const loads = windows.filter(({ rate }) => rate === null)
  const fixed = windows.filter(({ rate }) => rate !== null)
  return [
    ...workloadsOf(loads).map((workload) => loadTable(workload, loads)),
    ...workloadsOf(fixed).map((workload) => latencyTable(workload, fixed)),
  ]
}

/** Our throughput as a multiple of the others', by workload and contestant. */
export function ratiosOf(windows: readonly Window[]): Record<string, Record<string, Spread | null>> {
  const loads = windows.filter(({ rate }) => rate === null)
  const ratios = (workload: Workload) => rowsOf(workload, loads).map(([name]) => [name, ratioTo(name, workload, loads)])
  return Object.fromEntries(workloadsOf(loads).map((workload) => [workload, Object.fromEntries(ratios(workload))]))
}

function ratioTo(other: string, workload: Workload, windows: readonly Window[]): Spread | null {
  const of = (name: string) => windows.filter((window) => window.workload === workload && window.contestant === name)
  return ratioBetween(of(own), of(other))
}

/**
 * The first as a multiple of the others, repetition by repetition: only what ran side by side compares.
 * @param of what is compared, null where the system does not say; throughput, unless given
 */
export function ratioBetween(
  windows: readonly Window[],
  others: readonly Window[],
  of: (window: Window) => number | null = ({ perSecond }) => perSecond,
): Spread | null {
  const ratios = windows.flatMap((window) => {
    const opposite = others.find(({ repetition }) => repetition === window.repetition)
    const [one, other] = [of(window), opposite === undefined ? null : of(opposite)]
    return one === null || other === null ? [] : [one / other]
  })
  return ratios.length === 0 ? null : spreadOf(ratios)
}

function loadTable(workload: Workload, windows: readonly Window[]): string {
  const header = [workload, 'per second', ...loadColumns.map(({ title }) => title), `${own} / it`]
  const rows = rowsOf(workload, windows).map(([name, some]) => {
    const ratio = name === own ? null : ratioTo(name, workload, windows)
    return [name, throughputOf(some), ...mediansOf(loadColumns, some), ratio === null ? '' : withSpread(ratio, 2)]
  })
  return tableOf(header, rows)
}

function latencyTable(workload: Workload, windows: readonly Window[]): string {
  const titles = latencyColumns.map(({ title }) => title)
  const header = [`${workload} at half of capacity`, 'per second', ...titles, 'p99 ms', 'p99 / p50']
  const rows = rowsOf(workload, windows).map(([name, some]) => {
    const tail = spreadOf(some.map(({ latency }) => latency.p99))
    const stretch = spreadOf(some.map(({ latency }) => latency.p99 / latency.p50))
    return [name, throughputOf(some), ...mediansOf(latencyColumns, some), withSpread(tail, 2), withSpread(stretch, 1)]
  })
  return tableOf(header, rows)
}

export function throughputOf(windows: readonly Window[]): string {
  return withSpread(spreadOf(windows.map(({ perSecond }) => perSecond)), 0)
}

export function mediansOf<Row>(columns: readonly Column<Row>[], windows: readonly Row[]): string[] {
  return columns.map(({ of, digits }) => decimals(medianOf(windows.map(of)), digits))
}

/** The windows of a workload by contestant, in the order in which they ran. */
export function rowsOf(workload: Workload, windows: readonly Window[]): [string, Window[]][] {
  const some = windows.filter((window) => window.workload === workload)
  const names = [...new Set(some.map(({ contestant }) => contestant))]
  return names.map((name) => [name, some.filter(({ contestant }) => contestant === name)])
}

export function workloadsOf(windows: readonly Window[]): Workload[] {
  return [...new Set(windows.map(({ workload }) => workload))]
}

export function per(cpuSeconds: number | null, divisor: number): number | null {
  return cpuSeconds === null ? null : cpuSeconds / divisor
}
