// How long calls of the database take, how many requests share one, and how long each of them waits for it.
import { Counter, Histogram, type Registry } from 'prom-client'
import type { DatabaseWatcher } from '../database/watch.js'

/** Seconds. On a healthy database a call takes a few milliseconds; after five a request is refused. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
/** Requests: 32 at most go together. */
const sizes = [1, 2, 4, 8, 16, 24, 32]

export function addDatabaseMetrics(registry: Registry): DatabaseWatcher {
  const registers = [registry]
  const calls = new Histogram({
    name: 'latchkey_database_call_duration_seconds',
    help: 'Calls of the database, the wait for a connection with them',
    labelNames: ['call', 'outcome'],
    buckets: seconds,
    registers,
  })
  const batches = new Histogram({
    name: 'latchkey_batch_size',
    help: 'Requests that share a call of the database',
    labelNames: ['decision'],
    buckets: sizes,
    registers,
  })
  const waits = new Histogram({
    name: 'latchkey_batch_wait_seconds',
    help: 'Waits of requests for the call that they go with',
    labelNames: ['decision'],
    buckets: seconds,
    registers,
  })
  const refusals = new Counter({
    name: 'latchkey_batch_refusals_total',
    help: 'Requests that were refused with 503, since their call would have come too late',
    labelNames: ['decision'],
    registers,
  })
  return {
    onCall({ name, seconds, isFailed }) {
      calls.observe({ call: name, outcome: isFailed ? 'failed' : 'answered' }, seconds)
    },
    onBatch({ name, waits: each }) {
      batches.observe({ decision: name }, each.length)
      for (const wait of each) waits.observe({ decision: name }, wait)
    },
    onRefusal(name) {
      refusals.inc({ decision: name })
    },
  }
}
