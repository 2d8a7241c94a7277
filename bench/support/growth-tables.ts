// The same work at different sizes of the database, side by side: a table for each workload.
import type { Workload } from '../protocol.js'
import { type Spread, spreadOf } from './statistics.js'
import { decimals, tableOf, withSpread } from './table.js'
import type { Window } from './window.js'
import { costColumns, mediansOf, per, ratioBetween, rowsOf, throughputOf, workloadsOf } from './window-tables.js'

/** What a size is as a multiple of the smallest, repetition by repetition. */
export type Growth = Readonly<Record<'throughput' | 'p99' | 'postgresCpu', Spread | null>>

export function growthTables(windows: readonly Window[]): string[] {
  return workloadsOf(windows).map((workload) => {
    const titles = costColumns.map(({ title }) => title)
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
    shown(growth.throughput),
    decimals(latency('p50').median, 1),
    withSpread(latency('p99'), 1),
    shown(growth.p99),
    ...mediansOf(costColumns, some),
    shown(growth.postgresCpu),
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
  return {
    throughput: ratioBetween(some, smallest),
    p99: ratioBetween(some, smallest, ({ latency }) => latency.p99),
    postgresCpu: ratioBetween(some, smallest, ({ postgresCpu, operations }) => per(postgresCpu, operations)),
  }
}

const shown = (growth: Spread | null) => (growth === null ? 'n/a' : withSpread(growth, 2))
