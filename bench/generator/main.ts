// The load generator and the gateway: one process, so that a code is there as soon as its message has come.
import type { Command, DialectName, Measurement, Reply, Tally, Timeline } from '../protocol.js'
import { betterAuthDialect } from './better-auth-dialect.js'
import { openConnection } from './connection.js'
import type { Dialect } from './dialect.js'
import { startFakeGateway } from './fake-gateway.js'
import { latchkeyDialect } from './latchkey-dialect.js'
import { closedLoop, type Load, openLoop, percentileOf } from './load.js'
import { type Contestant, createContestant } from './workloads.js'

/** A bare route knows no accounts: it is asked in the workload `hello` alone, which uses none of this. */
const dialects: Readonly<Record<DialectName, Dialect>> = {
  latchkey: latchkeyDialect,
  'better-auth': betterAuthDialect,
  hello: latchkeyDialect,
}

const gateway = await startFakeGateway()
const contestants = new Map<string, Contestant>()

function contestantOf(name: string): Contestant {
  const contestant = contestants.get(name)
  if (contestant === undefined) throw new Error(`${name} was not opened`)
  return contestant
}

function open({ contestant, dialect, urls, connections, users, signedIn }: Extract<Command, { kind: 'open' }>): void {
  const places = Array.from({ length: connections }, (_, index) => String(urls[index % urls.length]))
  const openAll = () => Promise.all(places.map(openConnection))
  contestants.set(contestant, createContestant(dialects[dialect], gateway, openAll, users, signedIn))
}

let isEnough = false

async function measure(command: Extract<Command, { kind: 'measure' }>): Promise<Measurement> {
  const { connections, next, tally } = contestantOf(command.contestant)
  const before = tally()
  const cpuBefore = process.cpuUsage()
  let ranOut = false
  const nextOrRanOut = () => {
    const operation = next[command.workload]()
    if (operation === null) ranOut = true
    return operation
  }
  isEnough = false
  const load =
    command.rate === undefined
      ? await closedLoop(connections(), command.seconds, nextOrRanOut)
      : await openLoop(connections(), command.seconds, command.rate, nextOrRanOut, () => isEnough)
  const { seconds } = load
  const { user, system } = process.cpuUsage(cpuBefore)
  // A window that ends early is as good as long as it is one.
  if (ranOut && (command.rate !== undefined || seconds < command.seconds / 2)) {
    throw new Error('there were not enough live codes to guess at: the server became much faster after its warm-up')
  }
  const latencies = load.latencies.toSorted()
  return {
    operations: latencies.length,
    seconds,
    generatorCpuSeconds: (user + system) / 1e6,
    latency: {
      p50: percentileOf(latencies, 0.5),
      p95: percentileOf(latencies, 0.95),
      p99: percentileOf(latencies, 0.99),
    },
    tally: difference(tally(), before),
    ...(command.timeline && { timeline: timelineOf(load) }),
  }
}

function timelineOf({ latencies, due }: Load): Timeline {
  return { due: [...due].map((time) => performance.timeOrigin + time), times: [...latencies] }
}

function difference(after: Tally, before: Tally): Tally {
  return {
    sends: after.sends - before.sends,
    logins: after.logins - before.logins,
    signups: after.signups - before.signups,
    wrongs: after.wrongs - before.wrongs,
    mes: after.mes - before.mes,
  }
}

async function execute(command: Exclude<Command, { kind: 'enough' }>): Promise<Reply> {
  switch (command.kind) {
    case 'open':
      open(command)
      return { kind: 'done' }
    case 'prepare':
      await contestantOf(command.contestant).prepare(command.workload, command.seconds, command.window)
      return { kind: 'done' }
    case 'measure':
      return { kind: 'measured', measurement: await measure(command) }
  }
}

const reply = (message: Reply): void => void process.send?.(message)

process.on('message', (command: Command) => {
  if (command.kind === 'enough') {
    isEnough = true
    return
  }
  execute(command).then(reply, (error: Error) => reply({ kind: 'failed', reason: error.message }))
})
// The run that started us is gone.
process.on('disconnect', () => process.exit(0))
reply({ kind: 'started', gatewayUrl: gateway.url })
