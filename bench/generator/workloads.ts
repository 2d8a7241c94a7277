// The workloads: which operations they are made of, and what has to be there before.
import type { SignedIn, Tally, Workload } from '../protocol.js'
import type { Connection } from './connection.js'
import { bodyOf, type Dialect, expectMembers } from './dialect.js'
import type { FakeGateway } from './fake-gateway.js'
import { closedLoop, type Operation } from './load.js'
import { createRotation, createSupply, internationalOf, type MobileNumber } from './numbers.js'

/** Wrong guesses that a code takes: what the settings of every server allow. */
const guessesOfACode = 10

/** Sessions that `me` goes around in. */
const sessionsInUse = 500

const needsSessions: ReadonlySet<Workload> = new Set(['me', 'mix', 'visit'])

/** Live codes that a warm-up may use up; how many a window needs is known after it. */
const codesToWarmUp = 300

/** Times as many codes as the warm-up's speed asks for. */
const reserve = 3

type LiveCode = { number: MobileNumber; wrongCode: string; guessesLeft: number }

export type Contestant = ReturnType<typeof createContestant>

/**
 * @param open opens the connections that a window keeps: servers end those that stay silent for long
 * @param given people who are signed in already
 */
export function createContestant(
  dialect: Dialect,
  gateway: FakeGateway,
  open: () => Promise<Connection[]>,
  users: number,
  given: readonly SignedIn[] = [],
) {
  let connections: readonly Connection[] = []
  const tally = { sends: 0, logins: 0, signups: 0, wrongs: 0, mes: 0 }
  const nextUser = createRotation(users)
  const supplies = {
    stranger: createSupply('stranger'),
    newcomer: createSupply('newcomer'),
    guessed: createSupply('guessed'),
  }
  let liveCodes: LiveCode[] = []
  let signedIn = [...given]
  let guessed = 0
  let asked = 0

  async function codeFor(connection: Connection, number: MobileNumber): Promise<string> {
    await dialect.send(connection, number)
    tally.sends += 1
    return gateway.takeCode(internationalOf(number))
  }

  async function signIn(connection: Connection): Promise<SignedIn> {
    const number = nextUser()
    const credential = await dialect.verify(connection, number, await codeFor(connection, number))
    tally.logins += 1
    return { number, credential }
  }

  async function send(connection: Connection): Promise<void> {
    await codeFor(connection, supplies.stranger())
  }

  async function login(connection: Connection): Promise<void> {
    await signIn(connection)
  }

  async function signup(connection: Connection): Promise<void> {
    const number = supplies.newcomer()
    await dialect.sendToNewcomer(connection, number)
    tally.sends += 1
    await dialect.signUp(connection, number, gateway.takeCode(internationalOf(number)))
    tally.signups += 1
  }

  async function addLiveCode(connection: Connection): Promise<void> {
    const number = supplies.guessed()
    const code = await codeFor(connection, number)
    liveCodes.push({ number, wrongCode: wrongCodeOf(code), guessesLeft: guessesOfACode })
  }

  /** Goes around among the live codes, so that no two guesses at one are under way at once. */
  function wrong(): Operation | null {
    const target = liveCodes[guessed % liveCodes.length]
    guessed += 1
    if (target === undefined || target.guessesLeft === 0) return null
    target.guessesLeft -= 1
    return async (connection) => {
      await dialect.guessWrong(connection, target.number, target.wrongCode)
      tally.wrongs += 1
    }
  }

  function me(): Operation {
    const session = signedIn[asked % signedIn.length]
    asked += 1
    return async (connection) => {
      if (session === undefined) throw new Error('nobody is signed in')
      await dialect.me(connection, session.credential, session.number)
      tally.mes += 1
    }
  }

  let mixed = 0
  function mix(): Operation | null {
    const place = mixed % 10
    mixed += 1
    if (place === 4 || place === 9) return login
    return place === 7 ? wrong() : me()
  }

  let visited = 0
  function visit(): Operation {
    visited += 1
    return visited % 5 === 0 ? login : me()
  }

  const operations: Readonly<Record<Workload, () => Operation | null>> = {
    send: () => send,
    login: () => login,
    signup: () => signup,
    wrong,
    me,
    mix,
    visit,
    hello: () => hello,
  }

  /** Runs an operation so many times, over all connections. */
  async function times(count: number, operation: Operation): Promise<void> {
    let left = count
    await closedLoop(connections, 3_600, () => {
      left -= 1
      return left < 0 ? null : operation
    })
  }

  /** How many live codes so many operations need. */
  function codesFor(workload: Workload, count: number): number {
    if (workload !== 'wrong' && workload !== 'mix') return 0
    const guesses = workload === 'wrong' ? count : count / 10
    return Math.ceil((guesses * reserve) / guessesOfACode) + connections.length
  }

  async function makeLiveCodes(count: number): Promise<void> {
    liveCodes = []
    await times(count, addLiveCode)
  }

  /** Sets up, warms up for so many seconds, and sets up what a window of `window` seconds will use. */
  async function prepare(workload: Workload, seconds: number, window: number): Promise<void> {
    for (const connection of connections) connection.close()
    connections = await open()
    signedIn = [...given]
    if (signedIn.length === 0 && needsSessions.has(workload)) {
      await times(sessionsInUse, async (connection) => {
        signedIn.push(await signIn(connection))
      })
    }
    if (codesFor(workload, 1) > 0) await makeLiveCodes(codesToWarmUp)
    const warmUp = await closedLoop(connections, seconds, operations[workload])
    const expected = (warmUp.latencies.length / warmUp.seconds) * window
    if (codesFor(workload, 1) > 0) await makeLiveCodes(codesFor(workload, expected))
  }

  return { connections: () => connections, prepare, next: operations, tally: (): Tally => ({ ...tally }) }
}

/** Another code than this one, of the same length. */
function wrongCodeOf(code: string): string {
  return [...code].map((digit) => (Number(digit) + 1) % 10).join('')
}

async function hello(connection: Connection): Promise<void> {
  expectMembers(bodyOf(await connection.ask({ method: 'GET', path: '/' }), 200), { hello: 'world' })
}
