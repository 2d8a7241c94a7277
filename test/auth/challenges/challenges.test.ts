// Challenges by themselves: what is right once, for one send, and nothing else.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Challenge, Solution } from 'altcha-lib'
import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import t, { type Test } from 'tap'
import { Altcha } from '../../../src/auth/challenges/altcha.js'
import { Challenges } from '../../../src/auth/challenges/challenges.js'

const key = 'k'.repeat(32)
const binding = { purpose: 'sign_in', identifier: '+919876543210' } as const
const ours = { provider: 'altcha', isAlways: false, site: undefined } as const

/** Starts near the end: what is tested is not the patience of a solver. */
async function solve(challenge: Challenge): Promise<{ challenge: Challenge; solution: Solution }> {
  const solution = await solveChallenge({ challenge, deriveKey, counterStart: 1_000 })
  return { challenge, solution: solution as Solution }
}

t.test('a solution is right for its send, as a text or unpacked, and names itself', async (t) => {
  const altcha = new Altcha(key)
  const challenge = (await altcha.create(binding, 1)) as Challenge
  t.match(challenge, { parameters: { algorithm: 'PBKDF2/SHA-256', cost: 1_000 }, signature: /^[0-9a-f]{64}$/ })
  t.notMatch(JSON.stringify(challenge), '9876543210', 'the identifier is in no challenge')
  const payload = await solve(challenge)
  t.ok(payload.solution.counter >= 1_000 && payload.solution.counter <= 2_000, `counter ${payload.solution.counter}`)
  const name = await altcha.verify(payload, binding)
  t.equal(name, challenge.signature)
  const text = Buffer.from(JSON.stringify(payload)).toString('base64')
  t.equal(await altcha.verify(text, binding), name)
  t.equal(await new Altcha(key).verify(text, binding), name, 'any replica takes it')

  const wrong: [string, string | object, { purpose: 'sign_in' | 'step_up'; identifier: string }][] = [
    ['another identifier', payload, { ...binding, identifier: '+919876543211' }],
    ['another purpose', payload, { ...binding, purpose: 'step_up' }],
    ['another key', { ...payload, solution: { ...payload.solution, derivedKey: 'ab'.repeat(32) } }, binding],
    [
      'less work',
      { ...payload, challenge: { ...challenge, parameters: { ...challenge.parameters, cost: 1 } } },
      binding,
    ],
    [
      'a longer life',
      { ...payload, challenge: { ...challenge, parameters: { ...challenge.parameters, expiresAt: 9e9 } } },
      binding,
    ],
    ['no signature', { ...payload, challenge: { parameters: challenge.parameters } }, binding],
    ['a foreign signature', { ...payload, challenge: { ...challenge, signature: 'ab'.repeat(32) } }, binding],
    ['no base64', 'no base64 {', binding],
    ['JSON of something else', Buffer.from('[1]').toString('base64'), binding],
    ['an empty object', {}, binding],
    ['no parameters', { challenge: { signature: 'a' }, solution: { counter: 1, derivedKey: 'aa' } }, binding],
    ['no solution', { challenge }, binding],
    ['a counter that is none', { challenge, solution: { counter: '1', derivedKey: 'aa' } }, binding],
  ]
  for (const [what, given, of] of wrong) t.equal(await altcha.verify(given, of), null, what)
  t.equal(await new Altcha('o'.repeat(32)).verify(payload, binding), null, 'of another service')
  const later = Date.now() + 301_000
  t.intercept(Date, 'now', { value: () => later })
  t.equal(await altcha.verify(payload, binding), null, 'ended after 5 minutes')
})

t.test('the work grows with what is asked in a minute, up to a bound', async (t) => {
  const difficulties: number[] = []
  t.intercept(Altcha.prototype, 'create', {
    value: async (_binding: object, difficulty: number) => {
      difficulties.push(difficulty)
      return {}
    },
  })
  const challenges = new Challenges({ settings: ours, key })
  for (let asked = 0; asked < 1_000; asked += 1) await challenges.create(binding)
  t.equal(difficulties[0], 1)
  t.equal(difficulties[100], 2)
  t.equal(difficulties.at(-1), 16)
  const later = performance.now() + 61_000
  t.intercept(performance, 'now', { value: () => later })
  await challenges.create(binding)
  t.equal(difficulties.at(-1), 1, 'a quiet minute later it is as little as before')
})

t.test('off, nothing is asked and nothing is taken', async (t) => {
  const challenges = new Challenges({ settings: { ...ours, provider: 'off' }, key })
  t.equal(challenges.isOn, false)
  t.equal(await challenges.create(binding), undefined)
  t.equal(await challenges.verify('anything', binding), null)
})

/** A provider that answers as it is told, and keeps what it was asked. */
async function providerThat(t: Test, answer: RequestListener) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text) => asked.push(text))
    request.on('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const verifyUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/siteverify`
  const site = { key: 'the-site-key', secret: 'the-secret', verifyUrl }
  return { asked, challenges: new Challenges({ settings: { provider: 'turnstile', isAlways: false, site }, key }) }
}

t.test('a provider outside is asked with the secret, and its word counts', async (t) => {
  let success = true
  const { asked, challenges } = await providerThat(t, (_request, response) => response.end(JSON.stringify({ success })))
  t.strictSame(await challenges.create(binding), { provider: 'turnstile', site_key: 'the-site-key' })
  const name = await challenges.verify('a token & more', binding)
  t.match(name, /^[0-9a-f]{64}$/)
  t.equal(asked[0], 'secret=the-secret&response=a+token+%26+more')
  success = false
  t.equal(await challenges.verify('another', binding), null)
  t.equal(await challenges.verify({ challenge: {} }, binding), null, 'no token, no question')
  t.equal(asked.length, 2)
  t.equal(await challenges.verify(undefined, binding), null)
})

t.test('a provider that fails or is not there is a service that is not available', async (t) => {
  const { challenges } = await providerThat(t, (_request, response) => response.writeHead(500).end('{}'))
  await t.rejects(challenges.verify('a token', binding), { code: 'service_unavailable', details: { retryAfter: 5 } })
})
