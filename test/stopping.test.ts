// The stop of the process, as far as it can be asked without ending one; with a process of its own: test/server.test.ts.
import t from 'tap'
import { createLogger } from '../src/http/logger.js'
import type { Health } from '../src/operations/health.js'
import { stop, stopOptions } from '../src/stopping.js'

function startLog() {
  const lines: Record<string, unknown>[] = []
  return { lines, logger: createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) }) }
}

t.test('what keeps the service from closing stands in the log, and ends the process with 1', async (t) => {
  const { lines, logger } = startLog()
  let isDraining = false
  const service = {
    health: {
      drain() {
        isDraining = true
      },
    } as Health,
    close: () => Promise.reject(new Error('the pool was ended twice')),
  }
  await t.rejects(stop({ service, logger, notice: 0, signal: 'SIGTERM' }), /ended twice/)
  t.ok(isDraining)
  t.match(lines, [
    { msg: 'stopping', signal: 'SIGTERM' },
    { msg: 'the stop failed', level: 60, err: { message: 'the pool was ended twice' } },
  ])
})

t.test('an error that nothing handled stops it in the same order', async (t) => {
  const { lines, logger } = startLog()
  const service = { health: { drain() {} } as Health, close: async () => {} }
  await stop({ service, logger, notice: 0, error: new Error('unhandled') })
  t.match(lines, [
    { msg: 'stopping after an error that nothing handled', level: 60, err: { message: 'unhandled' } },
    { msg: 'stopped' },
  ])
})

t.test('that it took too long stands in the log, with what it waits for, and an error meanwhile', async (t) => {
  const { lines, logger } = startLog()
  const { delay, onTimeout, onSecondError } = stopOptions(logger)
  t.ok(delay < 15_000, 'shorter than what supervisors allow')
  const timer = setTimeout(() => {}, 60_000)
  onTimeout()
  clearTimeout(timer)
  onSecondError(new Error('late'))
  t.match(lines, [
    { msg: 'the stop took too long', level: 60 },
    { level: 60, err: { message: 'late' } },
  ])
  t.ok(Number(Object(lines[0]?.['waitsFor']).Timeout) > 0)
})
