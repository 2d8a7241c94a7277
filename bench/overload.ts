// `npm run bench:overload [-- --factor 4 --seconds 10 --repetitions 3]`: what is left of the service at several times its capacity, with
// load shedding and without. Capacity is found by a closed loop, before and after each window in which requests come at a fixed rate
// whatever comes back, over as many connections as that takes; only right answers within two seconds count. See docs/overload.md.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { latchkey } from './contestants.js'
import { type Connection, openConnection } from './generator/connection.js'
import { closedLoop } from './generator/load.js'
import { addressOf, createSupply } from './generator/numbers.js'
import { withDatabases } from './support/borrowed-databases.js'
import type { Databases } from './support/contestant-databases.js'
import { type Cores, movePids, planCores } from './support/cores.js'
import { startGenerator } from './support/generator.js'
import { buildService } from './support/installation.js'
import { machineOf } from './support/machine.js'
import { cpuSecondsOf, cpuSecondsOfTree, pidsOfTree } from './support/proc.js'
import { startServer } from './support/servers.js'
import { serverSettings } from './support/settings.js'
import { tableOf } from './support/table.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))
const tell = (line: string): void => void process.stderr.write(`${line}\n`)

/** Milliseconds within which an answer is worth something to somebody who waits for it. */
const patience = 2_000
/** Clients of the closed loop. */
const clients = 64
/** Connections, opened beforehand as a proxy and clients that were here before have them: who finds none free has lost. */
const mostConnections = 4_000

const { values } = parseCommandLineOrExit(
  {
    program: 'npm run bench:overload --',
    summary: 'Measures what is left of the service at several times its capacity: docs/overload.md.',
    options: {
      factor: { type: 'string', value: 'NUMBER', default: '4', description: 'times the capacity' },
      seconds: { type: 'string', value: 'NUMBER', default: '10', description: 'of each window' },
      repetitions: { type: 'string', value: 'NUMBER', default: '3', description: 'of each window' },
      'no-build': { type: 'boolean', description: 'takes the build that is there' },
    },
  },
  process.argv.slice(2),
)
const factor = wholeNumber('--factor', values.factor, 1, 20)
const seconds = wholeNumber('--seconds', values.seconds, 1, 600)
const repetitions = wholeNumber('--repetitions', values.repetitions, 1, 20)

const nextNumber = createSupply('stranger')

/** A send to somebody new; its status, 0 where the connection ended. */
async function send(connection: Connection): Promise<number> {
  const number = nextNumber()
  const headers = { 'x-forwarded-for': addressOf(number) }
  const body = { mobile_number: number }
  return connection.ask({ method: 'POST', path: '/api/auth/send-otp', headers, body }).then(
    ({ status }) => status,
    () => 0,
  )
}

type Window = {
  offered: number
  good: number
  late: number
  refused: number
  failed: number
  /** milliseconds of the good ones */
  times: number[]
}

/** Requests at this rate, whatever comes back. Each has a connection to itself. */
async function openLoop(url: string, rate: number): Promise<Window> {
  const window: Window = { offered: 0, good: 0, late: 0, refused: 0, failed: 0, times: [] }
  const free: Connection[] = []
  for (let opened = 0; opened < mostConnections; opened += 200)
    free.push(...(await Promise.all(Array.from({ length: 200 }, () => openConnection(url)))))
  // Until the server has taken all of them.
  await sleep(500)
  let underWay = 0

  async function one(due: number): Promise<void> {
    underWay += 1
    // In turns: servers end connections that stay silent for long.
    const connection = free.shift()
    try {
      if (connection === undefined) throw new Error('no connection')
      const status = await send(connection)
      const took = performance.now() - due
      if (status === 503) window.refused += 1
      else if (status !== 200) window.failed += 1
      else if (took > patience) window.late += 1
      else {
        window.good += 1
        window.times.push(took)
      }
      if (status !== 0) free.push(connection)
    } catch {
      window.failed += 1
    }
    underWay -= 1
  }

  const started = performance.now()
  const end = started + seconds * 1_000
  for (let now = started; now < end; now = performance.now()) {
    for (; window.offered < ((now - started) / 1_000) * rate; window.offered += 1)
      void one(started + (window.offered / rate) * 1_000)
    await sleep(1)
  }
  // Whoever still waits is answered, or has waited for long enough.
  for (let left = 100; underWay > 0 && left > 0; left -= 1) await sleep(100)
  window.failed += underWay
  for (const connection of free) connection.close()
  return window
}

async function capacityOf(url: string): Promise<number> {
  const connections = await Promise.all(Array.from({ length: clients }, () => openConnection(url)))
  let good = 0
  const operation = async (connection: Connection) => {
    if ((await send(connection)) === 200) good += 1
  }
  // Also until what the window before left behind is forgotten.
  await closedLoop(connections, 2, () => operation)
  good = 0
  const load = await closedLoop(connections, Math.ceil(seconds / 2), () => operation)
  for (const connection of connections) connection.close()
  return good / load.seconds
}

type Parts = Readonly<{ cores: Cores; databases: Databases; gatewayUrl: string }>
type Row = Readonly<{
  shedding: string
  capacity: number
  window: Window
  serverCpu: number | null
  postgresCpu: number | null
  ownCpu: number
}>

async function measure(shedding: 'on' | 'off', parts: Parts): Promise<Row> {
  const { cores, databases, gatewayUrl } = parts
  const databaseUrl = await databases.create('latchkey', `overload-${shedding}-${Date.now()}`)
  const server = await startServer({
    projectDirectory,
    program: latchkey.program,
    readyPath: latchkey.readyPath,
    cores: cores.server(0),
    settings: (port) => ({ ...serverSettings(databaseUrl, gatewayUrl, port, 10), LOAD_SHEDDING: shedding }),
  })
  try {
    const capacityBefore = await capacityOf(server.url)
    const cpu = async () => ({
      server: await cpuSecondsOf(server.pid),
      postgres: await cpuSecondsOfTree(databases.pid),
      own: process.cpuUsage(),
    })
    const before = await cpu()
    const window = await openLoop(server.url, factor * capacityBefore)
    const after = await cpu()
    // What else a machine has to do changes within seconds: the capacity while the window ran is between those around it.
    const capacity = (capacityBefore + (await capacityOf(server.url))) / 2
    const difference = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b)
    return {
      shedding,
      capacity,
      window,
      serverCpu: difference(after.server, before.server),
      postgresCpu: difference(after.postgres, before.postgres),
      ownCpu: (after.own.user + after.own.system - before.own.user - before.own.system) / 1e6,
    }
  } finally {
    await server.stop()
  }
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const percentile = (numbers: readonly number[], share: number) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0
const whole = (number: number) => Math.round(number).toLocaleString('en')

function textOf(rows: readonly Row[]): string {
  const header = [
    'shedding',
    'capacity, a second',
    'offered',
    'good within 2 s',
    'of capacity',
    'late',
    'refused, 503',
    'failed',
    'p50, p99 of good, ms',
    'CPU s: server, PostgreSQL, generator',
  ]
  const lines = rows.map(({ shedding, capacity, window, serverCpu, postgresCpu, ownCpu }) => [
    shedding,
    whole(capacity),
    whole(window.offered / seconds),
    whole(window.good / seconds),
    `${Math.round((100 * window.good) / seconds / capacity)} %`,
    whole(window.late / seconds),
    whole(window.refused / seconds),
    whole(window.failed / seconds),
    `${whole(percentile(window.times, 0.5))}, ${whole(percentile(window.times, 0.99))}`,
    [serverCpu, postgresCpu, ownCpu].map((each) => (each === null ? 'n/a' : each.toFixed(1))).join(', '),
  ])
  const shareOf = (shedding: string) =>
    Math.round(
      100 *
        median(
          rows
            .filter((row) => row.shedding === shedding)
            .map(({ capacity, window }) => window.good / seconds / capacity),
        ),
    )
  return `${tableOf(header, lines)}\nGoodput at ${factor} times capacity, medians: ${shareOf('off')} % without shedding, ${shareOf('on')} % with.\n`
}

async function main(): Promise<void> {
  if (!values['no-build']) await buildService(projectDirectory)
  await withDatabases({ projectDirectory, users: 20_000, tell }, async (databases) => {
    const cores = await planCores(1)
    await movePids(cores.postgres, await pidsOfTree(databases.pid))
    await movePids(cores.generator, [process.pid])
    // Its gateway alone: the load is made here.
    const generator = await startGenerator(projectDirectory, cores.generator)
    const rows: Row[] = []
    try {
      for (let repetition = 1; repetition <= repetitions; repetition += 1) {
        for (const shedding of ['off', 'on'] as const) {
          const row = await measure(shedding, { cores, databases, gatewayUrl: generator.gatewayUrl })
          rows.push(row)
          tell(
            `${repetition}. shedding ${shedding}: ${whole(row.window.good / seconds)} good of ${whole(row.capacity)}`,
          )
        }
      }
    } finally {
      generator.stop()
    }
    process.stdout.write(
      `${Object.entries(machineOf(cores, databases))
        .map(([name, value]) => `${name}: ${value}`)
        .join('\n')}\n\n${textOf(rows)}`,
    )
  })
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    tell(`npm run bench:overload: ${error.message}`)
    process.exit(exitCodeAfter(error))
  },
)
