// `npm run bench:budget [-- --connections 32 --seconds 4 --repetitions 5]`: whether the budgets that everybody spends hold the
// sends up. The real send statement on PostgreSQL with fsync on, by services with a sender that accepts at once.
import { cpus, loadavg } from 'node:os'
import { createDeliveryTrail } from '../src/audit/deliveries.js'
import { createAuditTrail } from '../src/audit/events.js'
import { createCourier } from '../src/auth/courier.js'
import { createSendCode } from '../src/auth/send-code.js'
import { exitCodeAfter, readCommandLineOrExit, wholeNumber } from '../src/config/command-line.js'
import { readConfig } from '../src/config/config.js'
import { openDatabase } from '../src/database/client.js'
import { createDelivery } from '../src/delivery/chain.js'
import { createMessages } from '../src/delivery/messages.js'
import type { Identifier } from '../src/identifiers/parser.js'
import { normalizePhone } from '../src/identifiers/phone.js'
import { shards } from '../src/limits/counters.js'
import { createLimits } from '../src/limits/service.js'
import { createOtpService } from '../src/otp/service.js'
import { newPrivateKey } from '../test/support/app.js'
import { type BenchDatabases, startBenchDatabases } from './support/databases.js'
import { percentile, ratios, spread } from './support/figures.js'
import { withLockWaits } from './support/lock-waits.js'

type Variant = { name: string; identifierOf: (index: number) => Identifier; shardsUsed: number }
type Run = { perSecond: number; median: number; p99: number; waiting: number }

const tell = (line: string): void => void process.stdout.write(`${line}\n`)

/** National numbers 60000 00000 and on: all of them mobile numbers that nobody has yet. */
function phoneOf(index: number): Identifier {
  const phone = normalizePhone('+91', String(6_000_000_000 + index), ['IN'])
  if (typeof phone === 'string') throw new Error(`no phone: ${phone}`)
  return phone
}

const variants: readonly Variant[] = [
  { name: `SMS, budgets on ${shards} shards`, identifierOf: phoneOf, shardsUsed: shards },
  {
    name: 'email, no budget',
    identifierOf: (index) => ({ method: 'email', identifier: `p${index}@example.com` }),
    shardsUsed: 0,
  },
  { name: 'SMS, budgets on one shard', identifierOf: phoneOf, shardsUsed: 1 },
]

/** No limit is to be met: what they cost is measured, not what they refuse. */
const settings = {
  NODE_ENV: 'test',
  JWT_PRIVATE_KEY: newPrivateKey(),
  OTP_PEPPER: 'a pepper of the bench, of 32 bytes and more',
  SMS_BUDGET_PER_HOUR: '100000000',
  SMS_BUDGET_PER_DAY: '100000000',
  BREAKER_MIN_SENDS: '100000000',
}

/** The services of a send as src/app.ts makes them, on a pool of that many connections. */
function openService(url: string, connections: number) {
  const config = readConfig({ ...settings, DATABASE_URL: url, DATABASE_POOL_SIZE: String(connections) })
  const database = openDatabase(config.database)
  const eventKey = config.eventKey.value
  const accepting = { name: 'accepting', send: async () => ({}) }
  const sendCode = createSendCode({
    database,
    otp: createOtpService({ database, settings: config.otp }),
    limits: createLimits({ database, settings: config.limits, eventKey }),
    audit: createAuditTrail({ database, eventKey }),
    courier: createCourier({
      delivery: createDelivery({ senders: { sms: [accepting], email: [accepting] }, onFailure: () => {} }),
      messages: createMessages(config.messages, config.otp),
      deliveries: createDeliveryTrail({ database, eventKey, onLoss: () => {} }),
      onCarried: () => {},
      onLoss: () => {},
    }),
    settings: config.otp,
    onNotice: () => {},
  })
  return { database, sendCode }
}

/** Sends to new people over all connections for so long; every one of them must succeed, and be counted. */
async function run(url: string, variant: Variant, connections: number, seconds: number): Promise<Run> {
  const { database, sendCode } = openService(url, connections)
  let next = 0
  const sendNext = () => {
    next += 1
    // an address of its own for each: counters of addresses are waited for by nobody else
    const block = `10.${next >> 16}.${(next >> 8) & 255}.${next & 255}`
    const caller = {
      block,
      network: '10.0.0.0/24',
      requestId: '01890000-0000-7000-8000-000000000000',
      userAgent: undefined,
      deviceToken: undefined,
      languages: [],
    }
    return sendCode(variant.identifierOf(next), caller)
  }
  const sendUntil = async (end: number, times: number[]) => {
    while (performance.now() < end) {
      const started = performance.now()
      await sendNext()
      times.push(performance.now() - started)
    }
  }
  const onAll = (end: number, times: number[]) =>
    Promise.all(Array.from({ length: connections }, () => sendUntil(end, times)))
  const { random } = Math
  try {
    // The shard is chosen by chance: without chance it is always the first. Nothing else in a send asks for it.
    if (variant.shardsUsed === 1) Math.random = () => 0
    await onAll(performance.now() + 1_000, [])
    const times: number[] = []
    const started = performance.now()
    const { share } = await withLockWaits(url, () => onAll(started + seconds * 1_000, times))
    const elapsed = (performance.now() - started) / 1_000
    const [counted] = await database.$queryRaw<[{ sent: number; shards: number }]>`
      SELECT coalesce(sum(count), 0)::int AS sent, count(DISTINCT shard)::int AS shards FROM limit_counters
      WHERE key = 'sms_hour:new'`
    const expected = variant.shardsUsed === 0 ? 0 : next
    if (counted.sent !== expected || counted.shards !== variant.shardsUsed)
      throw new Error(`${counted.sent} of ${expected} sends were counted, on ${counted.shards} shards`)
    return {
      perSecond: times.length / elapsed,
      median: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      waiting: share * 100,
    }
  } finally {
    Math.random = random
    await database.$disconnect()
  }
}

function readArguments() {
  const { values } = readCommandLineOrExit(
    {
      script: 'bench:budget',
      summary: 'Measures whether the budgets that everybody spends hold the sends up: docs/performance.md.',
      options: {
        connections: { type: 'string', value: 'NUMBER', default: '32', description: 'to the database' },
        seconds: { type: 'string', value: 'NUMBER', default: '4', description: 'of each window' },
        repetitions: { type: 'string', value: 'NUMBER', default: '5', description: 'of each window' },
      },
    },
    process.argv.slice(2),
  )
  return {
    connections: wholeNumber('--connections', values.connections, 1, 90),
    seconds: wholeNumber('--seconds', values.seconds, 1, 3_600),
    repetitions: wholeNumber('--repetitions', values.repetitions, 1, 100),
  }
}

function report(runs: readonly Run[][], version: string, connections: number): void {
  const rates = (own: readonly Run[] = []) => own.map(({ perSecond }) => perSecond)
  const of = (own: readonly Run[], value: (run: Run) => number) => spread(own.map(value), 1)
  tell(
    `\nPostgreSQL ${version}, fsync on, ${connections} connections, ${cpus().length} cores, Node.js ${process.version}`,
  )
  tell(
    `load of the machine at the end: ${loadavg()[0]?.toFixed(1)}; median (least–most) of ${runs[0]?.length} repetitions\n`,
  )
  tell('| | sends a second | ratio to the first | median ms | 99 % within ms | busy connections waiting for a row, % |')
  tell('|---|---|---|---|---|---|')
  for (const [index, { name }] of variants.entries()) {
    const own = runs[index] ?? []
    const ratio = spread(ratios(rates(own), rates(runs[0])), 2)
    const times = [of(own, ({ median }) => median), of(own, ({ p99 }) => p99), of(own, ({ waiting }) => waiting)]
    tell(`| ${[name, spread(rates(own)), ratio, ...times].join(' | ')} |`)
  }
}

type Arguments = ReturnType<typeof readArguments>

async function main(databases: BenchDatabases, { connections, seconds, repetitions }: Arguments): Promise<void> {
  const runs: Run[][] = variants.map(() => [])
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    // Each repetition begins with another variant, so that none always comes after the same one.
    for (let step = 0; step < variants.length; step += 1) {
      const index = (repetition + step) % variants.length
      const variant = variants[index]
      if (variant === undefined) continue
      const done = await databases.withDatabase((url) => run(url, variant, connections, seconds))
      runs[index]?.push(done)
      tell(`${repetition + 1}/${repetitions} ${variant.name}: ${Math.round(done.perSecond)} sends a second`)
    }
  }
  report(runs, databases.version, connections)
}

try {
  const chosen = readArguments()
  const databases = await startBenchDatabases({ max_connections: '100' }, tell)
  await main(databases, chosen).finally(() => databases.stop())
} catch (error) {
  // A run with an error says nothing about the others: no table.
  process.stderr.write(`npm run bench:budget: ${Object(error).message}\n`)
  process.exitCode = exitCodeAfter(error)
}
