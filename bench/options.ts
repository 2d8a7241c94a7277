// The arguments of `npm run bench`.
import { parseArgs } from 'node:util'
import { type Contestant, contestants } from './contestants.js'
import { type Workload, workloads } from './protocol.js'

export type Options = Readonly<{
  /** `load`: as fast as it goes; `latency`: at half of that */
  mode: 'load' | 'latency'
  workloads: readonly Workload[]
  contestants: readonly Contestant[]
  repetitions: number
  /** of each contestant that are measured before the one that stays */
  starts: number
  /** seconds */
  warmUp: number
  window: number
  users: number
  connections: number
  pool: number
  replicas: number
  profile: boolean
  json: boolean
  build: boolean
}>

/** @throws Error with one line about an argument that is wrong */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      contestants: { type: 'string' },
      latency: { type: 'string' },
      profile: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
      users: { type: 'string', default: '20000' },
      replicas: { type: 'string', default: '1' },
      pool: { type: 'string', default: '10' },
      'no-build': { type: 'boolean', default: false },
    },
  })
  const { quick, profile } = values
  const chosen = chooseContestants(values.contestants ?? (profile ? 'latchkey' : undefined))
  const runnable = workloads.filter((workload) => chosen.some((contestant) => contestant.workloads.includes(workload)))
  return {
    mode: values.latency === undefined ? 'load' : 'latency',
    workloads: chooseWorkloads(values.latency ?? values.only, runnable),
    contestants: chosen,
    repetitions: wholeNumber('--repetitions', values.repetitions ?? (quick ? '1' : '3'), 1, 100),
    starts: quick || profile ? 0 : 4,
    warmUp: quick ? 1 : 3,
    window: quick ? 2 : 8,
    users: wholeNumber('--users', values.users, 1_000, 50_000_000),
    connections: 32,
    pool: wholeNumber('--pool', values.pool, 1, 100),
    replicas: wholeNumber('--replicas', values.replicas, 1, 16),
    profile,
    json: values.json,
    build: !values['no-build'],
  }
}

export function chooseWorkloads(names: string | undefined, runnable: readonly Workload[]): readonly Workload[] {
  return choose('a workload', names, runnable, String)
}

function chooseContestants(names: string | undefined): readonly Contestant[] {
  return choose('a contestant', names, contestants, ({ name }) => name)
}

/** Those that a list names, in our own order; all where there is no list. */
function choose<Item>(what: string, list: string | undefined, all: readonly Item[], nameOf: (item: Item) => string) {
  if (list === undefined) return all
  const wanted = list.split(',').map((name) => name.trim())
  const unknown = wanted.find((name) => !all.some((item) => nameOf(item) === name))
  if (unknown !== undefined) throw new Error(`${unknown} is not ${what}: ${all.map(nameOf).join(', ')}`)
  return all.filter((item) => wanted.includes(nameOf(item)))
}

export function wholeNumber(name: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw new Error(`${name} must be a whole number from ${minimum} to ${maximum}`)
}
