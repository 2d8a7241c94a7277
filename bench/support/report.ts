// The report of a run.
import { type Machine, textOfMachine } from './machine.js'
import type { ProfileLine, ProfileTops } from './profile.js'
import { type Spread, spreadOf } from './statistics.js'
import { decimals, tableOf, withSpread } from './table.js'
import type { Window } from './window.js'
import { windowTables } from './window-tables.js'

export type ProcessFacts = Readonly<{
  contestant: string
  /** milliseconds */
  starts: readonly number[]
  /** MiB of one process before its first request, after the last window, and at the most */
  idleMemory: number | null
  lastMemory: number | null
  peakMemory: number | null
}>

export type RunResult = Readonly<{
  machine: Machine
  windows: readonly Window[]
  /** our throughput as a multiple of the others', by workload and contestant */
  ratios: Readonly<Record<string, Readonly<Record<string, Spread | null>>>>
  processes: readonly ProcessFacts[]
  /** by contestant; empty without `--profile` */
  profiles: Readonly<Record<string, ProfileTops>>
}>

/** CPU of others, as a share of one core, from which on a window is doubtful. */
const otherWorkLimit = 0.1

export function textOf({ machine, windows, processes, profiles }: RunResult): string {
  const parts = [
    textOfMachine(machine),
    ...windowTables(windows),
    processTable(processes),
    ...Object.entries(profiles).flatMap(([name, tops]) => profileTables(name, tops)),
    ...warningsOf(windows),
  ]
  return `${parts.join('\n\n')}\n`
}

export function processTable(processes: readonly ProcessFacts[]): string {
  const header = ['process', 'start to first answer, ms', 'idle memory, MiB', 'at the end', 'at the most']
  const rows = processes.map(({ contestant, starts, idleMemory, lastMemory, peakMemory }) => [
    contestant,
    withSpread(spreadOf(starts), 0),
    decimals(idleMemory, 0),
    decimals(lastMemory, 0),
    decimals(peakMemory, 0),
  ])
  return tableOf(header, rows)
}

function profileTables(name: string, { functions, packages }: ProfileTops): string[] {
  return [
    profileTable(`${name}: self time`, functions),
    profileTable(`${name}: by the package that asked for it`, packages),
  ]
}

function profileTable(title: string, lines: readonly ProfileLine[]): string {
  const rows = lines.map(({ place, seconds, share }) => [place, decimals(seconds, 2), `${decimals(share * 100, 1)} %`])
  return tableOf([title, 's', 'of busy'], rows)
}

/** Nothing, or a line that says how many windows are doubtful. */
export function warningsOf(windows: readonly Window[]): string[] {
  const disturbed = windows.filter(({ otherCpu, seconds }) => otherCpu !== null && otherCpu / seconds > otherWorkLimit)
  if (disturbed.length === 0) return []
  return [
    `Other work took more than a tenth of a core in ${disturbed.length} of ${windows.length} windows: measure again.`,
  ]
}
