import { fileURLToPath } from 'node:url'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { latchkey } from './contestants.js'
import { withDatabases } from './support/borrowed-databases.js'
import { phasesOf, phaseTable } from './support/cleanup-phases.js'
import { watchCleanup } from './support/cleanup-watch.js'
import { type Databases, largeTables } from './support/contestant-databases.js'
import { movePids, planCores } from './support/cores.js'
import { addRowsToCleanUp, usersFor } from './support/expired-rows.js'
import { startField } from './support/field.js'
import { type Generator, startGenerator } from './support/generator.js'
import { buildService } from './support/installation.js'
import { machineOf, textOfMachine } from './support/machine.js'
import { pidsOfTree } from './support/proc.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))

/** In the order in which the cleanup takes them. */
const tables = ['otps', 'signup_tickets', 'sessions', 'devices', 'limit_counters', 'auth_events']

/** Milliseconds from the start of the service to the beginning of the load. */
const preparation = 20_000

const never = '0 0 1 1 *'

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

function readOptions() {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:cleanup --',
      summary: 'Measures whether a cleanup of a million rows of each table is noticed: docs/performance.md.',
      options: {
        rows: { type: 'string', value: 'NUMBER', description: 'to delete of each table (1000000)' },
        quick: { type: 'boolean', description: 'once and briefly, to see that it runs' },
        json: { type: 'boolean', description: 'prints one document with all that was measured' },
        'no-build': { type: 'boolean', description: 'takes the build that is there' },
      },
    },
    process.argv.slice(2),
  )
  const { quick, json } = values
  return {
    rows: wholeNumber('--rows', values.rows ?? (quick ? '20000' : '1000000'), 1_000, 20_000_000),
    /** seconds */
    warmUp: quick ? 1 : 3,
    window: quick ? 3 : 10,
    around: quick ? 10 : 60,
    build: !values['no-build'],
    json,
  }
}

type CleanupOptions = ReturnType<typeof readOptions>
type Place = Readonly<{
  url: string
  generator: Generator
  cores: Awaited<ReturnType<typeof planCores>>
  users: number
}>

/** The service alone on its database, with a cleanup at these times. */
async function startService({ url, generator, cores, users }: Place, cron: string) {
  const options = { contestants: [latchkey], starts: 0, replicas: 1, pool: 10, connections: 32, users, profile: false }
  const databases = { create: async () => url }
  const settings = { CLEANUP_CRON: cron }
  const [runner] = await startField({ projectDirectory, options, cores, databases, generator, tell, settings })
  const [server] = runner?.servers ?? []
  if (server === undefined) throw new Error('the service did not start')
  return server
}

const load = { contestant: latchkey.name, workload: 'visit' } as const

/** Operations a second at full load. */
async function measureCapacity(place: Place, { warmUp, window }: CleanupOptions): Promise<number> {
  const server = await startService(place, never)
  await place.generator.tell({ kind: 'prepare', ...load, seconds: warmUp, window })
  const { operations, seconds } = await place.generator.measure({ kind: 'measure', ...load, seconds: window })
  await server.stop()
  return operations / seconds
}

async function measure(databases: Databases, options: CleanupOptions) {
  const { rows, around, warmUp } = options
  const users = usersFor(rows)
  const url = await databases.create('latchkey', 'cleanup')
  await addRowsToCleanUp(url, rows, tell)
  const cores = await planCores(1)
  await movePids(cores.postgres, await pidsOfTree(databases.pid))
  const generator = await startGenerator(projectDirectory, cores.generator)
  try {
    const place = { url, generator, cores, users }
    const rate = (await measureCapacity(place, options)) / 2
    const begins = new Date(Math.ceil((Date.now() + preparation) / 1000) * 1000 + around * 1000)
    // Once an hour: the schedule of the service, but at a moment that we know.
    const server = await startService(place, `${begins.getSeconds()} ${begins.getMinutes()} * * * *`)
    await generator.tell({ kind: 'prepare', ...load, seconds: warmUp, window: 0 })
    if (secondsUntil(begins) < around / 2) throw new Error('the machine is too busy: the cleanup began before the load')
    tell(`${Math.round(rate)} operations a second; the cleanup begins in ${secondsUntil(begins)} s`)
    const measuring = generator.measure({ kind: 'measure', ...load, seconds: 3_600, rate, timeline: true })
    const watched = { databaseUrl: url, tables, serverPid: server.pid, postgresPid: databases.pid }
    const watching = watchCleanup(watched, rows, begins.getTime(), around).finally(generator.enough)
    const [{ timeline }, samples] = await Promise.all([measuring, watching])
    await server.stop()
    const phases = phasesOf(timeline ?? { due: [], times: [] }, samples, begins.getTime(), rows)
    const machine = {
      ...machineOf(cores, databases),
      'rows in each table': `${rows.toLocaleString('en')} over, as many not`,
      load: `4 me and 1 login in five, ${Math.round(rate)} a second: half of what the service can do`,
    }
    return { machine, phases }
  } finally {
    generator.stop()
  }
}

function secondsUntil(time: Date): number {
  return Math.round((time.getTime() - Date.now()) / 1000)
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options.build) await buildService(projectDirectory)
  await withDatabases(
    { projectDirectory, users: usersFor(options.rows), tell, settings: largeTables },
    async (databases) => {
      const result = await measure(databases, options)
      const text = `${textOfMachine(result.machine)}\n\n${phaseTable(result.phases)}\n`
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : text)
    },
  )
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench:cleanup: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
