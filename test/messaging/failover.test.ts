// The chain: failover within its time, breakers, routes; and that nobody gets a second message after an acceptance.
import t from 'tap'
import type { CircuitSettings } from '../../src/circuit.js'
import { Delivery, type DeliveryOptions, type Routes } from '../../src/messaging/failover.js'
import {
  DeliveryRefused,
  type Message,
  RecipientOptedOut,
  RecipientRefused,
  type Sender,
} from '../../src/messaging/sender.js'
import { email, sms } from '../support/messages.js'

type Behaviour = 'accepts' | 'refuses' | 'breaks' | 'hangs' | 'knows nobody' | 'is told to stop'
type Scripted = Sender & { behaviour: Behaviour; sends: number; signals: AbortSignal[] }

/** A driver whose behaviour a test changes, and that knows how often it was asked and whether it was given up. */
function scripted(name: string, behaviour: Behaviour): Scripted {
  const driver: Scripted = {
    name,
    behaviour,
    sends: 0,
    signals: [],
    async send(_message: Message, signal: AbortSignal) {
      driver.sends++
      driver.signals.push(signal)
      if (driver.behaviour === 'refuses') throw new DeliveryRefused('no')
      if (driver.behaviour === 'knows nobody') throw new RecipientRefused('not a number')
      if (driver.behaviour === 'is told to stop') throw new RecipientOptedOut('stop')
      if (driver.behaviour === 'breaks') throw new Error('garbage')
      if (driver.behaviour === 'hangs') await new Promise(() => {})
      return { messageId: `${name}-${driver.sends}` }
    },
  }
  return driver
}

/** A delivery that tells in one word how each send went: `a-1`, or the outcome; and keeps what was told of it. */
function deliveryOf(senders: Sender[], options: Partial<DeliveryOptions> = {}) {
  const told: string[] = []
  const delivery = new Delivery({
    senders: { sms: senders, email: senders },
    onFailure: (_origin, { driver, refused }) => told.push(`${driver} ${refused ? 'refused' : 'uncertain'}`),
    onCircuitChange: (_origin, { driver, channel, state }) => told.push(`${driver} ${channel} ${state}`),
    time: { total: 200, driver: 50 },
    ...options,
  })
  const deliver = async (message: Message = sms) => {
    const report = await delivery.send(message, { requestId: 'any' })
    return report.outcome === 'accepted' ? report.messageId : report.outcome
  }
  return { deliver, told }
}

t.test('the next driver is tried when one fails', async (t) => {
  const accepting = () => scripted('b', 'accepts')
  for (const [behaviour, told] of [
    ['refuses', 'a refused'],
    ['knows nobody', 'a refused'],
    ['breaks', 'a uncertain'],
    ['hangs', 'a uncertain'],
  ] as const) {
    const delivery = deliveryOf([scripted('a', behaviour), accepting()])
    t.equal(await delivery.deliver(), 'b-1', behaviour)
    t.strictSame(delivery.told, [told])
  }
  t.equal(await deliveryOf([scripted('a', 'refuses'), scripted('b', 'refuses')]).deliver(), 'refused')
  t.equal(await deliveryOf([scripted('a', 'hangs'), scripted('b', 'refuses')]).deliver(), 'uncertain')
  t.equal(await deliveryOf([scripted('a', 'refuses'), scripted('b', 'breaks')]).deliver(), 'uncertain')
  t.equal(await deliveryOf([]).deliver(), 'refused')
})

t.test('no second message after an acceptance', async (t) => {
  const [first, second] = [scripted('a', 'accepts'), scripted('b', 'accepts')]
  t.equal(await deliveryOf([first, second]).deliver(), 'a-1')
  t.equal(second.sends, 0)
  t.notOk(first.signals[0]?.aborted)
})

t.test('the whole delivery ends in its time, and who was given up is told so', async (t) => {
  const drivers = ['a', 'b', 'c'].map((name) => scripted(name, 'hangs'))
  const late = scripted('d', 'accepts')
  const delivery = deliveryOf([...drivers, late], { time: { total: 250, driver: 100 } })
  t.equal(await delivery.deliver(), 'uncertain', 'no time is left for the one that would have taken it')
  t.ok(drivers.every(({ signals }) => signals.every(({ aborted }) => aborted)))
  t.equal(drivers[1]?.sends, 1)
  t.equal(late.sends, 0)
})

t.test('by default that time is 5 seconds, and the second driver has its share of it', async (t) => {
  const begin = performance.now()
  const second = scripted('b', 'hangs')
  const delivery = new Delivery({
    senders: { sms: [scripted('a', 'hangs'), second], email: [] },
    onFailure: () => {},
  })
  t.strictSame(await delivery.send(sms, { requestId: 'any' }), { outcome: 'uncertain', isDown: false })
  t.ok(performance.now() - begin < 5_500)
  t.equal(second.sends, 1)
})

const resting: CircuitSettings = { failures: 2, rest: 30_000 }

t.test('a driver that fails again and again rests, then proves itself on one message', async (t) => {
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  const [first, second] = [scripted('a', 'refuses'), scripted('b', 'accepts')]
  const { deliver, told } = deliveryOf([first, second], { circuit: resting })
  for (let send = 1; send <= 4; send++) t.equal(await deliver(), `b-${send}`)
  t.equal(first.sends, 2, 'then it is left alone')
  t.strictSame(told, ['a refused', 'a sms open', 'a refused'])

  now += 29_999
  await deliver()
  t.equal(first.sends, 2)

  now += 1
  first.behaviour = 'hangs'
  const probe = deliver()
  t.equal(await deliver(), 'b-6', 'nobody waits for the message that tries it')
  t.equal(await probe, 'b-7')
  t.equal(first.sends, 3, 'one message alone')
  await deliver()
  t.equal(first.sends, 3, 'it rests again')

  now += 30_000
  first.behaviour = 'accepts'
  t.equal(await deliver(), 'a-4')
  t.equal(await deliver(), 'a-5')
  const states = told.filter((line) => line.startsWith('a sms'))
  t.strictSame(
    states,
    ['open', 'half_open', 'open', 'half_open', 'closed'].map((state) => `a sms ${state}`),
  )
})

t.test('an acceptance between failures keeps a driver in its place', async (t) => {
  const first = scripted('a', 'breaks')
  const { deliver, told } = deliveryOf([first, scripted('b', 'accepts')], { circuit: resting })
  await deliver()
  first.behaviour = 'accepts'
  await deliver()
  first.behaviour = 'breaks'
  await deliver()
  t.strictSame(told, ['a uncertain', 'a uncertain'])
})

t.test('numbers that do not exist open no circuit', async (t) => {
  const first = scripted('a', 'knows nobody')
  const { deliver, told } = deliveryOf([first, scripted('b', 'accepts')], { circuit: resting })
  for (let send = 0; send < 5; send++) await deliver()
  t.equal(first.sends, 5)
  t.ok(told.every((line) => line === 'a refused'))
})

t.test('nobody goes around a STOP, which is no fault of the driver', async (t) => {
  const first = scripted('a', 'is told to stop')
  const second = scripted('b', 'accepts')
  const senders = { sms: [first, second], email: [] }
  const told: string[] = []
  const delivery = new Delivery({
    senders,
    circuit: { failures: 1, rest: 30_000 },
    onFailure: (_origin, { driver }) => told.push(driver),
    onCircuitChange: (_origin, { state }) => told.push(state),
  })
  for (let count = 0; count < 2; count++) {
    t.strictSame(await delivery.send(sms, { requestId: 'any' }), { outcome: 'refused', reason: 'recipient_opted_out' })
  }
  t.strictSame([told, first.sends, second.sends], [['a', 'a'], 2, 0])
})

t.test('a driver that rests is the last resort, and is back at once when it works again', async (t) => {
  const [first, second] = [scripted('a', 'refuses'), scripted('b', 'refuses')]
  const { deliver, told } = deliveryOf([first, second], { circuit: resting })
  for (let send = 0; send < 3; send++) t.equal(await deliver(), 'refused')
  t.equal(first.sends, 3, 'where all rest, all are tried')

  second.behaviour = 'accepts'
  t.equal(await deliver(), 'b-4')
  t.equal(await deliver(), 'b-5')
  t.equal(first.sends, 4, 'the one that is back goes before those that rest')
  t.equal(told.filter((line) => line === 'b sms closed').length, 1)

  second.behaviour = 'refuses'
  first.behaviour = 'accepts'
  t.equal(await deliver(), 'a-5', 'the others still are the last resort')
})

t.test('a driver that came back as a last resort is not put to rest by its own late probe', async (t) => {
  const only = scripted('a', 'breaks')
  const { deliver, told } = deliveryOf([only], { circuit: { failures: 1, rest: 0 } })
  await deliver()
  only.behaviour = 'hangs'
  const probe = deliver()
  only.behaviour = 'accepts'
  t.equal(await deliver(), 'a-3')
  t.equal(await probe, 'uncertain')
  t.equal(await deliver(), 'a-4')
  t.strictSame(told, ['a sms open', 'a uncertain', 'a sms half_open', 'a sms closed', 'a uncertain'])
})

t.test('a driver of two channels has a circuit for each', async (t) => {
  const first = scripted('a', 'refuses')
  const { deliver } = deliveryOf([first, scripted('b', 'accepts')], { circuit: { failures: 1, rest: 30_000 } })
  await deliver(sms)
  await deliver(email)
  t.equal(first.sends, 2)
})

t.test('SMS go by the route of their country', async (t) => {
  const drivers = () => [scripted('webhook', 'accepts'), scripted('twilio', 'accepts'), scripted('other', 'accepts')]
  const takes = (routes: Routes, message: Message) => deliveryOf(drivers(), { routes }).deliver(message)
  const routes = new Map([
    ['IN', ['twilio', 'webhook']],
    ['*', ['other']],
  ])
  t.equal(await takes(routes, sms), 'twilio-1')
  t.equal(await takes(routes, { ...sms, country: 'DE' }), 'other-1')
  t.equal(await takes(routes, email), 'webhook-1', 'mail has none')
  t.equal(await takes(new Map([['IN', ['other']]]), { ...sms, country: 'DE' }), 'webhook-1', 'without a route')

  const line = [scripted('webhook', 'accepts'), scripted('twilio', 'refuses'), scripted('other', 'accepts')]
  t.equal(await deliveryOf(line, { routes }).deliver(), 'webhook-1', 'the next one of the route')
  const alone = new Map([['IN', ['twilio']]])
  t.equal(await deliveryOf(line, { routes: alone }).deliver(), 'refused', 'and no other')
})
