// Which cores of the machine do what: the server gets the first, the load generator the last, PostgreSQL all but the server's.
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export type Cores = Readonly<{
  /** null where nothing can be pinned: no taskset, or one core */
  server: (replica: number) => string | null
  generator: string | null
  postgres: string | null
  /** in words, for the report */
  description: string
}>

export async function planCores(replicas: number): Promise<Cores> {
  const allowed = await allowedCores()
  if (allowed.length <= replicas) {
    const description = `${availableParallelism()}, nothing pinned (${allowed.length === 0 ? 'no taskset' : 'too few'})`
    return { server: () => null, generator: null, postgres: null, description }
  }
  const servers = allowed.slice(0, replicas)
  const generator = String(allowed.at(-1))
  const postgres = allowed.slice(replicas).join()
  const description = `${allowed.length}: server on ${servers.join()}, generator on ${generator}, PostgreSQL on ${postgres}`
  return { server: (replica) => String(servers[replica]), generator, postgres, description }
}

/** The numbers of the cores that we may use; none where the system has no taskset. */
async function allowedCores(): Promise<number[]> {
  const { stdout } = await execute('taskset', ['-cp', String(process.pid)]).catch(() => ({ stdout: '' }))
  const ranges = /: ([\d,-]+)\s*$/.exec(stdout)?.[1]?.split(',') ?? []
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** A command that runs on these cores. */
export function pinned(cores: string | null, program: string, args: readonly string[]) {
  return cores === null ? { program, args: [...args] } : { program: 'taskset', args: ['-c', cores, program, ...args] }
}

/** Moves processes that run already; what they start later follows them. */
export async function movePids(cores: string | null, pids: readonly number[]): Promise<void> {
  if (cores === null) return
  // One that has ended meanwhile needs no place.
  for (const pid of pids) await execute('taskset', ['-acp', cores, String(pid)]).catch(() => undefined)
}
