// What people do with codes that only somebody signed in can ask for: stepping up, adding, changing and removing identifiers.
import fc from 'fast-check'
import type { Client, Context, Steps } from './context.js'
import {
  actor,
  type Command,
  clientAt,
  command,
  how,
  identifierAt,
  oneOf,
  place,
  signedIn,
  signIn,
  times,
  typed,
  who,
  whom,
  yesOrNo,
} from './play.js'
import type { Identifier, Method } from './state.js'

const onDevice = fc.boolean()
const right = { how: 'right', place: 0 } as const
const changeCode = (context: Context, identifier: Identifier) =>
  typed(context, identifier, context.model.state.codesOf(identifier, 'change_identifier', null), right)
const method = fc.constantFrom<Method>('phone', 'email')

const sendsTo = fc.constantFrom<(Method | undefined)[]>(
  [],
  [undefined],
  [undefined],
  ['phone', 'email'],
  ['email', 'phone'],
)

const sendStepUp = command(
  'send step-up',
  fc.record({ actor, onDevice, method: oneOf([1, undefined], [1, 'phone' as const], [2, 'email' as const]) }),
  async (steps, { actor, onDevice, method }) => steps.sendStepUpCode(await signedIn(steps, actor), onDevice, method),
)

/** Adds the phone or email that the client has not. */
async function addOther(steps: Steps, client: Client): Promise<void> {
  const { context } = steps
  const free = context.identifiers.find(
    (each) => client.session?.user[each.method] === null && !context.model.state.holderOf(each),
  )
  if (!free) return
  await steps.sendChangeCode(client, free)
  await steps.changeIdentifier(client, free, changeCode(context, free))
}

/**
 * By a code to the phone, to the email, or to one after the other; typed in where it was asked for, or elsewhere. Perhaps so late
 * that it is needed for what follows.
 */
const stepUp = command(
  'step up',
  fc.record({ actor, other: who, isElsewhere: yesOrNo(1, 4), isLate: yesOrNo(1, 2), onDevice, how, place, sendsTo }),
  async (steps, { actor, other, isElsewhere, isLate, onDevice, sendsTo, ...what }) => {
    const { context } = steps
    const client = await signedIn(steps, actor)
    if (isLate) await steps.wait(900)
    else if (sendsTo.length === 2) await addOther(steps, client)
    for (const method of sendsTo) await steps.sendStepUpCode(client, onDevice, method)
    const code = stepUpCode(context, client, onDevice, what)
    await steps.stepUp(isElsewhere ? clientAt(context, other) : client, onDevice, code)
    if (isLate) await steps.removeIdentifier(client, 'email')
  },
)

function stepUpCode(
  context: Context,
  { session, device }: Client,
  onDevice: boolean,
  what: Parameters<typeof typed>[3],
) {
  const { model } = context
  const own = session ? model.provenOf(session.user) : []
  const identifier = own[what.place % Math.max(1, own.length)]
  if (!identifier) return 'wrong'
  const known = model.signInDevice({ identifier, device: onDevice ? device : null })
  return typed(context, identifier, model.state.codesOf(identifier, 'step_up', known), what)
}

/** Mostly the one that they have not yet; typed in where the code was asked for, or elsewhere. */
const change = command(
  'change identifier',
  fc.record({
    actor,
    whom,
    addsOther: fc.boolean(),
    other: who,
    isElsewhere: yesOrNo(1, 4),
    how,
    place,
    sends: oneOf([1, 0], [3, 1], [1, 2]),
  }),
  async (steps, { actor, whom, addsOther, other, isElsewhere, sends, ...what }) => {
    const { context } = steps
    const client = await signedIn(steps, actor)
    const free = addsOther ? context.identifiers.find(({ method }) => client.session?.user[method] === null) : undefined
    const identifier = free ?? identifierAt(context, whom)
    await times(sends, async () => {
      await steps.sendChangeCode(client, identifier)
    })
    const codes = context.model.state.codesOf(identifier, 'change_identifier', null)
    const code = typed(context, identifier, codes, what)
    await steps.changeIdentifier(isElsewhere ? clientAt(context, other) : client, identifier, code)
  },
)

const remove = command('remove identifier', fc.record({ actor, method }), async (steps, { actor, method }) =>
  steps.removeIdentifier(await signedIn(steps, actor), method),
)

/** The same person in two places: a code that was asked for in one is typed in in the other, then where it belongs. */
const elsewhere = command(
  'elsewhere',
  fc.record({ whom, place, asks: fc.constantFrom('change', 'step-up') }),
  async (steps, { whom, place, asks }) => {
    const { context } = steps
    const [one, other] = context.clients as [Client, Client]
    const [own, next] = [
      identifierAt(context, whom),
      context.identifiers[place % context.identifiers.length] as Identifier,
    ]
    for (const client of [one, other]) {
      await signIn(steps, { flow: 'identifier', identifier: own, client, onDevice: true })
    }
    if (asks === 'step-up') {
      await steps.sendStepUpCode(one, false)
      for (const client of [other, one]) await steps.stepUp(client, false, stepUpCode(context, one, false, right))
      return
    }
    await steps.sendChangeCode(one, next)
    const code = changeCode(context, next)
    for (const client of [other, one]) await steps.changeIdentifier(client, next, code)
  },
)

/**
 * Somebody asks for a code that only somebody signed in can ask for, the same person in another place or a stranger. Then the one
 * who has the identifier replaces it, removes it or is deleted, and that code is typed in.
 */
const leave = command(
  'leave identifier',
  fc.record({
    whom,
    place,
    stranger: oneOf([2, undefined], [1, 1], [1, 4]),
    asks: oneOf([3, 'change' as const], [2, 'step-up' as const]),
    how: oneOf([2, 'replaces' as const], [1, 'removes' as const], [2, 'is deleted' as const]),
  }),
  async (steps, { whom, place, stranger, asks, how }) => {
    const { context } = steps
    const [here, there] = context.clients as [Client, Client]
    const old = identifierAt(context, whom)
    const others = context.identifiers.filter(
      ({ method, name }) => name !== old.name && (method === old.method) === (how !== 'removes'),
    )
    const next = others[place % others.length] as Identifier
    const theirs = stranger === undefined ? old : identifierAt(context, stranger)
    await signIn(steps, { flow: 'identifier', identifier: old, client: here, onDevice: true })
    await signIn(steps, { flow: 'identifier', identifier: theirs, client: there, onDevice: true })
    if (asks === 'step-up') await steps.sendStepUpCode(there, false, old.method)
    else await steps.sendChangeCode(there, old)
    const asked = changeCode(context, old)
    const user = here.session?.user
    if (how === 'is deleted' && user) await steps.administer(user, 'delete')
    else {
      await steps.sendChangeCode(here, next)
      await steps.changeIdentifier(here, next, changeCode(context, next))
    }
    if (how === 'removes') await steps.removeIdentifier(here, old.method)
    if (asks === 'change') await steps.changeIdentifier(there, old, asked)
    else await steps.stepUp(there, false, stepUpCode(context, there, false, right))
  },
)

export const identifierCommands: readonly [number, fc.Arbitrary<Command>][] = [
  [2, sendStepUp],
  [6, stepUp],
  [9, change],
  [3, remove],
  [4, leave],
  [3, elsewhere],
]
