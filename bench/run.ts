// `npm run bench [-- --quick --json --only send,login --repetitions 5 …]`: how fast the built service is, beside others and
// beside what is possible. See docs/performance.md.
import { fileURLToPath } from 'node:url'
import { type Options, readOptions } from './options.js'
import { withDatabases } from './support/borrowed-databases.js'
import type { Databases } from './support/contestant-databases.js'
import { movePids, planCores } from './support/cores.js'
import { type Runner, startField } from './support/field.js'
import { type Generator, startGenerator } from './support/generator.js'
import { buildService, installPeers } from './support/installation.js'
import { machineOf } from './support/machine.js'
import { memoryOf, pidsOfTree } from './support/proc.js'
import { type ProfileLine, topOfProfiles } from './support/profile.js'
import { type ProcessFacts, type RunResult, textOf } from './support/report.js'
import { checkLookups, measureWindow, type Window, type WindowOrder } from './support/window.js'
import { ratiosOf } from './support/window-tables.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))
const profileLines = 30

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options.contestants.some(({ schema }) => schema === 'better-auth')) await installPeers(projectDirectory, tell)
  if (options.build) await buildService(projectDirectory)
  await withDatabases(projectDirectory, options.users, tell, async (databases) => {
    const result = await runOn(databases, options)
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result))
  })
}

async function runOn(databases: Databases, options: Options): Promise<RunResult> {
  const cores = await planCores(options.replicas)
  await movePids(cores.postgres, await pidsOfTree(databases.pid))
  const generator = await startGenerator(projectDirectory, cores.generator)
  try {
    const runners = await startField({ projectDirectory, options, cores, databases, generator, tell })
    const windows = await measureAll(runners, options, generator, databases.pid)
    const processes = await Promise.all(runners.map(factsOf))
    for (const { servers } of runners) await Promise.all(servers.map((server) => server.stop()))
    for (const runner of runners) await checkLookups(runner, windows)
    const profiles = Object.fromEntries(runners.flatMap(profileOf))
    const machine = {
      ...machineOf(cores, databases),
      'people in each database': options.users,
      'connections, pool, replicas': `${options.connections}, ${options.pool}, ${options.replicas}`,
      windows: `${options.repetitions} of ${options.window} s, each after ${options.warmUp} s`,
    }
    return { machine, windows, ratios: ratiosOf(windows), processes, profiles }
  } finally {
    generator.stop()
  }
}

/** One contestant after the other within each workload: what drifts, drifts for all of them. */
async function measureAll(
  runners: readonly Runner[],
  options: Options,
  generator: Generator,
  postgresPid: number,
): Promise<Window[]> {
  const windows: Window[] = []
  const tools = { generator, postgresPid }
  for (let repetition = 1; repetition <= options.repetitions; repetition += 1) {
    for (const workload of options.workloads) {
      for (const runner of runners.filter(({ contestant }) => contestant.workloads.includes(workload))) {
        const order = { workload, repetition, warmUp: options.warmUp, window: options.window }
        const full = await measureOne(runner, order, tools)
        windows.push(full)
        if (options.mode === 'load') continue
        windows.push(await measureOne(runner, { ...order, rate: full.perSecond / 2 }, tools))
      }
    }
  }
  return windows
}

async function measureOne(
  runner: Runner,
  order: WindowOrder,
  tools: { generator: Generator; postgresPid: number },
): Promise<Window> {
  const what = `${order.repetition}. ${order.workload}, ${runner.contestant.name}`
  try {
    const window = await measureWindow(runner, order, tools)
    tell(`${what}: ${Math.round(window.perSecond)} a second, p99 ${window.latency.p99.toFixed(1)} ms`)
    return window
  } catch (error) {
    throw new Error(`nothing to report: ${what}: ${(error as Error).message}`)
  }
}

async function factsOf({ contestant, servers, starts, idleMemory }: Runner): Promise<ProcessFacts> {
  const peakMemory = servers[0] ? await memoryOf(servers[0].pid, 'VmHWM') : null
  return { contestant: contestant.name, starts, idleMemory, peakMemory }
}

function profileOf({ contestant, profiles, idleAfter }: Runner): [string, ProfileLine[]][] {
  return profiles === null ? [] : [[contestant.name, topOfProfiles(profiles, profileLines, idleAfter)]]
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench: ${error.message}`)
    process.exit(1)
  },
)
