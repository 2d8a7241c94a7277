// All windows of a run, and what is asked of the servers when they are over.
import type { Options } from '../options.js'
import type { Runner } from './field.js'
import type { Generator } from './generator.js'
import { memoryOf } from './proc.js'
import type { ProcessFacts } from './report.js'
import { checkLookups, measureWindow, type Window, type WindowOrder } from './window.js'

type Tools = Readonly<{ generator: Generator; postgresPid: number; tell: (line: string) => void }>

/** One contestant after the other within each workload: what drifts, drifts for all of them. */
export async function measureAll(
  runners: readonly Runner[],
  options: Pick<Options, 'mode' | 'workloads' | 'repetitions' | 'warmUp' | 'window'>,
  tools: Tools,
): Promise<Window[]> {
  const windows: Window[] = []
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

async function measureOne(runner: Runner, order: WindowOrder, tools: Tools): Promise<Window> {
  const what = `${order.repetition}. ${order.workload}, ${runner.contestant.name}`
  try {
    const window = await measureWindow(runner, order, tools)
    tools.tell(`${what}: ${Math.round(window.perSecond)} a second, p99 ${window.latency.p99.toFixed(1)} ms`)
    return window
  } catch (error) {
    throw new Error(`nothing to report: ${what}: ${(error as Error).message}`)
  }
}

/** Ends the servers, and holds what they did against the windows. */
export async function endRunners(runners: readonly Runner[], windows: readonly Window[]): Promise<ProcessFacts[]> {
  const processes = await Promise.all(runners.map(factsOf))
  for (const { servers } of runners) await Promise.all(servers.map((server) => server.stop()))
  for (const runner of runners) await checkLookups(runner, windows)
  return processes
}

async function factsOf({ contestant, servers, starts, idleMemory }: Runner): Promise<ProcessFacts> {
  const peakMemory = servers[0] ? await memoryOf(servers[0].pid, 'VmHWM') : null
  const lastMemory = servers[0] ? await memoryOf(servers[0].pid, 'VmRSS') : null
  return { contestant: contestant.name, starts, idleMemory, lastMemory, peakMemory }
}
