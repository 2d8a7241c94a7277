// Natural batching: who goes together, who waits for whom, and what becomes of one that could not be answered.
import t from 'tap'
import { again, type BatchOptions, type Call, createBatches } from '../../src/database/batches.js'
import { DatabaseWatch } from '../../src/database/watch.js'

type Request = { key: string; n: number }
type Asked = {
  requests: number[]
  call: Call
  answer: (answers?: (number | typeof again)[]) => void
  fail: (error: Error) => void
}

/** Batches whose calls are answered by hand. */
function start(options: Partial<BatchOptions<Request, number>> = {}) {
  const asked: Asked[] = []
  const batches = createBatches<Request, number>({
    name: 'test',
    keyOf: ({ key }) => key,
    mayAskAgain: () => false,
    ask: (requests, call) =>
      new Promise((resolve, reject) => {
        const numbers = requests.map(({ n }) => n)
        asked.push({ requests: numbers, call, answer: (answers = numbers) => resolve(answers), fail: reject })
      }),
    ...options,
  })
  const ask = (n: number, key = String(n)) => batches.ask({ key, n })
  return { asked, ask }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const range = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)

t.test('what one turn brings goes together; what comes while it is on its way goes together after it', async (t) => {
  const { asked, ask } = start({ calls: 1 })
  const first = [ask(1), ask(2)]
  await turn()
  t.match(asked[0], { requests: [1, 2], call: { isAlone: false, isRepeated: false } })
  const second = [ask(3), ask(4), ask(5)]
  await turn()
  t.equal(asked.length, 1, 'they wait for the call that is on its way')
  asked[0]?.answer()
  t.strictSame(await Promise.all(first), [1, 2])
  t.strictSame(asked[1]?.requests, [3, 4, 5])
  asked[1]?.answer()
  t.strictSame(await Promise.all(second), [3, 4, 5])
})

t.test('a lone request waits for nobody', async (t) => {
  const { asked, ask } = start()
  const one = ask(1)
  await turn()
  t.match(asked, [{ requests: [1], call: { isAlone: true, isRepeated: false } }])
  asked[0]?.answer()
  t.equal(await one, 1)
})

t.test('so many at most in a call, and so many calls at most', async (t) => {
  const { asked, ask } = start({ calls: 2, size: 3 })
  const all = range(8).map((n) => ask(n))
  await turn()
  t.strictSame(
    asked.map(({ requests }) => requests),
    [
      [0, 1, 2],
      [3, 4, 5],
    ],
  )
  asked[1]?.answer()
  await turn()
  t.strictSame(asked[2]?.requests, [6, 7])
  for (const { answer } of asked) answer()
  t.strictSame(await Promise.all(all), range(8))
})

t.test('two of one key are never under way at once, and nobody else waits for them', async (t) => {
  const { asked, ask } = start({ calls: 2 })
  const all = [ask(1, 'a'), ask(2, 'a'), ask(3, 'b'), ask(4, 'a')]
  await turn()
  t.strictSame(
    asked.map(({ requests }) => requests),
    [[1, 3]],
  )
  const late = ask(5, 'c')
  await turn()
  t.strictSame(asked[1]?.requests, [5], 'past those who wait for their key')
  asked[1]?.answer()
  await late
  t.equal(asked.length, 2)
  asked[0]?.answer()
  await turn()
  t.strictSame(asked[2]?.requests, [2])
  asked[2]?.answer()
  await turn()
  asked[3]?.answer()
  t.strictSame(await Promise.all(all), [1, 2, 3, 4])
})

t.test('one that is to be asked again is asked alone, and the others have their answers', async (t) => {
  const { asked, ask } = start({ calls: 1 })
  const [one, two] = [ask(1), ask(2)]
  await turn()
  asked[0]?.answer([again, 2])
  t.equal(await two, 2)
  const three = ask(3)
  await turn()
  t.match(asked[1], { requests: [1], call: { isAlone: true, isRepeated: true } })
  asked[1]?.answer()
  t.equal(await one, 1)
  t.match(asked[2], { requests: [3], call: { isRepeated: false } })
  asked[2]?.answer([again])
  await turn()
  asked[3]?.answer([again])
  await t.rejects(three, /"again" to a request that was asked alone/, 'never for ever')
})

t.test('an error that says that nothing was done: each alone; any other: nobody is asked again', async (t) => {
  const refused = Object.assign(new Error('data'), { isRefused: true })
  const { asked, ask } = start({ calls: 1, mayAskAgain: (error) => error === refused })
  const settled = Promise.allSettled([ask(1), ask(2)])
  await turn()
  asked[0]?.fail(refused)
  await turn()
  t.match(asked[1], { call: { isAlone: true, isRepeated: false } }, 'what it counted was undone with it')
  asked[1]?.fail(refused)
  await turn()
  asked[2]?.answer()
  const outcomes = await settled
  t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])

  const lost = [ask(3), ask(4)]
  await turn()
  asked[3]?.fail(new Error('connection lost'))
  for (const each of lost) await t.rejects(each, /connection lost/)
  t.equal(asked.length, 4)
})

t.test('an answer that is missing is an error of its request alone', async (t) => {
  const { asked, ask } = start()
  const [one, two] = [ask(1), ask(2)]
  await turn()
  asked[0]?.answer([1])
  t.equal(await one, 1)
  await t.rejects(two, /left out an answer/)
})

t.test('who has waited for five seconds is told that there is no room', async (t) => {
  const { asked, ask } = start({ calls: 1 })
  const now = performance.now.bind(performance)
  const first = ask(1)
  await turn()
  const late = ask(2)
  t.intercept(performance, 'now', { value: () => now() + 5_001 })
  asked[0]?.answer()
  t.equal(await first, 1)
  await t.rejects(late, { code: '53300' })
  t.equal(asked.length, 1)
})

t.test('a request that would wait for longer than it is worth is refused when it comes', async (t) => {
  const watch = new DatabaseWatch()
  const refused: string[] = []
  const sizes: number[] = []
  const end = watch.add({
    onCall() {},
    onBatch: ({ waits }) => void sizes.push(waits.length),
    onRefusal: (name) => void refused.push(name),
  })
  const { asked, ask } = start({ watch, calls: 1, size: 2, worth: 40 })
  const first = ask(0)
  await turn()
  while (!watch.isFull('test') && refused.length === 0) {
    watch.refusesEarly = true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await t.rejects(ask(1), { code: 'service_unavailable', details: { retryAfter: 1 } })
  t.strictSame(refused, ['test'])
  watch.refusesEarly = false
  t.equal(watch.isFull('test'), false)
  const second = ask(2)
  asked[0]?.answer()
  t.equal(await first, 0)
  await turn()
  watch.refusesEarly = true
  t.equal(watch.isFull('nobody knows it'), false)
  asked[1]?.answer()
  t.equal(await second, 2)
  t.strictSame(sizes, [1, 1])
  t.equal(watch.isFull('test'), false, 'there is room: nobody is refused for calls that were slow')
  const third = ask(3)
  await turn()
  asked[2]?.answer()
  t.equal(await third, 3)
  end()
  watch.onBatch({ name: 'test', waits: [0] })
  t.equal(sizes.length, 3)
})
