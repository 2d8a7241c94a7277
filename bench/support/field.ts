// The contestants of a run, all of them running: each on a database of its own, open to the load generator.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant } from '../contestants.js'
import type { Options } from '../options.js'
import type { SignedIn } from '../protocol.js'
import type { Databases } from './contestant-databases.js'
import type { Cores } from './cores.js'
import type { Generator } from './generator.js'
import { memoryOf } from './proc.js'
import { recordStatements } from './recording.js'
import { type Server, startServer } from './servers.js'
import { type Settings, serverSettings } from './settings.js'

export type Runner = Readonly<{
  contestant: Contestant
  servers: readonly Server[]
  /** null where it has none */
  databaseUrl: string | null
  /** milliseconds from the start of the process to its first answer, of each start */
  starts: readonly number[]
  /** MiB of one process that has not been asked anything yet; null where the system does not tell */
  idleMemory: number | null
  /** seconds after its start at which a process did nothing any more */
  idleAfter: number
  /** where CPU profiles go; null without `--profile` */
  profiles: string | null
}>

export type FieldParts = Readonly<{
  projectDirectory: string
  options: Pick<Options, 'contestants' | 'starts' | 'replicas' | 'pool' | 'connections' | 'users' | 'profile'>
  cores: Cores
  databases: Pick<Databases, 'create'>
  generator: Generator
  tell: (line: string) => void
  /** beside those that every server gets */
  settings?: Settings
  /** who is signed in already in a database; without it, a workload that needs sessions makes its own */
  signedInAt?: (databaseUrl: string) => Promise<readonly SignedIn[]>
}>

/** Milliseconds after its start at which a process is taken to be idle. */
const settling = 2_000

export async function startField(parts: FieldParts): Promise<Runner[]> {
  const runners: Runner[] = []
  for (const contestant of parts.options.contestants) runners.push(await startRunner(parts, contestant))
  return runners
}

async function startRunner(parts: FieldParts, contestant: Contestant): Promise<Runner> {
  const { projectDirectory, options, cores, databases, generator, tell, settings } = parts
  const { name, program, readyPath, schema, dialect } = contestant
  const { connections, users } = options
  tell(`starting ${name}`)
  const databaseUrl = schema === null ? null : await databases.create(schema, name)
  const recording =
    name === 'ceiling' && databaseUrl ? await recordStatements(projectDirectory, databaseUrl, users) : null
  const profiles = options.profile ? emptyFolder(join(projectDirectory, '.data', 'bench', 'profiles', name)) : null

  const start = (replica: number) =>
    startServer({
      projectDirectory,
      program,
      readyPath,
      cores: cores.server(replica),
      nodeArguments: profiles === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles],
      settings: (port) => ({
        ...serverSettings(databaseUrl ?? '', generator.gatewayUrl, port, options.pool),
        ...(recording && { RECORDED_STATEMENTS: recording }),
        ...settings,
      }),
    })

  const starts: number[] = []
  for (let count = 0; count < options.starts; count += 1) {
    const server = await start(0)
    starts.push(server.startMilliseconds)
    await server.stop()
  }
  const servers: Server[] = []
  for (let replica = 0; replica < options.replicas; replica += 1) servers.push(await start(replica))
  starts.push(...servers.map(({ startMilliseconds }) => startMilliseconds))
  await sleep(settling)
  const idleMemory = servers[0] ? await memoryOf(servers[0].pid, 'VmRSS') : null

  const urls = servers.map(({ url }) => url)
  const signedIn = await parts.signedInAt?.(databaseUrl ?? '')
  const opening = { kind: 'open', contestant: name, dialect, urls, connections, users } as const
  await generator.tell({ ...opening, ...(signedIn && { signedIn }) })
  const idleAfter = (Math.max(...starts) + settling) / 1000
  return { contestant, servers, databaseUrl, starts, idleMemory, idleAfter, profiles }
}

function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}
