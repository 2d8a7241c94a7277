// Calls at the same time: what came of them has to be what some order of them would have done. The model is asked for each order.
import { ok } from 'node:assert/strict'
import type { InjectOptions } from 'fastify'
import type { Answer } from '../support/app.js'
import type { Expected } from './answers.js'
import { createContext, createSteps, type Steps } from './context.js'
import { times } from './play.js'
import { createRun, type Replica, type Service } from './service.js'

export type Race = Readonly<{
  before: (steps: Steps) => Promise<unknown>
  /** what happens at once, by its name: how often, and what */
  atOnce: (steps: Steps) => Readonly<Record<string, readonly [number, () => Promise<unknown>]>>
  /** what shows afterwards how it went, one after the other */
  after?: (steps: Steps) => Promise<unknown>
  /** where not simply all together: how the calls meet, of which each is sent by its number */
  meet?: (send: (call: number) => Promise<Answer>, service: Service) => Promise<Answer[]>
}>

/** Two replicas on one database. */
export type Replicas = readonly [Service, Replica]

/** What came of a race, a line each; the same for the service and for the model. */
type Outcome = readonly string[]

/** Lets the race happen once, and throws where no order explains what came of it. */
export async function race(replicas: Replicas, of: Race): Promise<void> {
  const seen = summary(await runAtOnce(replicas, of))
  const counts = Object.entries(of.atOnce(rehearsal().steps)).map(([name, [count]]) => [name, count] as const)
  const allowed = new Set<string>()
  for (const order of orders(counts)) allowed.add(summary(await rehearse(of, order)))
  ok(allowed.has(seen), `${seen}\nis none of\n${[...allowed].join('\nnor of\n')}`)
}

async function runAtOnce(replicas: Replicas, { before, atOnce, after, meet }: Race): Promise<Outcome> {
  const [one, other] = replicas
  const context = createContext()
  const run = createRun(one)
  await before(createSteps(context, run))
  const knownUsers = new Set([...context.model.state.users].map(run.users.of))
  const tokens = [...run.tokens.values()]

  // From here on the requests are written down, and sent when all of them are there.
  const requests: { name: string; request: InjectOptions }[] = []
  let name = ''
  const steps = createSteps(context, { ...run, ask: async (request) => void requests.push({ name, request }) })
  for (const [group, [count, act]] of Object.entries(atOnce(steps))) {
    name = group
    await times(count, act)
  }
  const codesSent = () => [...one.messages, ...other.messages].filter(({ code }) => code !== undefined).length
  const sentBefore = codesSent()
  // Each from an address of its own: the counter of one address would make them come one after the other.
  const send = (call: number) =>
    (call % 2 ? other : one).app.ask({ ...requests[call]?.request, remoteAddress: `198.51.100.${(call % 250) + 1}` })
  const answers = await (meet?.(send, one) ?? Promise.all(requests.map((_request, call) => send(call))))
  const outcome = answers.map((answer, index) => `${requests[index]?.name}: ${signatureOf(answer)}`).sort()
  outcome.push(`codes sent: ${codesSent() - sentBefore}`)

  requests.length = 0
  await after?.(steps)
  for (const { request } of requests) outcome.push(`after: ${signatureOf(await one.app.ask(request))}`)

  for (const { body } of answers) if (body.token !== undefined) tokens.push(body.token)
  const live = { known: 0, new: 0 }
  for (const token of tokens) {
    const { status, body } = await other.app.get('/users/me', { headers: { authorization: `Bearer ${token}` } })
    if (status === 200) live[knownUsers.has(body.data.id) ? 'known' : 'new'] += 1
  }
  return [...outcome, `sessions: ${JSON.stringify(live)}`]
}

/** Steps that ask nobody: what the model says of each. */
function rehearsal() {
  const context = createContext()
  const said: Expected[] = []
  const names = { of: () => '0000000000', has: () => false, learn: () => {} }
  const steps = createSteps(context, {
    ask: async (_request, expected) => void said.push(expected),
    ...{ codes: names, users: names, sessions: names, devices: names, tickets: names, tokens: new Map() },
    ...{ expectNotices: async () => {}, age: async () => {}, adminToken: '' },
  })
  return { context, said, steps }
}

/** What the model says where the calls come in this order. */
async function rehearse({ before, atOnce, after }: Race, order: readonly string[]): Promise<Outcome> {
  const { context, said, steps } = rehearsal()
  await before(steps)
  const knownUsers = new Set(context.model.state.users)
  const groups = atOnce(steps)
  said.length = 0
  for (const name of order) await groups[name]?.[1]()
  const outcome = said.map((expected, index) => `${order[index]}: ${signatureOfExpected(expected)}`).sort()
  outcome.push(`codes sent: ${said.filter(({ message }) => message !== undefined).length}`)

  said.length = 0
  await after?.(steps)
  outcome.push(...said.map((expected) => `after: ${signatureOfExpected(expected)}`))

  const live = { known: 0, new: 0 }
  for (const session of context.sessions) {
    if (context.model.state.isSignedIn(session)) live[knownUsers.has(session.user) ? 'known' : 'new'] += 1
  }
  return [...outcome, `sessions: ${JSON.stringify(live)}`]
}

function signatureOf({ status, body }: Answer): string {
  return [status, body.code, body.isNewUser, (body.data ?? body).attempts_allowed].join(' ')
}

function signatureOfExpected({ status, code, isNewUser, sent }: Expected): string {
  return [status, code, isNewUser, sent?.guessesLeft].join(' ')
}

/** The lines, each with how often it is there. */
function summary(lines: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].map(([line, count]) => `${count} × ${line}`).join('; ')
}

/** Every order of so many of each, in which those of one name are alike. */
function* orders(groups: readonly (readonly [string, number])[]): Generator<string[]> {
  if (groups.every(([, count]) => count === 0)) yield []
  for (const [name, count] of groups) {
    if (count === 0) continue
    // The rest of a single kind has one order.
    if (groups.every(([other, left]) => other === name || left === 0)) {
      yield Array.from({ length: count }, () => name)
      continue
    }
    const rest = groups.map(([other, left]) => [other, other === name ? left - 1 : left] as const)
    for (const order of orders(rest)) yield [name, ...order]
  }
}
