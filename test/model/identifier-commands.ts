// What people do with codes that only somebody signed in can ask for: stepping up, adding, changing and removing identifiers.
import fc from 'fast-check'
import {
  asker,
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
import type { Client, Scene, Steps } from './scene.js'
import type { Identifier, Method } from './world.js'

const onDevice = fc.boolean()
const right = { how: 'right', place: 0 } as const
const changeCode = (scene: Scene, identifier: Identifier) =>
  typed(scene, identifier, scene.model.world.codesOf(identifier, 'change_identifier', null), right)
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
  fc.record({ asker, onDevice, method: oneOf([1, undefined], [1, 'phone' as const], [2, 'email' as const]) }),
  async (steps, { asker, onDevice, method }) => steps.sendStepUpCode(await signedIn(steps, asker), onDevice, method),
)

/** Adds the phone or email that the client has not. */
async function addOther(steps: Steps, client: Client): Promise<void> {
  const { scene } = steps
  const free = scene.identifiers.find(
    (each) => client.session?.user[each.method] === null && !scene.model.world.holderOf(each),
  )
  if (!free) return
  await steps.sendChangeCode(client, free)
  await steps.changeIdentifier(client, free, changeCode(scene, free))
}

/**
 * By a code to the phone, to the email, or to one after the other; typed in where it was asked for, or elsewhere. Perhaps so late
 * that it is needed for what follows.
 */
const stepUp = command(
  'step up',
  fc.record({ asker, other: who, isElsewhere: yesOrNo(1, 4), isLate: yesOrNo(1, 2), onDevice, how, place, sendsTo }),
  async (steps, { asker, other, isElsewhere, isLate, onDevice, sendsTo, ...what }) => {
    const { scene } = steps
    const client = await signedIn(steps, asker)
    if (isLate) await steps.wait(900)
    else if (sendsTo.length === 2) await addOther(steps, client)
    for (const method of sendsTo) await steps.sendStepUpCode(client, onDevice, method)
    const code = stepUpCode(scene, client, onDevice, what)
    await steps.stepUp(isElsewhere ? clientAt(scene, other) : client, onDevice, code)
    if (isLate) await steps.removeIdentifier(client, 'email')
  },
)

function stepUpCode(scene: Scene, { session, device }: Client, onDevice: boolean, what: Parameters<typeof typed>[3]) {
  const { model } = scene
  const own = session ? model.provenOf(session.user) : []
  const identifier = own[what.place % Math.max(1, own.length)]
  if (!identifier) return 'wrong'
  const known = model.signInDevice({ identifier, device: onDevice ? device : null })
  return typed(scene, identifier, model.world.codesOf(identifier, 'step_up', known), what)
}

/** Mostly the one that they have not yet; typed in where the code was asked for, or elsewhere. */
const change = command(
  'change identifier',
  fc.record({
    asker,
    whom,
    addsOther: fc.boolean(),
    other: who,
    isElsewhere: yesOrNo(1, 4),
    how,
    place,
    sends: oneOf([1, 0], [3, 1], [1, 2]),
  }),
  async (steps, { asker, whom, addsOther, other, isElsewhere, sends, ...what }) => {
    const { scene } = steps
    const client = await signedIn(steps, asker)
    const free = addsOther ? scene.identifiers.find(({ method }) => client.session?.user[method] === null) : undefined
    const identifier = free ?? identifierAt(scene, whom)
    await times(sends, async () => {
      await steps.sendChangeCode(client, identifier)
    })
    const codes = scene.model.world.codesOf(identifier, 'change_identifier', null)
    const code = typed(scene, identifier, codes, what)
    await steps.changeIdentifier(isElsewhere ? clientAt(scene, other) : client, identifier, code)
  },
)

const remove = command('remove identifier', fc.record({ asker, method }), async (steps, { asker, method }) =>
  steps.removeIdentifier(await signedIn(steps, asker), method),
)

/** The same person in two places: a code that was asked for in one is typed in in the other, then where it belongs. */
const elsewhere = command(
  'elsewhere',
  fc.record({ whom, place, asks: fc.constantFrom('change', 'step-up') }),
  async (steps, { whom, place, asks }) => {
    const { scene } = steps
    const [one, other] = scene.clients as [Client, Client]
    const [own, next] = [identifierAt(scene, whom), scene.identifiers[place % scene.identifiers.length] as Identifier]
    for (const client of [one, other]) {
      await signIn(steps, { flow: 'identifier', identifier: own, client, onDevice: true })
    }
    if (asks === 'step-up') {
      await steps.sendStepUpCode(one, false)
      for (const client of [other, one]) await steps.stepUp(client, false, stepUpCode(scene, one, false, right))
      return
    }
    await steps.sendChangeCode(one, next)
    const code = changeCode(scene, next)
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
    const { scene } = steps
    const [here, there] = scene.clients as [Client, Client]
    const old = identifierAt(scene, whom)
    const others = scene.identifiers.filter(
      ({ method, name }) => name !== old.name && (method === old.method) === (how !== 'removes'),
    )
    const next = others[place % others.length] as Identifier
    const theirs = stranger === undefined ? old : identifierAt(scene, stranger)
    await signIn(steps, { flow: 'identifier', identifier: old, client: here, onDevice: true })
    await signIn(steps, { flow: 'identifier', identifier: theirs, client: there, onDevice: true })
    if (asks === 'step-up') await steps.sendStepUpCode(there, false, old.method)
    else await steps.sendChangeCode(there, old)
    const asked = changeCode(scene, old)
    const user = here.session?.user
    if (how === 'is deleted' && user) await steps.administer(user, 'delete')
    else {
      await steps.sendChangeCode(here, next)
      await steps.changeIdentifier(here, next, changeCode(scene, next))
    }
    if (how === 'removes') await steps.removeIdentifier(here, old.method)
    if (asks === 'change') await steps.changeIdentifier(there, old, asked)
    else await steps.stepUp(there, false, stepUpCode(scene, there, false, right))
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
