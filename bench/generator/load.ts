// Puts load on a server: as many operations as its connections allow, or a fixed rate of them.
import type { Connection } from './connection.js'

export type Operation = (connection: Connection) => Promise<void>

export type Load = Readonly<{
  /** milliseconds of each operation, in the order of their ends */
  latencies: Float64Array
  /** when each was due or begun, as `performance.now()` */
  due: Float64Array
  /** until the last operation ended */
  seconds: number
}>

/** Keeps every connection busy until the time is over, or until `next` has no operation left. */
export async function closedLoop(
  connections: readonly Connection[],
  seconds: number,
  next: () => Operation | null,
): Promise<Load> {
  const latencies: number[] = []
  const due: number[] = []
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(
    connections.map(async (connection) => {
      for (let begun = performance.now(); begun < end; begun = performance.now()) {
        const operation = next()
        if (operation === null) return
        await operation(connection)
        latencies.push(performance.now() - begun)
        due.push(begun)
      }
    }),
  )
  return loadOf(latencies, due, started)
}

function loadOf(latencies: readonly number[], due: readonly number[], started: number): Load {
  const seconds = (performance.now() - started) / 1000
  return { latencies: Float64Array.from(latencies), due: Float64Array.from(due), seconds }
}

/**
 * Begins operations at a fixed rate, whether or not earlier ones have ended, and counts an operation's time from when it was
 * due: a server that stalls is charged for everybody who waited.
 * @param isEnough asked all the time whether to end before the time is over
 */
export async function openLoop(
  connections: readonly Connection[],
  seconds: number,
  rate: number,
  next: () => Operation | null,
  isEnough: () => boolean = () => false,
): Promise<Load> {
  const latencies: number[] = []
  const due: number[] = []
  const free = [...connections]
  const waiting: number[] = []
  const underWay = new Set<Promise<void>>()
  const started = performance.now()
  let begun = 0
  let failure: unknown

  function serve(): void {
    // In turns: servers end connections that stay silent for long.
    for (let connection = free.shift(); connection !== undefined; connection = free.shift()) {
      const since = waiting.shift()
      const operation = since === undefined ? null : next()
      if (since === undefined || operation === null) {
        free.unshift(connection)
        return
      }
      run(operation, connection, since)
    }
  }

  function run(operation: Operation, connection: Connection, since: number): void {
    const done = operation(connection).then(
      () => {
        latencies.push(performance.now() - since)
        due.push(since)
        underWay.delete(done)
        free.push(connection)
        serve()
      },
      (error: unknown) => {
        failure ??= error
        underWay.delete(done)
      },
    )
    underWay.add(done)
  }

  const isOver = (now: number) => now >= started + seconds * 1000 || failure !== undefined || isEnough()
  for (let now = started; !isOver(now); now = performance.now()) {
    for (; begun < ((now - started) / 1000) * rate; begun += 1) waiting.push(started + (begun / rate) * 1000)
    serve()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (underWay.size > 0) await Promise.all(underWay)
  if (failure !== undefined) throw failure
  return loadOf(latencies, due, started)
}

/** The nearest-rank percentile of sorted numbers; 0 of none. */
export function percentileOf(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
