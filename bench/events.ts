// `npm run bench:events`: what events cost a login, and whether many of them, delivered, slow logins down: docs/performance.md.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exitCodeAfter, parseCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { withConnection } from '../src/development/postgres-query.js'
import { latchkey } from './contestants.js'
import { withDatabases } from './support/borrowed-databases.js'
import { movePids, planCores } from './support/cores.js'
import { type FieldParts, type Runner, startField } from './support/field.js'
import { type Generator, startGenerator } from './support/generator.js'
import { buildService } from './support/installation.js'
import type { Settings } from './support/settings.js'
import { measureWindow } from './support/window.js'

const projectDirectory = fileURLToPath(new URL('..', import.meta.url))
const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const secret = `whsec_${Buffer.from('a secret of the bench, 32 bytes!').toString('base64')}`

/** What is measured, in turns: triggers off; as it is, told to nobody; and told, with further ones that happen meanwhile. */
const conditions = ['without events', 'written', 'written and delivered, with further ones'] as const

function readOptions() {
  const { values } = parseCommandLineOrExit(
    {
      program: 'npm run bench:events --',
      summary: 'Measures what events cost a login, and many of them delivered beside logins.',
      options: {
        repetitions: { type: 'string', value: 'NUMBER', default: '5', description: 'of each window' },
        connections: { type: 'string', value: 'NUMBER', default: '16', description: 'that are kept busy' },
        rate: { type: 'string', value: 'NUMBER', description: 'logins a second; as many as possible where left out' },
        further: {
          type: 'string',
          value: 'NUMBER',
          default: '1000',
          description: 'events a second beside those of logins',
        },
        'no-build': { type: 'boolean', description: 'takes the build that is there' },
      },
    },
    process.argv.slice(2),
  )
  return {
    repetitions: wholeNumber('--repetitions', values.repetitions, 1, 50),
    connections: wholeNumber('--connections', values.connections, 1, 256),
    rate: values.rate === undefined ? undefined : wholeNumber('--rate', values.rate, 1, 10_000),
    further: wholeNumber('--further', values.further, 0, 10_000),
    build: !values['no-build'],
  }
}

/** Takes events and counts them. */
async function startReceiver() {
  const counts = { taken: 0 }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      counts.taken += 1
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    counts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => server.closeAllConnections(),
  }
}

/** So many events a second, of a thousand users, twenty times a second. */
async function inject(url: string, perSecond: number, signal: AbortSignal): Promise<void> {
  await withConnection(url, async (client) => {
    for (let due = performance.now(); !signal.aborted; due += 50) {
      await client.query(
        `INSERT INTO event_outbox (type, user_id, data)
        SELECT 'user.updated', md5((random() * 1000)::int::text)::uuid, '{"changed": ["user_name"]}' FROM generate_series(1, $1)`,
        [Math.round(perSecond / 20)],
      )
      await sleep(Math.max(0, due + 50 - performance.now()))
    }
  })
}

const median = (values: readonly number[]) =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

type Parts = Omit<FieldParts, 'options' | 'settings'>
type Tools = { generator: Generator; postgresPid: number }
type Told = Runner & Readonly<{ databaseUrl: string; isTold: boolean }>

/** One service for each condition, each on a database of its own. */
async function startRunners(parts: Parts, connections: number, receiver: string): Promise<Told[]> {
  const rest = { starts: 1, replicas: 1, pool: 10, users: 20_000, profile: false, connections }
  const runners: Told[] = []
  for (const name of conditions) {
    const isTold = name === conditions[2]
    const settings: Settings = isTold ? { EVENT_WEBHOOKS: `${receiver}|${secret}` } : {}
    const contestants = [{ ...latchkey, name }]
    const [runner] = await startField({ ...parts, settings, options: { ...rest, contestants } })
    if (!runner?.databaseUrl) throw new Error('the service has no database')
    runners.push({ ...runner, databaseUrl: runner.databaseUrl, isTold })
  }
  await withConnection(String(runners[0]?.databaseUrl), async (client) => {
    for (const table of ['users', 'sessions', 'auth_events'])
      await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  })
  return runners
}

type Measured = Readonly<{
  perSecond: number
  p50: number
  p99: number
  /** milliseconds of CPU for a login, events and all: what others do on the machine changes it least */
  server: number
  postgres: number
  /** of everything else, cores */
  others: number
  delivered: number
  seconds: number
}>

type Order = Readonly<{ repetition: number; further: number; rate?: number }>

/** One window of logins, with further events where they are told. */
async function measure(runner: Told, order: Order, tools: Tools, counts: { taken: number }): Promise<Measured> {
  const stop = new AbortController()
  const [begun, before] = [performance.now(), counts.taken]
  const injecting = runner.isTold ? inject(runner.databaseUrl, order.further, stop.signal) : Promise.resolve()
  const { repetition } = order
  const window = await measureWindow(runner, { workload: 'login', warmUp: 2, window: 5, ...order }, tools)
  stop.abort()
  await injecting
  const { name } = runner.contestant
  const { perSecond, latency, operations } = window
  const of = (cpu: number | null) => ((cpu ?? 0) / operations) * 1_000
  const [server, postgres] = [of(window.serverCpu), of(window.postgresCpu)]
  const others = (window.otherCpu ?? 0) / window.seconds
  tell(
    `${repetition}. ${name}: ${Math.round(perSecond)} logins a second, p50 ${latency.p50.toFixed(1)} ms, ${server.toFixed(2)} + ${postgres.toFixed(2)} ms, others ${others.toFixed(2)}`,
  )
  const seconds = (performance.now() - begun) / 1_000
  return {
    perSecond,
    p50: latency.p50,
    p99: latency.p99,
    server,
    postgres,
    others,
    delivered: counts.taken - before,
    seconds,
  }
}

/** The windows of each condition. The first round warms up, and counts for nothing. */
async function measureInTurns(
  runners: readonly Told[],
  repetitions: number,
  measureOne: (runner: Told, repetition: number) => Promise<Measured>,
) {
  const measured = new Map<string, Measured[]>(conditions.map((name) => [name, []]))
  for (let repetition = 0; repetition <= repetitions; repetition += 1) {
    for (const runner of runners) {
      const window = await measureOne(runner, repetition)
      if (repetition > 0) measured.get(runner.contestant.name)?.push(window)
    }
  }
  return measured
}

function tableOf(measured: ReadonlyMap<string, Measured[]>): string {
  const of = (name: string, member: 'perSecond' | 'p50' | 'p99' | 'server' | 'postgres' | 'others') =>
    median((measured.get(name) ?? []).map((each) => each[member]))
  const base = measured.get(conditions[0]) ?? []
  // Each against the window beside it: the machine of one minute is not that of the next.
  const share = (name: string) =>
    median((measured.get(name) ?? []).map(({ perSecond }, n) => perSecond / Number(base[n]?.perSecond)))
  const rows = conditions.map(
    (name) =>
      `| ${name} | ${Math.round(of(name, 'perSecond'))} | ${share(name).toFixed(2)} | ${of(name, 'p50').toFixed(1)}, ${of(name, 'p99').toFixed(0)} | ${of(name, 'server').toFixed(2)} | ${of(name, 'postgres').toFixed(2)} | ${of(name, 'others').toFixed(2)} |`,
  )
  const told = measured.get(conditions[2]) ?? []
  const sum = (member: 'delivered' | 'seconds') => told.reduce((total, each) => total + each[member], 0)
  return [
    '| | logins a second | of those without | p50, p99 ms | CPU ms of a login: service | PostgreSQL | cores that others used |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows,
    '',
    `${Math.round(sum('delivered') / sum('seconds'))} events a second were delivered`,
  ].join('\n')
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options.build) await buildService(projectDirectory)
  await withDatabases({ projectDirectory, users: 20_000, tell }, async (databases) => {
    const cores = await planCores(1)
    const generator = await startGenerator(projectDirectory, cores.generator)
    // What takes events and makes them happen is here: beside the service, whose core has more room than that of PostgreSQL.
    await movePids(cores.server(0), [process.pid])
    const receiver = await startReceiver()
    try {
      const parts = { projectDirectory, cores, generator, tell, databases }
      const runners = await startRunners(parts, options.connections, receiver.url)
      const tools = { generator, postgresPid: databases.pid }
      const { repetitions, further, rate } = options
      const measured = await measureInTurns(runners, repetitions, (runner, repetition) =>
        measure(runner, { repetition, further, ...(rate && { rate }) }, tools, receiver.counts),
      )
      for (const { servers } of runners) await Promise.all(servers.map((server) => server.stop()))
      process.stdout.write(`${tableOf(measured)}\n`)
    } finally {
      generator.stop()
      receiver.close()
    }
  })
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`npm run bench:events: ${error.message}\n`)
    process.exit(exitCodeAfter(error))
  },
)
