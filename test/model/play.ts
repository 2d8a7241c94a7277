// What commands are made of: who does it to whom, what is typed in, and the few steps that belong together.
import fc from 'fast-check'
import type { Typed } from './answers.js'
import type { Codes } from './codes.js'
import type { Client, Context, SignInBy, Steps } from './context.js'
import type { Identifier, Session } from './state.js'

export type Command = fc.AsyncCommand<Context, Steps>

/** A command, told on failure by its name and details. Whatever it does not find in the context, it leaves. */
export function command<Details>(
  name: string,
  details: fc.Arbitrary<Details>,
  act: (steps: Steps, details: Details) => Promise<unknown>,
): fc.Arbitrary<Command> {
  return details.map((given) => ({
    check: () => true,
    run: async (_scene, steps) => void (await act(steps, given)),
    toString: () => `${name} ${JSON.stringify(given)}`,
  }))
}

/** One or the other, so many times as often as its weight says. */
export function oneOf<Value>(...weighted: readonly [number, Value][]): fc.Arbitrary<Value> {
  return fc.oneof(...weighted.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))
}

export const yesOrNo = (yes: number, no: number) => oneOf([yes, true], [no, false])

/** Places in the context. Some identifiers (three phones, two emails) are busier than others, and a few are free most of the time. */
export const who = fc.nat(2)
export const whom = oneOf([4, 0], [3, 3], [2, 1], [1, 4], [1, 2])
export const by = fc.record({ isMobile: fc.boolean(), whom, who, onDevice: fc.boolean() })
export type By = Readonly<{ isMobile: boolean; whom: number; who: number; onDevice: boolean }>

/** What is typed in: the code of that send, one of another, digits, anything. */
export const how = oneOf(
  [10, 'right' as const],
  [3, 'other' as const],
  [3, 'wrong' as const],
  [1, 'malformed' as const],
)
export const place = fc.nat(9)

export const clientAt = ({ clients }: Context, index: number) => clients[index] as Client
export const identifierAt = ({ identifiers }: Context, index: number) => identifiers[index] as Identifier

export function signInBy(context: Context, { isMobile, whom, who, onDevice }: By): SignInBy {
  const identifier = identifierAt(context, whom)
  const flow = isMobile && identifier.method === 'phone' ? 'mobile' : 'identifier'
  return { flow, identifier, client: clientAt(context, who), onDevice }
}

export async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index++) await work()
}

const deviceOf = ({ client, onDevice }: SignInBy) => (onDevice ? client.device : null)

export function signInCodes({ model }: Context, by: SignInBy): Codes<Session> {
  const { identifier } = by
  return model.state.codesOf(identifier, 'sign_in', model.signInDevice({ identifier, device: deviceOf(by) }))
}

type What = Readonly<{ how: 'right' | 'other' | 'wrong' | 'malformed'; place: number }>

/** The live code of those, or else the last one; or any code that ever went to the identifier, whatever for. */
export function typed({ sent }: Context, { name }: Identifier, codes: Codes<Session>, { how, place }: What): Typed {
  if (how === 'wrong' || how === 'malformed') return how
  const all = sent.filter(({ to }) => to === name)
  const chosen = how === 'right' ? (codes.code ?? all.at(-1)?.code) : all[place % Math.max(1, all.length)]?.code
  return chosen ?? 'wrong'
}

const right = { how: 'right', place: 0 } as const

export async function enterRightCode(steps: Steps, by: SignInBy): Promise<void> {
  const { context } = steps
  await steps.enter(by, typed(context, by.identifier, signInCodes(context, by), right))
}

export async function signIn(steps: Steps, by: SignInBy): Promise<void> {
  await steps.send(by)
  await enterRightCode(steps, by)
}

/** Who asks: one of nine without being signed in, the others signed in where it can be done. */
export const actor = fc.nat(8)

export async function signedIn(steps: Steps, actor: number): Promise<Client> {
  const { context } = steps
  const client = clientAt(context, actor % 3)
  if (actor === 8) return client
  const live = context.clients.filter(({ session }) => session && context.model.state.isSignedIn(session))
  if (live.length > 0) return live[actor % live.length] as Client
  await signIn(steps, {
    flow: 'identifier',
    identifier: identifierAt(context, actor % 2 ? 3 : 0),
    client,
    onDevice: true,
  })
  return client
}
