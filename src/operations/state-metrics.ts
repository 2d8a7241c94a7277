// How this replica stands at the moment, asked when somebody reads the metrics.
import { Gauge, type Registry } from 'prom-client'

export type StateOptions = Readonly<{
  /** connections of the database's pool */
  poolUse: () => Readonly<{ inUse: number; idle: number; waiting: number }>
  isReady: () => Promise<boolean>
  /** seconds since the first event happened that a host has not got yet; rejects where the database is away */
  eventLags: () => Promise<ReadonlyMap<string, number>>
}>

export function addStateMetrics(registry: Registry, { poolUse, isReady, eventLags }: StateOptions): void {
  const registers = [registry]
  new Gauge({
    name: 'latchkey_database_connections',
    help: 'Connections of this replica to the database',
    labelNames: ['state'],
    registers,
    collect() {
      const { inUse, idle } = poolUse()
      this.set({ state: 'in_use' }, inUse)
      this.set({ state: 'idle' }, idle)
    },
  })
  new Gauge({
    name: 'latchkey_database_waiting',
    help: 'Requests of this replica that wait for a connection to the database',
    registers,
    collect() {
      this.set(poolUse().waiting)
    },
  })
  new Gauge({
    name: 'latchkey_ready',
    help: '1 where /health/ready answers 200, else 0',
    registers,
    async collect() {
      this.set((await isReady()) ? 1 : 0)
    },
  })
  new Gauge({
    name: 'latchkey_event_lag_seconds',
    help: 'How long ago the first event happened that an endpoint has not got yet, 0 where it has all',
    labelNames: ['endpoint'],
    registers,
    async collect() {
      // What is not known is not told; the other metrics are.
      const lags = await eventLags().catch(() => new Map<string, number>())
      this.reset()
      for (const [endpoint, seconds] of lags) this.set({ endpoint }, seconds)
    },
  })
}
