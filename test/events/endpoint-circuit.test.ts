// When an endpoint is left alone, for how long, and what of it is told: by a clock of its own.
import t, { type Test } from 'tap'
import { EndpointCircuit } from '../../src/events/endpoint-circuit.js'
import type { Outcome } from '../../src/events/endpoint-request.js'
import { dispatcherDefaults, restAfter } from '../../src/events/times.js'

const { failures, firstRest, longestRest, longestAsked } = dispatcherDefaults
const fault: Outcome = { kind: 'fault', reason: 'answered 503' }

/** A circuit, the clock that it goes by, and what it has told. */
function start(t: Test, longEnough = 0) {
  // A whole number: what is taken away and added again is there.
  const clock = { now: 1_000_000 }
  t.intercept(performance, 'now', { value: () => clock.now })
  const told: string[] = []
  const circuit = new EndpointCircuit({
    times: { ...dispatcherDefaults, longEnough },
    onChange: (isOpen) => void told.push(isOpen ? `open: ${circuit.reason}` : 'closed'),
  })
  let events = 0
  const attempt = (outcome: Outcome = fault, position = String(++events), attempts = 0) =>
    circuit.attempt({ position, attempts }, async () => outcome)
  const fail = async (times: number, attempts = 0) => {
    for (let n = 0; n < times; n += 1) await attempt(fault, undefined, attempts)
  }
  /** Until it may be tried, and returns how long that was. */
  const rest = () => {
    const { restsFor } = circuit
    clock.now += restsFor
    return restsFor
  }
  return { circuit, clock, told, attempt, fail, rest }
}

t.test(
  'it rests after failures of ten events in a row, longer and longer, and is back with the first answer',
  async (t) => {
    const { circuit, clock, told, attempt, fail, rest } = start(t)
    await fail(failures - 1)
    t.equal(circuit.isOpen, false)
    t.equal(circuit.restsFor, 0)
    t.strictSame(await attempt(), fault, 'an attempt tells what came of it')
    t.equal(circuit.isOpen, true)
    await t.rejects(attempt(), /circuit breaker is open/, 'nothing is sent')

    for (const longest of [5_000, 10_000, 20_000, 30_000, 30_000]) {
      t.ok(circuit.restsFor >= longest / 2 && circuit.restsFor <= longest, `${circuit.restsFor} of ${longest}`)
      const { restsFor } = circuit
      clock.now += restsFor - 1
      await t.rejects(attempt(), /circuit breaker is open/)
      clock.now += 1.001
      t.equal(circuit.restsFor, 0)
      t.strictSame(await attempt(), fault)
    }
    rest()
    t.strictSame(await attempt({ kind: 'taken' }), { kind: 'taken' })
    t.equal(circuit.isOpen, false)
    t.strictSame(told, ['open: answered 503', 'closed'], 'once each')

    await fail(failures)
    t.ok(rest() <= firstRest, 'and the next time begins anew')
  },
)

t.test('no answer that is of one event opens it, and one such closes it', async (t) => {
  const { circuit, told, attempt, fail, rest } = start(t)
  const refused: Outcome = { kind: 'refused', reason: 'answered 400' }
  for (let n = 0; n < 2 * failures; n += 1) await attempt(refused)
  await fail(failures - 1)
  await attempt(refused)
  await fail(failures - 1)
  t.equal(circuit.isOpen, false, 'not in a row')
  await attempt(fault, 'always the same')
  t.equal(circuit.isOpen, true, 'the tenth event')
  rest()
  await attempt(refused)
  t.equal(circuit.isOpen, false)
  for (let n = 0; n < 2 * failures; n += 1) await attempt(fault, 'always the same')
  t.equal(circuit.isOpen, false, 'one event alone')
  t.equal(told.length, 2)
})

t.test('such a row must last, or be of very many: others may be taken between those that always fail', async (t) => {
  const { longEnough, manyFailures } = dispatcherDefaults
  const taken: Outcome = { kind: 'taken' }
  const { circuit, clock, attempt, fail, rest } = start(t, longEnough)
  await fail(manyFailures - 1)
  clock.now += longEnough - 1
  await attempt(taken)
  await fail(failures)
  clock.now += longEnough - 1
  await fail(1)
  t.equal(circuit.isOpen, false, 'it does not last since the one that was taken')
  clock.now += 1
  await fail(1)
  t.equal(circuit.isOpen, true)
  rest()
  await attempt(taken)
  await fail(manyFailures + 1, 1)
  t.equal(circuit.isOpen, false, 'those that failed before are tried again together')
  await fail(manyFailures - 1)
  t.equal(circuit.isOpen, false)
  await fail(1)
  t.equal(circuit.isOpen, true)
  rest()
  await attempt(taken)
  await fail(failures - 1)
  await attempt({ ...fault, retryAfter: 1 })
  t.equal(circuit.isOpen, true, 'where the endpoint says that it wants to be left alone')
})

t.test('one event that always fails is as good a probe as any other', async (t) => {
  const { circuit, attempt, fail, rest } = start(t)
  for (let n = 0; n < failures; n += 1) await attempt(fault, `${n}`)
  rest()
  await attempt(fault, '0')
  t.equal(circuit.isOpen, true)
  t.ok(circuit.restsFor > 0)
  await t.rejects(fail(1))
})

t.test('it rests for as long as the endpoint wants, within five minutes', async (t) => {
  for (const [retryAfter, expected] of [
    [120, 120_000],
    [86_400, longestAsked],
  ] as const) {
    const { attempt, fail, rest } = start(t)
    await fail(failures - 1)
    await attempt({ ...fault, retryAfter })
    t.equal(rest(), expected)
    await attempt()
    t.ok(rest() <= longestRest, 'where it wants it no longer, no longer')
  }
})

t.test('what was sent before it rests, and fails then, changes nothing', async (t) => {
  const { circuit, told, attempt, fail } = start(t)
  let end = (_outcome: Outcome) => {}
  const late = circuit.attempt({ position: 'late', attempts: 0 }, () => new Promise((resolve) => (end = resolve)))
  await fail(failures)
  const { restsFor } = circuit
  end(fault)
  t.strictSame(await late, fault)
  t.equal(circuit.restsFor, restsFor)
  await t.rejects(attempt())
  t.strictSame(told, ['open: answered 503'])
})

t.test('nor does it while the endpoint is tried', async (t) => {
  const { circuit, fail, rest } = start(t)
  const ends: ((outcome: Outcome) => void)[] = []
  const begin = (position: string) =>
    circuit.attempt({ position, attempts: 0 }, () => new Promise((resolve) => ends.push(resolve)))
  const late = begin('late')
  await fail(failures)
  rest()
  const probe = begin('probe')
  ends[0]?.(fault)
  await late
  ends[1]?.({ kind: 'taken' })
  await probe
  t.equal(circuit.isOpen, false)
})

t.test('rests are never the same for many', async (t) => {
  const rests = Array.from({ length: 50 }, () => restAfter(1, { firstRest, longestRest }))
  t.ok(new Set(rests).size > 40)
})
