// The same work at different sizes of the database, side by side: a table for each workload.
import type { Workload } from '../protocol.js'
import { type Spread, spreadOf } from './statistics.js'
import { decimals, tableOf, withSpread } from './table.js'
import type { Window } from './window.js'
import { type Column, mediansOf, per, rowsOf, throughputOf, workloadsOf } from './window-tables.js'

const columns: readonly Column[] = [
  { title: 'server CPU s / 1,000', digits: 2, of: ({ serverCpu, operations }) => per(serverCpu, operations / 1000) },
  {
    title: 'PostgreSQL CPU s / 1,000',
    digits: 2,
    of: ({ postgresCpu, operations }) => per(postgresCpu, operations / 1000),
  },
  { title: 'busy: server', digits: 2, of: ({ serverCpu, seconds }) => per(serverCpu, seconds) },
  { title: 'PostgreSQL', digits: 2, of: ({ postgresCpu, seconds }) => per(postgresCpu, seconds) },
]

/** What a size is as a multiple of the smallest, repetition by repetition. */
export type Growth = Readonly<{ throughput: Spread; p99: Spread; postgresCpu: Spread | null }>

export function growthTables(windows: readonly Window[]): string[] {
  return workloadsOf(windows).map((workload) => {
    const titles = columns.map(({ title }) => title)
    const header = [workload, 'per second', '/ smallest', 'p50 ms', 'p99 ms', '/ smallest', ...titles, '/ smallest']
    const rows = rowsOf(workload, windows)
    const smallest = rows[0]?.[1] ?? []
    return tableOf(
      header,
      rows.map(([name, some]) => rowOf(name, some, growthOf(some, smallest))),
    )
  })
}

function rowOf(name: string, some: readonly Window[], growth: Growth): string[] {
  const latency = (share: 'p50' | 'p99') => spreadOf(some.map(({ latency }) => latency[share]))
  return [
    name,
    throughputOf(some),
    withSpread(growth.throughput, 2),
    decimals(latency('p50').median, 1),
    withSpread(latency('p99'), 1),
    withSpread(growth.p99, 2),
    ...mediansOf(columns, some),
    growth.postgresCpu === null ? 'n/a' : withSpread(growth.postgresCpu, 2),
  ]
}

/** By workload and size. */
export function growthsOf(windows: readonly Window[]): Record<string, Record<string, Growth>> {
  const growths = (workload: Workload) => {
    const rows = rowsOf(workload, windows)
    return Object.fromEntries(rows.map(([name, some]) => [name, growthOf(some, rows[0]?.[1] ?? [])]))
  }
  return Object.fromEntries(workloadsOf(windows).map((workload) => [workload, growths(workload)]))
}

function growthOf(some: readonly Window[], smallest: readonly Window[]): Growth {
  const times = (of: (window: Window) => number | null) =>
    some.flatMap((window) => {
      const opposite = smallest.find(({ repetition }) => repetition === window.repetition)
      const [own, other] = [of(window), opposite === undefined ? null : of(opposite)]
      return own === null || other === null ? [] : [own / other]
    })
  const cpu = times(({ postgresCpu, operations }) => per(postgresCpu, operations))
  return {
    throughput: spreadOf(times(({ perSecond }) => perSecond)),
    p99: spreadOf(times(({ latency }) => latency.p99)),
    postgresCpu: cpu.length === 0 ? null : spreadOf(cpu),
  }
}
