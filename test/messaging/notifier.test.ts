// A message that nobody waits for: of it nothing is done before the answer, whose time would tell that there was anything to do.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { Notifier, type OutgoingCode } from '../../src/messaging/notifier.js'

t.test('a code that nobody waits for is prepared after the answer', async (t) => {
  const done: string[] = []
  const prepare = new Proxy({}, { get: () => () => done.push('prepared') })
  type Parts = ConstructorParameters<typeof Notifier>[0]
  const notifier = new Notifier({
    messages: prepare as Parts['messages'],
    delivery: {
      send: async () => {
        done.push('sent')
        return { outcome: 'refused' }
      },
    },
    optOuts: { has: async () => false, note: async () => undefined },
    deliveries: { note: () => undefined } as unknown as Parts['deliveries'],
    onDelivery: () => undefined,
    onLoss: (_origin, error) => t.error(error),
  })
  const code = { code: '123456', expiresIn: 300, languages: ['en'], client: {} } as unknown as OutgoingCode
  notifier.sendCodeInBackground({ method: 'email', identifier: 'a@example.com' }, code, async ({ outcome }) => {
    done.push(outcome)
  })
  // All that an answer does once it is decided happens in this turn of the event loop.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  t.strictSame(done, [])
  await setImmediate()
  await notifier.settle()
  t.strictSame([done[0], ...done.slice(-2)], ['prepared', 'sent', 'refused'])
})
