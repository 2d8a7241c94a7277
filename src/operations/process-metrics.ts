// What Prometheus knows of any process of Node.js, under the names of prom-client, which public dashboards ask for.
import { performance } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Registry } from 'prom-client'

/**
 * One set for the process, made when it is first asked for: the library's set keeps observers of garbage collection and of the event
 * loop for ever, which each registry of an app of its own would have once more.
 */
let shared: Registry | undefined

export function processMetrics(): Registry {
  shared ??= createProcessMetrics()
  return shared
}

function createProcessMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // Not in that set. Its rate is how busy the one thread is, which neither CPU (other threads have their part) nor lag tells.
  new Counter({
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Seconds that the event loop has worked: its rate is the share of one CPU that it uses, 1 at most',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(performance.eventLoopUtilization().active / 1000)
    },
  })
  return registry
}
