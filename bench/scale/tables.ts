// The report of a run: a table for each workload, what one operation needs, and what so many logins a second need.
import type { Workload } from '../protocol.js'
import { type Machine, textOfMachine } from '../support/machine.js'
import { warningsOf } from '../support/report.js'
import { tableOf, withSpread } from '../support/table.js'
import { type Column, loadColumns, mediansOf, ratioBetween, throughputOf } from '../support/window-tables.js'
import { assumptions, type Capacity, capacityTable } from './capacity.js'
import { type Measured, measuredTables, type ScaleWindow } from './measured.js'
import type { Storage } from './storage.js'
import { base, variants } from './variants.js'

export type ScaleResult = Readonly<{
  machine: Machine
  windows: readonly ScaleWindow[]
  /** of a database in which there was nothing but logins */
  storage: Storage
  measured: Measured
  capacity: readonly Capacity[]
}>

const writeColumns: readonly Column<ScaleWindow>[] = [
  { title: 'WAL kB / 1', digits: 2, of: ({ walBytes, operations }) => walBytes / 1000 / operations },
  { title: 'commits / 1', digits: 2, of: ({ commits, operations }) => commits / operations },
  { title: 'flushes a second', digits: 0, of: ({ flushes, seconds }) => flushes / seconds },
  { title: 'commits / flush', digits: 1, of: ({ commits, flushes }) => (flushes === 0 ? null : commits / flushes) },
]

export function textOf({ machine, windows, measured, capacity }: ScaleResult): string {
  const calm = windows.filter(({ isAfterCheckpoint }) => !isAfterCheckpoint)
  const parts = [
    textOfMachine(machine),
    ...base.workloads.map((workload) => workloadTable(workload, calm)),
    ...measuredTables(measured),
    capacityTable(capacity),
    assumptions(),
    ...warningsOf(windows),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Reads write next to nothing: their table ends with what they cost. */
function workloadTable(workload: Workload, windows: readonly ScaleWindow[]): string {
  const writes = workload === 'me' ? [] : writeColumns
  const of = (name: string) => windows.filter((window) => window.workload === workload && window.contestant === name)
  const header = [
    workload,
    'per second',
    `beside ${base.name}`,
    ...[...loadColumns, ...writes].map(({ title }) => title),
  ]
  const rows = variants
    .filter((variant) => variant.workloads.includes(workload))
    .map(({ name }) => {
      const own = of(name)
      const ratio = name === base.name ? null : ratioBetween(own, of(base.name))
      const cells = [...mediansOf(loadColumns, own), ...mediansOf(writes, own)]
      return [name, throughputOf(own), ratio === null ? '' : withSpread(ratio, 2), ...cells]
    })
  return tableOf(header, rows)
}
