// What one operation needs, as medians of the windows of the service by default: what capacity is worked out from.
import { medianOf } from '../support/statistics.js'
import { decimals, tableOf } from '../support/table.js'
import type { Window } from '../support/window.js'
import { per } from '../support/window-tables.js'
import { bytesOfRow, type Storage } from './storage.js'
import { base, measuredWorkloads } from './variants.js'
import type { Writes } from './writes.js'

/** `isAfterCheckpoint`: a checkpoint came right before it. Such a window tells of its log alone. */
export type ScaleWindow = Window & Writes & Readonly<{ isAfterCheckpoint: boolean }>

type MeasuredWorkload = (typeof measuredWorkloads)[number]

/** CPU seconds of a thousand; bytes and commits of one. */
type Needs = Readonly<{ serviceCpu: number; postgresCpu: number; walBytes: number; commits: number }>

export type Measured = Readonly<{
  operations: Readonly<Record<MeasuredWorkload, Needs>>
  /** bytes of one login */
  walAfterCheckpoint: number
  rowsPerLogin: Readonly<Record<Growing, number>>
  /** a part of its indexes included */
  bytesPerRow: Readonly<Record<keyof Storage, number>>
}>

/** Tables that get longer with every login. */
const growing = ['sessions', 'devices', 'auth_events'] as const
type Growing = (typeof growing)[number]

/** @param storage of a database in which there was nothing but logins */
export function measuredOf(windows: readonly ScaleWindow[], storage: Storage): Measured {
  const own = windows.filter(({ contestant }) => contestant === base.name)
  const calm = own.filter(({ isAfterCheckpoint }) => !isAfterCheckpoint)
  const needs = measuredWorkloads.map((workload) => {
    const some = calm.filter((window) => window.workload === workload)
    const needed = { serviceCpu: cpu(some, 'serverCpu'), postgresCpu: cpu(some, 'postgresCpu') }
    return [workload, { ...needed, walBytes: each(some, 'walBytes'), commits: each(some, 'commits') }]
  })
  const tables = Object.entries(storage).map(([table, size]) => [table, bytesOfRow(size)])
  const rows = growing.map((table) => [table, storage[table].rows / storage.sessions.rows])
  return {
    operations: Object.fromEntries(needs) as Measured['operations'],
    walAfterCheckpoint: each(
      own.filter(({ isAfterCheckpoint }) => isAfterCheckpoint),
      'walBytes',
    ),
    rowsPerLogin: Object.fromEntries(rows) as Measured['rowsPerLogin'],
    bytesPerRow: Object.fromEntries(tables) as Measured['bytesPerRow'],
  }
}

/** Of a thousand; NaN where the system does not tell. */
function cpu(windows: readonly ScaleWindow[], which: 'serverCpu' | 'postgresCpu'): number {
  return medianOf(windows.map((window) => per(window[which], window.operations / 1000))) ?? Number.NaN
}

function each(windows: readonly ScaleWindow[], which: 'walBytes' | 'commits'): number {
  return medianOf(windows.map((window) => window[which] / window.operations)) ?? Number.NaN
}

export function measuredTables({ operations, walAfterCheckpoint, rowsPerLogin, bytesPerRow }: Measured): string[] {
  const needs = measuredWorkloads.map((workload) => needsRow(workload, operations[workload]))
  const atItsMost = ['login, right after a checkpoint', '', '', decimals(walAfterCheckpoint / 1000, 2), '']
  const rows = Object.entries(bytesPerRow).map(([table, bytes]) => {
    const perLogin = growing.find((name) => name === table)
    return [table, decimals(bytes, 0), perLogin ? decimals(rowsPerLogin[perLogin], 2) : '']
  })
  return [
    tableOf(
      ['one operation', 'service CPU s / 1,000', 'PostgreSQL CPU s / 1,000', 'WAL kB', 'commits'],
      [...needs, atItsMost],
    ),
    tableOf(['rows of', 'bytes, indexes included', 'new ones for each login'], rows),
  ]
}

function needsRow(workload: MeasuredWorkload, { serviceCpu, postgresCpu, walBytes, commits }: Needs): string[] {
  const cells = [decimals(serviceCpu, 3), decimals(postgresCpu, 3), decimals(walBytes / 1000, 2), decimals(commits, 2)]
  return [workload, ...cells]
}
