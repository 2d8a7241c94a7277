// `npm run bench:scale [-- --quick --json --repetitions 5 --users 20000]`: what more replicas, larger pools and the disk do to the
// built service, what one operation needs, and what so many logins a second therefore need. See docs/scaling.md.
import { fileURLToPath } from 'node:url'
import { exitCodeAfter } from '../src/config/command-line.js'
import type { Options } from './options.js'
import type { Workload } from './protocol.js'
import { capacityOf } from './scale/capacity.js'
import { startVariants, type VariantRunner } from './scale/field.js'
import { measuredOf, type ScaleWindow } from './scale/measured.js'
import { readScaleOptions } from './scale/options.js'
import { storageOf } from './scale/storage.js'
import { type ScaleResult, textOf } from './scale/tables.js'
import { base, loginsAlone, variants } from './scale/variants.js'
import { watchWrites } from './scale/writes.js'
import { withDatabases } from './support/borrowed-databases.js'
import type { Databases } from './support/contestant-databases.js'
import { movePids, planCores } from './support/cores.js'
import { type Generator, startGenerator } from './support/generator.js'
import { buildService } from './support/installation.js'
import { machineOf } from './support/machine.js'
import { pidsOfTree } from './support/proc.js'
import { checkLookups, measureWindow } from './support/window.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const options = readScaleOptions()
  if (options.build) await buildService(projectDirectory)
  await withDatabases({ projectDirectory, users: options.users, tell }, async (databases) => {
    const result = await runOn(databases, options)
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result))
  })
}

async function runOn(databases: Databases, options: Options): Promise<ScaleResult> {
  // The cores are those of the most replicas for every variant: PostgreSQL has as many beside one replica as beside two.
  const cores = await planCores(Math.max(...variants.map(({ replicas }) => replicas)))
  await movePids(cores.postgres, await pidsOfTree(databases.pid))
  const generator = await startGenerator(projectDirectory, cores.generator)
  try {
    const runners = await startVariants({ projectDirectory, options, cores, databases, generator, tell })
    const windows = await measureAll(runners, options, generator, databases.pid)
    for (const { runner } of runners) await Promise.all(runner.servers.map((server) => server.stop()))
    for (const { runner } of runners) await checkLookups(runner, windows)
    const storage = await storageOf(databaseOf(loginsAlone.name, runners))
    const measured = measuredOf(windows, storage)
    const machine = {
      ...machineOf(cores, databases),
      'people in each database': options.users,
      clients: options.connections,
      windows: `${options.repetitions} of ${options.window} s, each after ${options.warmUp} s`,
    }
    return { machine, windows, storage, measured, capacity: capacityOf(measured) }
  } finally {
    generator.stop()
  }
}

type Order = Readonly<{ workload: Workload; repetition: number; isAfterCheckpoint: boolean }>

/** One variant after the other within each workload; each repetition ends with a login right after a checkpoint. */
async function measureAll(
  runners: readonly VariantRunner[],
  options: Options,
  generator: Generator,
  postgresPid: number,
): Promise<ScaleWindow[]> {
  const windows: ScaleWindow[] = []
  const measure = async (runner: VariantRunner, order: Order) =>
    void windows.push(await measureOne(runner, order, options, { generator, postgresPid }))
  for (let repetition = 1; repetition <= options.repetitions; repetition += 1) {
    for (const workload of base.workloads) {
      for (const runner of runners.filter(({ variant }) => variant.workloads.includes(workload))) {
        await measure(runner, { workload, repetition, isAfterCheckpoint: false })
      }
    }
    const [first] = runners.filter(({ variant }) => variant === base)
    if (first) await measure(first, { workload: 'login', repetition, isAfterCheckpoint: true })
  }
  return windows
}

async function measureOne(
  { runner, variant, databaseUrl }: VariantRunner,
  { workload, repetition, isAfterCheckpoint }: Order,
  { warmUp, window }: Options,
  { generator, postgresPid }: { generator: Generator; postgresPid: number },
): Promise<ScaleWindow> {
  const what = `${repetition}. ${workload}, ${variant.name}${isAfterCheckpoint ? ', after a checkpoint' : ''}`
  try {
    const watched = watchWrites(generator, databaseUrl, isAfterCheckpoint)
    const tools = { generator: watched.generator, postgresPid }
    const measured = await measureWindow(runner, { workload, repetition, warmUp, window }, tools)
    tell(`${what}: ${Math.round(measured.perSecond)} a second, p99 ${measured.latency.p99.toFixed(1)} ms`)
    return { ...measured, ...watched.writes(), isAfterCheckpoint }
  } catch (error) {
    throw new Error(`nothing to report: ${what}: ${(error as Error).message}`)
  }
}

function databaseOf(name: string, runners: readonly VariantRunner[]): string {
  return String(runners.find(({ variant }) => variant.name === name)?.databaseUrl)
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench:scale: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
