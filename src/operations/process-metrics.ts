// What Prometheus knows of any process, read when somebody asks. The library's own set keeps observers of garbage collection and
// of the event loop for each registry, for ever: here nothing runs between two readings.
import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

type Reading = { name: string; help: string; read: () => number }

/** They only ever grow, so what was read is the value. */
const totals: readonly Reading[] = [
  {
    name: 'process_cpu_seconds_total',
    help: 'Seconds of CPU that the process has used',
    read: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  },
  {
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Seconds that the event loop has worked: its rate is the share of one CPU that it uses, 1 at most',
    read: () => performance.eventLoopUtilization().active / 1000,
  },
]

const states: readonly Reading[] = [
  {
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970',
    read: () => performance.timeOrigin / 1000,
  },
  {
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds',
    read: () => process.memoryUsage.rss(),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory that the objects of the program take',
    read: () => process.memoryUsage().heapUsed,
  },
]

export function addProcessMetrics(registry: Registry): void {
  const registers = [registry]
  for (const { read, ...described } of totals) {
    new Counter({
      ...described,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  for (const { read, ...described } of states) {
    new Gauge({
      ...described,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
}
