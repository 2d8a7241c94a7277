// Countdowns, and codes that fill in by themselves, on a clock and a browser of the test's own.
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { autofillOtp, countdown, receiveOtp } from '../../../packages/client/src/index.js'

t.test('a countdown tells each second once, and keeps to the clock where ticks are skipped', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const left: number[] = []
  countdown(3, (seconds) => left.push(seconds))
  t.strictSame(left, [3])
  for (let second = 0; second < 5; second += 1) mock.timers.tick(1_000)
  t.strictSame(left, [3, 2, 1, 0], 'and ends')

  const asleep: number[] = []
  countdown(30, (seconds) => asleep.push(seconds))
  mock.timers.setTime(Date.now() + 20_500)
  mock.timers.tick(1)
  mock.timers.tick(500)
  t.strictSame([asleep[0], asleep.at(-1)], [30, 9], 'a page in the background catches up')

  const stopped: number[] = []
  const stop = countdown(2, (seconds) => stopped.push(seconds))
  stop()
  const ending = new AbortController()
  countdown(2, (seconds) => stopped.push(seconds), ending.signal)
  ending.abort()
  countdown(2, (seconds) => stopped.push(seconds), ending.signal)
  mock.timers.tick(3_000)
  t.strictSame(stopped, [2, 2])
})

type Get = (options: { otp?: object; signal?: AbortSignal }) => Promise<unknown>

/** A browser with WebOTP. */
function useWebOtp(t: Test, get: Get) {
  t.intercept(globalThis, 'OTPCredential' as never, { value: class {}, configurable: true } as never)
  t.intercept(globalThis, 'navigator' as never, { value: { credentials: { get } }, configurable: true } as never)
}
const waiting: Get = ({ signal }) =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

/** A field of a form. */
function newInput() {
  const attributes: Record<string, string> = {}
  const events: Event[] = []
  let submit = () => {}
  const input = {
    value: '',
    form: {
      addEventListener: (_type: 'submit', listener: () => void) => {
        submit = listener
      },
    },
    setAttribute: (name: string, value: string) => {
      attributes[name] = value
    },
    dispatchEvent: (event: Event) => events.push(event) > 0,
  }
  return { input, attributes, events, submit: () => submit() }
}

t.test('a code that arrives is filled in, and told as if it had been typed', async (t) => {
  let asked: object = {}
  useWebOtp(t, async (options) => {
    asked = options
    return { code: '123456', type: 'otp' }
  })
  const { input, attributes, events } = newInput()
  t.equal(await autofillOtp(input), '123456')
  t.match(asked, { otp: { transport: ['sms'] } })
  t.equal(input.value, '123456')
  t.match(events, [{ type: 'input', bubbles: true }])
  t.match(attributes, { autocomplete: 'one-time-code', inputmode: 'numeric' })
  t.equal(await receiveOtp(), '123456')

  const typed = newInput()
  typed.input.value = '12'
  t.equal(await autofillOtp({ ...typed.input, form: null }), null, 'what somebody types stays')
})

t.test('the waiting ends with the form, with the signal, and where the browser cannot', async (t) => {
  t.equal(await receiveOtp(), null, 'not a browser')
  const plain = newInput()
  t.equal(await autofillOtp(plain.input), null)
  t.equal(plain.attributes['autocomplete'], 'one-time-code', 'the keyboard can still offer it')
  useWebOtp(t, waiting)
  const sent = newInput()
  const filling = autofillOtp(sent.input)
  sent.submit()
  t.equal(await filling, null)
  const leaving = new AbortController()
  const left = autofillOtp(newInput().input, leaving.signal)
  leaving.abort()
  t.equal(await left, null)
  t.equal(await autofillOtp(newInput().input, leaving.signal), null)
  useWebOtp(t, async () => null)
  t.equal(await receiveOtp(), null)
})
