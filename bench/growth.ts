import { fileURLToPath } from 'node:url'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { type Contestant, latchkey } from './contestants.js'
import { grownEvidence } from './evidence.js'
import { chooseWorkloads } from './options.js'
import { withDatabases } from './support/borrowed-databases.js'
import { type Databases, largeTables } from './support/contestant-databases.js'
import { movePids, planCores } from './support/cores.js'
import { type Runner, startField } from './support/field.js'
import { startGenerator } from './support/generator.js'
import { checkCodes, growDatabase } from './support/grown-database.js'
import { growthsOf, growthTables } from './support/growth-tables.js'
import { buildService } from './support/installation.js'
import { machineOf, textOfMachine } from './support/machine.js'
import { endRunners, measureAll } from './support/measuring.js'
import { pidsOfTree } from './support/proc.js'
import { processTable, warningsOf } from './support/report.js'
import { readSignedIn } from './support/signed-in.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

function readOptions() {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:growth --',
      summary: 'Measures what a million users cost the service, and ten million: docs/performance.md.',
      options: {
        quick: { type: 'boolean', description: 'once and briefly, to see that it runs' },
        json: { type: 'boolean', description: 'prints one document with all that was measured' },
        sizes: { type: 'string', value: 'NUMBERS', description: 'of users (1000,1000000,10000000)' },
        only: { type: 'string', value: 'WORKLOADS', description: `some of ${latchkey.workloads.join(',')}` },
        repetitions: { type: 'string', value: 'NUMBER', description: 'of each window' },
        'no-build': { type: 'boolean', description: 'takes the build that is there' },
      },
    },
    process.argv.slice(2),
  )
  const { quick, json } = values
  const sizes = values.sizes ?? (quick ? '1000,20000,100000' : '1000,1000000,10000000')
  return {
    sizes: sizes.split(',').map((size) => wholeNumber('--sizes', size, 1_000, 50_000_000)),
    workloads: chooseWorkloads(values.only, latchkey.workloads),
    repetitions: wholeNumber('--repetitions', values.repetitions ?? (quick ? '1' : '5'), 1, 100),
    warmUp: quick ? 1 : 3,
    window: quick ? 2 : 8,
    mode: 'load',
    starts: 0,
    replicas: 1,
    pool: 10,
    connections: 32,
    profile: false,
    build: !values['no-build'],
    json,
  } as const
}

type GrowthOptions = ReturnType<typeof readOptions>

function contestantOf(users: number): Contestant {
  return { ...latchkey, name: `${users.toLocaleString('en')} users`, evidence: grownEvidence }
}

async function measure(databases: Databases, options: GrowthOptions) {
  const cores = await planCores(options.replicas)
  const grown = new Map<number, string>()
  const filled: string[] = []
  for (const users of options.sizes) {
    const begun = performance.now()
    const url = await databases.createEmpty('latchkey', `growth ${users}`)
    await growDatabase(url, users, tell)
    grown.set(users, url)
    filled.push(`${users.toLocaleString('en')} in ${Math.round((performance.now() - begun) / 1000)} s`)
  }
  await movePids(cores.postgres, await pidsOfTree(databases.pid))
  const generator = await startGenerator(projectDirectory, cores.generator)
  try {
    const runners: Runner[] = []
    for (const [users, url] of grown) {
      const parts = { projectDirectory, cores, generator, tell, databases: { create: async () => url } }
      const signedInAt = () => readSignedIn(url, users)
      const own = { ...options, users, contestants: [contestantOf(users)] }
      runners.push(...(await startField({ ...parts, options: own, signedInAt })))
    }
    const windows = await measureAll(runners, options, { generator, postgresPid: databases.pid, tell })
    const processes = await endRunners(runners, windows)
    for (const [, url] of grown) await checkCodes(url)
    const machine = {
      ...machineOf(cores, databases),
      'users and rows of otps': filled.join(', '),
      windows: `${options.repetitions} of ${options.window} s, each after ${options.warmUp} s, the sizes in turns`,
    }
    return { machine, windows, growth: growthsOf(windows), processes }
  } finally {
    generator.stop()
  }
}

function textOf({ machine, windows, processes }: Awaited<ReturnType<typeof measure>>): string {
  const parts = [textOfMachine(machine), ...growthTables(windows), processTable(processes), ...warningsOf(windows)]
  return `${parts.join('\n\n')}\n`
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options.build) await buildService(projectDirectory)
  // What is filled in its first transaction need not be logged first; no other server reads the log.
  const settings = { wal_level: 'minimal', max_wal_senders: '0', ...largeTables }
  await withDatabases({ projectDirectory, users: 0, tell, settings }, async (databases) => {
    const result = await measure(databases, options)
    process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result))
  })
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench:growth: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
