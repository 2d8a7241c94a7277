// One window of load on one contestant, held against the database's own counts.
import type { Client } from 'pg'
import { withConnection } from '../../src/development/postgres-query.js'
import type { Contestant } from '../contestants.js'
import type { Counts } from '../evidence.js'
import type { Measurement, Tally, Workload } from '../protocol.js'
import type { Runner } from './field.js'
import type { Generator } from './generator.js'
import { busySecondsOfMachine, cpuSecondsOf, cpuSecondsOfTree } from './proc.js'

export type Window = Readonly<{
  contestant: string
  workload: Workload
  /** from 1 */
  repetition: number
  /** operations a second that were asked for; null where as many as possible */
  rate: number | null
  operations: number
  seconds: number
  perSecond: number
  /** milliseconds */
  latency: Measurement['latency']
  /** CPU seconds; null where the system does not tell */
  serverCpu: number | null
  postgresCpu: number | null
  generatorCpu: number
  /** calls that were answered rightly, by kind */
  tally: Tally
  /** of everything else on the machine */
  otherCpu: number | null
}>

export type WindowOrder = Readonly<{
  workload: Workload
  repetition: number
  /** seconds */
  warmUp: number
  window: number
  rate?: number
}>

/** Above this share of its core a generator measures itself. */
const generatorLimit = 0.7

/** @throws Error with the reason why the window says nothing: a wrong answer, a busy generator, a database of another opinion */
export async function measureWindow(
  { contestant, servers, databaseUrl }: Runner,
  { workload, repetition, warmUp, window, rate }: WindowOrder,
  { generator, postgresPid }: { generator: Generator; postgresPid: number },
): Promise<Window> {
  const { name } = contestant
  const cpuNow = async () => ({
    server: sumOf(await Promise.all(servers.map(({ pid }) => cpuSecondsOf(pid)))),
    postgres: await cpuSecondsOfTree(postgresPid),
    machine: await busySecondsOfMachine(),
  })
  await generator.tell({ kind: 'prepare', contestant: name, workload, seconds: warmUp, window })
  const countsBefore = await countsOf(contestant, databaseUrl)
  const before = await cpuNow()
  const common = { kind: 'measure', contestant: name, workload, seconds: window } as const
  const measurement = await generator.measure({ ...common, ...(rate !== undefined && { rate }) })
  const after = await cpuNow()
  checkCounts(contestant, countsBefore, await countsOf(contestant, databaseUrl), measurement.tally)

  const { operations, seconds, latency, generatorCpuSeconds } = measurement
  const share = generatorCpuSeconds / seconds
  // Without a database there is nothing to hold it against: it says what the machine can do, generator included.
  if (share > generatorLimit && contestant.schema !== null)
    throw new Error(`the load generator used ${share.toFixed(2)} of its core: it is the limit`)
  const serverCpu = difference(after.server, before.server)
  const postgresCpu = difference(after.postgres, before.postgres)
  const ours = sumOf([serverCpu, postgresCpu, generatorCpuSeconds])
  return {
    contestant: name,
    workload,
    repetition,
    rate: rate ?? null,
    operations,
    seconds,
    perSecond: operations / seconds,
    latency,
    serverCpu,
    postgresCpu,
    generatorCpu: generatorCpuSeconds,
    tally: measurement.tally,
    otherCpu: difference(difference(after.machine, before.machine), ours),
  }
}

/** @throws Error unless every session was looked up in the database for each `me` of the whole run */
export async function checkLookups({ contestant, databaseUrl }: Runner, windows: readonly Window[]): Promise<void> {
  const { evidence, name } = contestant
  const own = windows.filter((window) => window.contestant === name)
  const mes = own.reduce((sum, { tally }) => sum + tally.mes, 0)
  if (evidence === null || databaseUrl === null) return
  // The servers have ended, and with them their connections, which have handed in all their counts.
  const scans = await withConnection(databaseUrl, async (client) => {
    const query =
      'SELECT (coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::int AS scans FROM pg_stat_user_tables WHERE relname = $1'
    const { rows } = await client.query<{ scans: number }>(query, [evidence.sessions])
    return Number(rows[0]?.scans)
  })
  if (!(scans >= mes)) throw new Error(`${name}: ${mes} times me, but ${scans} reads of sessions in the database`)
}

async function countsOf({ evidence }: Contestant, databaseUrl: string | null): Promise<Counts> {
  if (evidence === null || databaseUrl === null) return {}
  const query = (client: Client) => client.query<Counts>(evidence.query)
  return withConnection(databaseUrl, async (client) => Object((await query(client)).rows[0]) as Counts)
}

function checkCounts({ evidence }: Contestant, before: Counts, after: Counts, tally: Tally): void {
  if (evidence === null) return
  for (const [name, expected] of Object.entries(evidence.expected(tally))) {
    const found = Number(after[name]) - Number(before[name])
    if (found !== expected) throw new Error(`${expected} answers, but the database has ${found} more ${name}`)
  }
}

function sumOf(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0)
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before
}
