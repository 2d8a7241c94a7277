// The arguments of `npm run bench`.
import { parseCommandLineOrExit, UsageError, type Values, wholeNumber } from '../src/config/command-line.js'
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

const options = {
  quick: { type: 'boolean', description: 'once and briefly, to see that it runs' },
  json: { type: 'boolean', description: 'prints one document with every window' },
  only: { type: 'string', value: 'WORKLOADS', description: `some of ${workloads.join(',')}` },
  contestants: {
    type: 'string',
    value: 'NAMES',
    description: `some of ${contestants.map(({ name }) => name).join(',')}`,
  },
  latency: { type: 'string', value: 'WORKLOADS', description: 'at half of the throughput of each' },
  profile: { type: 'boolean', description: 'shows where the time of the processor goes' },
  repetitions: { type: 'string', value: 'NUMBER', description: 'of each window' },
  users: { type: 'string', value: 'NUMBER', default: '20000', description: 'people in each database' },
  replicas: { type: 'string', value: 'NUMBER', default: '1', description: 'processes of the service' },
  connections: { type: 'string', value: 'NUMBER', default: '32', description: 'that are kept busy; 1: a lone client' },
  pool: { type: 'string', value: 'NUMBER', default: '10', description: 'connections of each to the database' },
  'no-build': { type: 'boolean', description: 'takes the build that is there' },
} as const

/** @throws UsageError with one line about an argument that is wrong */
export function readOptions(): Options {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench --',
      summary:
        'Measures how fast the built service is, beside others and beside what is possible: docs/performance.md.',
      options,
    },
    process.argv.slice(2),
  )
  return optionsOf(values)
}

/** @throws UsageError with one line about a value that is wrong */
export function optionsOf(values: Values<typeof options>): Options {
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
    connections: wholeNumber('--connections', values.connections, 1, 1_000),
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
  if (unknown !== undefined) throw new UsageError(`${unknown} is not ${what}: ${all.map(nameOf).join(', ')}`)
  return all.filter((item) => wanted.includes(nameOf(item)))
}
