// `npm run bench [-- --quick --json --only send,login --repetitions 5 …]`: how fast the built service is, beside others and
// beside what is possible. See docs/performance.md.
import { fileURLToPath } from 'node:url'
import { exitCodeAfter } from '../src/config/command-line.js'
import { type Options, readOptions } from './options.js'
import { withDatabases } from './support/borrowed-databases.js'
import type { Databases } from './support/contestant-databases.js'
import { movePids, planCores } from './support/cores.js'
import { type Runner, startField } from './support/field.js'
import { startGenerator } from './support/generator.js'
import { buildService, installPeers } from './support/installation.js'
import { machineOf } from './support/machine.js'
import { endRunners, measureAll } from './support/measuring.js'
import { pidsOfTree } from './support/proc.js'
import { type ProfileTops, topOfProfiles } from './support/profile.js'
import { type RunResult, textOf } from './support/report.js'
import { ratiosOf } from './support/window-tables.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))
const profileLines = 30

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  const options = readOptions()
  if (options.contestants.some(({ schema }) => schema === 'better-auth')) await installPeers(projectDirectory, tell)
  if (options.build) await buildService(projectDirectory)
  await withDatabases({ projectDirectory, users: options.users, tell }, async (databases) => {
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
    const windows = await measureAll(runners, options, { generator, postgresPid: databases.pid, tell })
    const processes = await endRunners(runners, windows)
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

function profileOf({ contestant, profiles, idleAfter }: Runner): [string, ProfileTops][] {
  return profiles === null ? [] : [[contestant.name, topOfProfiles(profiles, profileLines, idleAfter)]]
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
