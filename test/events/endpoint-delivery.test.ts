// What is taken is delivered though the database goes away meanwhile: what it does not get written down is another's to do again.
import t from 'tap'
import { EndpointCircuit } from '../../src/events/endpoint-circuit.js'
import { EndpointDelivery } from '../../src/events/endpoint-delivery.js'
import type { EndpointQueue, Result, TakenEvent } from '../../src/events/endpoint-queue.js'
import type { EventTelemetry } from '../../src/events/event-telemetry.js'
import { dispatcherDefaults } from '../../src/events/times.js'
import { idOf, keys } from './dispatching.js'

const event: TakenEvent = {
  position: '1',
  type: 'user.updated',
  userId: idOf(1),
  data: {},
  happenedAt: new Date(),
  attempts: 0,
  isNew: true,
  isHeld: false,
  phone: null,
  email: null,
}

/** A delivery whose database fails as it is said, and whose endpoint answers once it is asked to. */
function start(fails: { renew?: boolean; settle?: (results: readonly Result[]) => boolean }) {
  const away = Promise.reject(new Error('the database is away'))
  away.catch(() => {})
  const settled: Result[] = []
  const telemetry: EventTelemetry[] = []
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  let renewals = 0
  const queue: Pick<EndpointQueue, 'renew' | 'settle'> = {
    renew: async () => {
      renewals += 1
      if (fails.renew) await away
    },
    settle: async (results) => {
      if (fails.settle?.(results)) await away
      settled.push(...results)
      return 0
    },
  }
  const times = { ...dispatcherDefaults, lease: 3, slow: 5 }
  const delivery = new EndpointDelivery({
    queue: queue as EndpointQueue,
    endpoint: { url: 'https://a.example/', keys },
    tellsIdentifiers: false,
    times,
    post: {
      tell: () => answered.then(() => ({ status: 204, retryAfter: undefined })),
      ask: () => Promise.reject(new Error('nobody asks')),
      close: async () => {},
    },
    stopping: new AbortController().signal,
    onTelemetry: (told) => void telemetry.push(told),
  })
  const circuit = new EndpointCircuit({ times, onChange: () => {} })
  const outcomes = () => settled.map(({ outcome }) => outcome)
  return { delivery, circuit, telemetry, outcomes, answer: () => answer(), renewals: () => renewals }
}

t.test('an endpoint that cannot be kept is delivered to all the same', async (t) => {
  const { delivery, circuit, telemetry, outcomes, answer, renewals } = start({ renew: true })
  const probing = delivery.probe([event], circuit)
  while (renewals() < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  answer()
  t.equal(await probing, true)
  t.strictSame(outcomes(), ['delivered'])
  t.strictSame(telemetry, [{ kind: 'delivered', host: 'a.example', count: 1 }])
})

t.test('of one that took long it may not be written down that it was taken', async (t) => {
  const { delivery, circuit, telemetry, outcomes, answer } = start({
    settle: (results) => results.some(({ outcome }) => outcome === 'delivered'),
  })
  await delivery.deliver([event], circuit)
  t.strictSame(outcomes(), ['slow'])
  answer()
  await delivery.end()
  t.strictSame(outcomes(), ['slow'], 'it is sent again later')
  t.strictSame(telemetry, [], 'and told of then')
})
