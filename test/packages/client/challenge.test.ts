// Challenges: solved by the client itself, in a worker where there is one, once, and never against the will of who uses it.
import { Worker as NodeWorker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { solveChallenge } from '../../../packages/client/src/challenge.js'
import { createClient, type ProofOfWork } from '../../../packages/client/src/index.js'
import { createClient as createNativeClient } from '../../../packages/client/src/native.js'
import { solve } from '../../../packages/client/src/solve.js'
import { newEmail, newNumber } from '../../support/flows.js'
import { recordingFetch, startService } from './service.js'

const easy = {
  parameters: { algorithm: 'PBKDF2/SHA-256', cost: 10, keyPrefix: 'A', nonce: '0001', salt: '0203', keyLength: 16 },
}

/** A worker of a browser, made of one of Node.js. */
function useWorkers(t: Test, start: (url: URL) => void = () => {}) {
  class BrowserWorker {
    onmessage: ((event: { data: unknown }) => void) | null = null
    onerror: (() => void) | null = null
    readonly #worker: NodeWorker
    constructor(url: URL, options: object) {
      start(url)
      t.strictSame(options, { type: 'module' })
      const script = `const { parentPort } = require('node:worker_threads')
        globalThis.self = { postMessage: (message) => parentPort.postMessage(message) }
        const loaded = import(${JSON.stringify(url.href)})
        parentPort.on('message', (data) => loaded.then(() => self.onmessage({ data })))`
      this.#worker = new NodeWorker(script, { eval: true })
      this.#worker.on('message', (data) => this.onmessage?.({ data }))
    }
    postMessage(message: unknown): void {
      this.#worker.postMessage(message)
    }
    terminate(): void {
      void this.#worker.terminate()
    }
  }
  t.intercept(globalThis, 'Worker' as never, { value: BrowserWorker, configurable: true } as never)
}

t.test('the service asks, the client solves and sends again; or says so where it is told not to', async (t) => {
  const { newClient } = await startService(t, { settings: { CHALLENGE: 'altcha', CHALLENGE_WHEN: 'always' } })
  const { client, asked } = newClient()
  const email = newEmail()
  t.match(await client.identifier.requestOtp({ email }), { message: 'OTP sent' })
  t.strictSame(
    asked.map(({ route, body }) => [route, Object.keys(body)]),
    [
      ['POST /auth/request-otp', ['email']],
      ['POST /auth/request-otp', ['email', 'challenge_solution']],
    ],
  )

  const refusing = newClient({ solveChallenge: false })
  const refused = { code: 'challenge_required', status: 403, challenge: { parameters: { cost: 1_000 } } }
  await t.rejects(refusing.client.mobile.sendOtp({ mobile_number: newNumber() }), refused)
  t.equal(refusing.asked.length, 1)

  const given: unknown[] = []
  const own = newClient({
    solveChallenge: async (challenge) => {
      given.push(challenge)
      return 'the text of a widget'
    },
  })
  await t.rejects(own.client.identifier.requestOtp({ email: newEmail() }), refused, 'a wrong one is not tried for ever')
  t.equal(own.asked.at(-1)?.body['challenge_solution'], 'the text of a widget')
  t.strictSame([own.asked.length, given.length], [2, 1])
  const already = own.client.identifier.requestOtp({ email: newEmail(), challenge_solution: 'mine' })
  await t.rejects(already, refused, 'who sends a solution of their own hears what became of it')
  t.equal(given.length, 1)
})

t.test('what the built-in solver does not know is for the application', async (t) => {
  const asking = (challenge: unknown) => {
    const recorded = recordingFetch(async () =>
      Response.json({ code: 'challenge_required', challenge }, { status: 403 }),
    )
    return { ...recorded, options: { baseUrl: 'http://auth.example', fetch: recorded.fetch } }
  }
  const widget = asking({ provider: 'turnstile', site_key: 'the-key' })
  const refused = { code: 'challenge_required', challenge: { provider: 'turnstile', site_key: 'the-key' } }
  await t.rejects(createClient(widget.options).mobile.sendOtp({ mobile_number: '1' }), refused)
  const unsaid = createClient(asking(undefined).options).mobile.sendOtp({ mobile_number: '1' })
  await t.rejects(unsaid, { code: 'challenge_required' })
  const native = asking(easy)
  await t.rejects(createNativeClient(native.options).mobile.sendOtp({ mobile_number: '1' }), {
    code: 'challenge_required',
  })
  t.match(native.asked[1]?.body, { challenge_solution: { challenge: easy, solution: { derivedKey: /^a/ } } })
})

t.test('a worker solves it; without one, or where it does not load, the page does', async (t) => {
  const here = await solveChallenge(easy)
  t.match(here, { challenge: easy, solution: { counter: Number, derivedKey: /^a[0-9a-f]{31}$/ } })
  let started = 0
  useWorkers(t, () => {
    started += 1
  })
  t.strictSame(await solveChallenge(easy), here)
  t.equal(started, 1)
  const unknown = { parameters: { ...easy.parameters, algorithm: 'ARGON2ID' } }
  await t.rejects(solveChallenge(unknown), { message: 'ARGON2ID is not known' })
  const hopeless: ProofOfWork = { parameters: { ...easy.parameters, keyPrefix: 'no key has this' } }
  const leaving = new AbortController()
  const left = solveChallenge(hopeless, leaving.signal)
  leaving.abort(new Error('left'))
  await t.rejects(left, { message: 'left' })
  await t.rejects(solveChallenge(hopeless, leaving.signal), { message: 'left' })

  useWorkers(t, () => {
    throw new Error('SecurityError: another origin')
  })
  t.strictSame(await solveChallenge(easy), here)
  class Failing {
    onerror = () => {}
    postMessage() {
      this.onerror()
    }
    terminate() {}
  }
  t.intercept(globalThis, 'Worker' as never, { value: Failing, configurable: true } as never)
  t.strictSame(await solveChallenge(easy), here)
})

t.test('the solver ends: with its signal, with its time, and where there is nothing to solve with', async (t) => {
  const hopeless: ProofOfWork = { parameters: { ...easy.parameters, keyPrefix: 'no key has this' } }
  await t.rejects(solve(hopeless, AbortSignal.abort(new Error('left'))), { message: 'left' })
  const later = [Date.now(), Date.now(), Date.now() + 200_000]
  t.intercept(Date, 'now', { value: () => later.shift() ?? 0 })
  await t.rejects(solve(hopeless), { message: 'No key fits' })
  t.intercept(globalThis, 'crypto' as never, { value: undefined, configurable: true } as never)
  await t.rejects(solve(easy), { message: 'There is no WebCrypto' })
})
