// The limits on codes of a running service, proved by being refused (`--prove`). Nobody gets a message and nobody else is counted: what is
// asked is about an address of nobody (RFC 2606 §2: `.invalid`), and where the service is on this machine, from a loopback address
// that nobody else uses.
import { randomUUID } from 'node:crypto'
import { isLoopbackHost } from '../config/formats.js'
import { blockListOf } from '../http/address.js'
import { counted } from './counted.js'
import { type Finding, type Findings, findingsOf } from './doctor-findings.js'
import { findOwnAddress, onTheSpot, refusalFinding, untried } from './doctor-flood.js'
import type { Answer, Question } from './doctor-http.js'
import type { ServiceUnderTest } from './doctor-service.js'
import type { Traces } from './doctor-traces.js'

const found = findingsOf('limits')

/** RFC 5737 §3: an address for examples, which nobody has. */
const inventedAddress = '203.0.113.77'
const forwarded = {
  'x-forwarded-for': inventedAddress,
  forwarded: `for=${inventedAddress}`,
  'x-real-ip': inventedAddress,
  'cf-connecting-ip': inventedAddress,
  'true-client-ip': inventedAddress,
}

const otherSettings = 'are these the settings of the service? compare DATABASE_URL, OTP_PEPPER and EVENT_KEY'

/** @param traces null where the database does not answer */
export async function* limitFindings(service: ServiceUnderTest, traces: Traces | null): Findings {
  const { base, config, proves } = service
  if (!config.delivery.channels.includes('email')) {
    const line = 'the limits on codes were not tried: CHANNELS has no email, and any phone number may be somebody’s'
    yield found('note', line)
    return
  }
  if (!proves) {
    yield untried('the limits of an address and X-Forwarded-For were')
    yield untried('the guesses that a code takes and its cooldown were')
    return
  }
  if (traces === null) {
    yield found('failed', 'the limits on codes were not tried: the database does not answer')
    return
  }
  const probe = new Probe(service, await findOwnAddress(service))
  const { status, body } = await probe.guess()
  if (status !== 401 || body['code'] !== 'otp_invalid') {
    const hint = 'where it is 429, this address has had its share: wait ten minutes'
    yield found('failed', `a guess at a code that was never sent is answered ${status}, not 401 otp_invalid`, hint)
    return
  }
  yield found('ok', 'a guess at a code that was never sent is answered like a wrong one')
  const network = await traces.networkOf(probe.lastRequest())
  if (network === null) {
    yield found('failed', 'the guess left no event in this database', otherSettings)
    return
  }
  yield found('ok', 'the service works on this database and writes its audit trail')
  if (!isLoopbackHost(base.hostname) && isPrivate(network)) {
    const line = 'the service sees a private address: if it is that of a proxy, all people share its limits'
    yield found('warning', line, 'set TRUST_PROXY to the addresses of your proxies')
  }
  yield* addressFindings(probe, traces, network, config.limits.ipVerifyPerTenMinutes)
  yield* codeFindings(probe, traces, config.otp.maxAttempts)
}

/** Questions about somebody who does not exist. */
export class Probe {
  readonly #ask
  readonly #localAddress: string | undefined
  readonly identifier = `doctor-${randomUUID()}@doctor.invalid`
  readonly #otp
  readonly requestIds: unknown[] = []
  /** nobody else comes from where it comes from */
  readonly isAlone
  /** what it says of its address is believed */
  readonly isProxy

  constructor({ ask, config }: ServiceUnderTest, localAddress: string | undefined) {
    this.#ask = ask
    this.#localAddress = localAddress
    this.#otp = '0'.repeat(config.otp.length)
    this.isAlone = localAddress !== undefined
    this.isProxy = blockListOf(config.trustProxy).has(localAddress)
  }

  async guess(headers: Question['headers'] = {}): Promise<Answer> {
    const answer = await this.#ask('/auth/verify-otp', {
      body: { email: this.identifier, otp: this.#otp },
      headers,
      localAddress: this.#localAddress,
    })
    this.requestIds.push(answer.headers['x-request-id'])
    return answer
  }

  lastRequest() {
    return this.requestIds.at(-1)
  }

  send() {
    return this.#ask('/auth/request-otp', { body: { email: this.identifier }, localAddress: this.#localAddress })
  }
}

/** Whether guesses are counted on the address that they really come from, and refused when they are too many. */
async function* addressFindings(probe: Probe, traces: Traces, network: string, limit: number): Findings {
  const before = await traces.guessesIn(network)
  yield await spoofingFinding(probe, traces, network)
  for (let guesses = 0; guesses < 2; guesses++) await probe.guess()
  const after = await traces.guessesIn(network)
  const [counter, ...others] = [...after.keys()].filter((key) => Number(after.get(key)) - Number(before.get(key)) >= 2)
  if (counter === undefined) {
    yield found('failed', 'guesses are not counted on the address they come from', otherSettings)
    return
  }
  yield found('ok', 'guesses are counted on the address they come from')
  const isOurs = probe.isAlone || (others.length === 0 && !(await traces.hasOthers(network, probe.requestIds)))
  yield isOurs
    ? await fullAddressFinding(probe, traces, counter, limit)
    : found('note', 'whether an address is refused was not tried: others share this one', onTheSpot)
}

async function spoofingFinding(probe: Probe, traces: Traces, network: string): Promise<Finding> {
  await probe.guess(forwarded)
  if ((await traces.networkOf(probe.lastRequest())) === network) {
    return found('ok', 'a client cannot choose its address by X-Forwarded-For')
  }
  if (probe.isProxy) {
    return found('note', 'X-Forwarded-For was not tried: TRUST_PROXY calls every program on this machine a proxy')
  }
  const hint =
    'TRUST_PROXY must name your proxies alone, and they append to X-Forwarded-For (is this machine one of them?)'
  return found('failed', 'a client can choose its address by X-Forwarded-For, and with each one gets new limits', hint)
}

/** Fills the counter up in the database, asks once and takes it back, in place of as many guesses. */
async function fullAddressFinding(probe: Probe, traces: Traces, counter: string, limit: number): Promise<Finding> {
  await traces.addGuesses(counter, limit)
  const answer = await probe.guess().finally(() => traces.addGuesses(counter, -limit))
  const share = counted(limit, 'guess', 'guesses')
  const line = `an address is refused after ${share} in 10 minutes`
  if (answer.status === 429) return refusalFinding(answer, 600, line)
  const hint = 'check RATE_LIMITS, IP_VERIFY_PER_10_MIN and NODE_ENV of the service'
  return found('failed', `an address with more than ${share} in 10 minutes is not refused`, hint)
}

/** A code that nobody knows is put into the database, for nobody: one guess is evaluated, further ones and a resend are not. */
async function* codeFindings(probe: Probe, traces: Traces, most: number): Findings {
  const share = counted(most, 'guess', 'guesses')
  await traces.plantCode(probe.identifier)
  try {
    for (let guesses = 0; guesses < 3; guesses++) await probe.guess()
    const attempts = await traces.attemptsAt(probe.identifier)
    yield attempts === most
      ? found('ok', `a code takes ${share} and no more`)
      : found('failed', `a code that takes ${share} was guessed at ${counted(attempts, 'time')}`, otherSettings)
    const sent = await probe.send()
    yield sent.status === 429
      ? refusalFinding(sent, 60, 'another code is refused until the cooldown is over')
      : found('failed', `another code within the cooldown is answered ${sent.status}, not 429`, otherSettings)
  } finally {
    await traces.removeCode(probe.identifier)
  }
}

/** Whether no client on the internet comes from a network (RFC 1918, RFC 4193, loopback). */
function isPrivate(network: string): boolean {
  return /^(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))\.|^f[cd]|^::/.test(network)
}
