// What a load met before, during and after a cleanup, table by table.
import type { Timeline } from '../protocol.js'
import type { Sample } from './cleanup-watch.js'
import { percentile, spread } from './figures.js'
import { decimals, tableOf } from './table.js'

export type Phase = Readonly<{
  name: string
  seconds: number
  /** deleted; null where nothing was to be */
  rows: number | null
  operations: number
  /** milliseconds */
  p50: number
  p99: number
  longest: number
  /** p99 of each {@link slice} */
  p99s: readonly number[]
  /** CPU seconds a second; null where the system does not tell */
  serverBusy: number | null
  postgresBusy: number | null
  /** MiB at the most; null where the system does not tell */
  memory: number | null
}>

/** Milliseconds of load whose p99 is looked at by itself. */
const slice = 5_000

/**
 * @param begun when the cleanup was due, in milliseconds since the epoch
 * @param rows of each table that are over
 */
export function phasesOf(timeline: Timeline, samples: readonly Sample[], begun: number, rows: number): Phase[] {
  const first = Math.min(...samples.map(({ at }) => at))
  const last = Math.max(...samples.map(({ at }) => at))
  const tables = Object.keys(samples[0]?.deleted ?? {})
  const known = tables.map((table) => samples.find(({ deleted }) => Number(deleted[table]) >= rows)?.at ?? last)
  // A connection that has nothing more to do tells late: a table is done at the latest when a later one is.
  const ends = known.map((_end, index) => Math.min(...known.slice(index)))
  const done = Math.max(begun, ...ends)
  const phase = (name: string, from: number, to: number, deleted: number | null) =>
    phaseOf(name, deleted, { from, to }, timeline, samples)
  const phases = [
    phase('before', first, begun, null),
    phase('during', begun, done, rows * tables.length),
    ...tables.map((table, index) => phase(`  ${table}`, ends[index - 1] ?? begun, ends[index] ?? last, rows)),
    phase('after', done, last, null),
  ]
  return phases.filter(({ seconds }) => seconds > 0)
}

type Span = Readonly<{ from: number; to: number }>

function phaseOf(
  name: string,
  rows: number | null,
  { from, to }: Span,
  { due, times }: Timeline,
  samples: readonly Sample[],
): Phase {
  const timesBetween = (start: number, end: number) =>
    times.filter((_time, index) => Number(due[index]) >= start && Number(due[index]) < end)
  const own = timesBetween(from, to)
  const slices = Math.max(1, Math.floor((to - from) / slice))
  const length = (to - from) / slices
  const seen = samples.filter(({ at }) => at >= from && at <= to)
  const memories = seen.flatMap(({ memory }) => memory ?? [])
  return {
    name,
    seconds: (to - from) / 1000,
    rows,
    operations: own.length,
    p50: percentile(own, 0.5),
    p99: percentile(own, 0.99),
    longest: own.reduce((most, time) => Math.max(most, time), 0),
    p99s: Array.from({ length: slices }, (_, index) => {
      const start = from + index * length
      return percentile(timesBetween(start, start + length), 0.99)
    }),
    serverBusy: busy(seen, ({ serverCpu }) => serverCpu),
    postgresBusy: busy(seen, ({ postgresCpu }) => postgresCpu),
    memory: memories.length === 0 ? null : Math.max(...memories),
  }
}

function busy(samples: readonly Sample[], of: (sample: Sample) => number | null): number | null {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || first === last) return null
  const [start, end] = [of(first), of(last)]
  return start === null || end === null ? null : (end - start) / ((last.at - first.at) / 1000)
}

export function phaseTable(phases: readonly Phase[]): string {
  const times = ['p50 ms', 'p99 ms', 'longest ms', 'p99 ms of 5 s']
  const costs = ['busy: server', 'PostgreSQL', 'memory, MiB']
  const header = ['cleanup', 'seconds', 'rows a second', 'operations a second', ...times, ...costs]
  const rows = phases.map(({ name, seconds, rows, operations, p50, p99, longest, p99s, ...costs }) => [
    name,
    decimals(seconds, 1),
    rows === null ? '' : decimals(rows / seconds, 0),
    decimals(operations / seconds, 0),
    decimals(p50, 1),
    decimals(p99, 1),
    decimals(longest, 0),
    spread(p99s, 1),
    decimals(costs.serverBusy, 2),
    decimals(costs.postgresBusy, 2),
    decimals(costs.memory, 0),
  ])
  return tableOf(header, rows)
}
