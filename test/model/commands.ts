// What people do, in any order. Each command is one step or a few that belong together, weighted so that each rule is met often.
import fc from 'fast-check'
import { accountCommands } from './account-commands.js'
import type { Context, Steps } from './context.js'
import { identifierCommands } from './identifier-commands.js'
import {
  by,
  type Command,
  clientAt,
  command,
  enterRightCode,
  how,
  oneOf,
  place,
  signIn,
  signInBy,
  signInCodes,
  times,
  typed,
  who,
  yesOrNo,
} from './play.js'
import type { Identifier } from './state.js'

// All times, these and those of the rules, are multiples of 30 seconds: the second or two that a run takes decides nothing.
const [minute, hour, day] = [60, 3_600, 86_400]

const signInCommand = command('sign in', by, (steps, details) => signIn(steps, signInBy(steps.context, details)))

const gateway = oneOf([6, 'accepts' as const], [2, 'refuses' as const], [1, 'breaks' as const])
const mode = oneOf([2, undefined], [2, 'login' as const], [1, 'signup' as const])

const sendCommand = command('send', fc.record({ by, mode, gateway }), async (steps, details) => {
  // Only the mobile flow has modes.
  const by = signInBy(steps.context, { ...details.by, isMobile: details.by.isMobile || details.mode !== undefined })
  await steps.send(by, details.mode, details.gateway)
})

/** Asks again and again, perhaps with wrong codes and refused messages between: the same code, its end, the growing cooldown, the hour and the day. */
const insist = command(
  'insist',
  fc.record({
    by,
    count: fc.integer({ min: 2, max: 12 }),
    pause: fc.constantFrom(30, 60, 120, 120, 120, 300, 900, hour),
    wrong: oneOf([2, 0], [1, 1], [1, 2]),
    refusals: yesOrNo(1, 3),
  }),
  async (steps, { count, pause, wrong, refusals, ...details }) => {
    await times(count, async () => {
      const by = signInBy(steps.context, details.by)
      if (refusals) await steps.send(by, undefined, 'refuses')
      await steps.send(by)
      await times(wrong, () => steps.enter(by, 'wrong'))
      await steps.wait(pause)
    })
  },
)

const enter = command('enter', fc.record({ by, how, place }), async (steps, details) => {
  const by = signInBy(steps.context, details.by)
  await steps.enter(by, typed(steps.context, by.identifier, signInCodes(steps.context, by), details))
})

/** Wrong codes, mostly as many as one may, then the right one. */
const guess = command(
  'guess',
  fc.record({ by, count: oneOf([1, 1], [1, 3], [1, 4], [3, 5], [1, 6]), sends: yesOrNo(3, 1) }),
  async (steps, { count, sends, ...details }) => {
    const by = signInBy(steps.context, details.by)
    if (sends) await steps.send(by)
    await times(count, () => steps.enter(by, 'wrong'))
    await enterRightCode(steps, by)
  },
)

/** A code each hour and its guesses, all wrong or the last one right, until none is left for the day. */
const guessOn = command(
  'guess on',
  fc.record({ by, wrong: fc.constantFrom(4, 5) }),
  async (steps, { wrong, ...details }) => {
    const by = signInBy(steps.context, details.by)
    await times(6, async () => {
      await steps.send(by)
      await times(wrong, () => steps.enter(by, 'wrong'))
      await enterRightCode(steps, by)
      await steps.wait(hour)
    })
  },
)

/** Signs in on nine or ten other devices, then on the one before: of ten others it has given way. */
const moveAround = command('move around', fc.record({ by, others: oneOf([1, 9], [3, 10]) }), async (steps, details) => {
  const by = { ...signInBy(steps.context, details.by), flow: 'identifier' as const, onDevice: false }
  await signIn(steps, by)
  await times(details.others, async () => {
    await steps.wait(3 * hour)
    await signIn(steps, { ...by, client: { ...by.client } })
  })
  await signIn(steps, { ...by, onDevice: true })
})

const ticketKind = oneOf([5, 'own'], [2, 'for another number'], [1, 'of somebody'], [1, 'none'])

/** Seconds between the proof and the form. */
const pause = oneOf([5, 0], [1, 300], [1, 600])

/** Mostly after proving the number. */
const signUp = command(
  'sign up',
  fc.record({
    who,
    ticketKind,
    place,
    isProved: yesOrNo(2, 1),
    isLate: yesOrNo(1, 5),
    pause,
    isFormValid: yesOrNo(4, 1),
  }),
  async (steps, { who, ticketKind, place, isProved, isLate, pause, isFormValid }) => {
    const { context } = steps
    const client = clientAt(context, who)
    const first = context.phones[place % context.phones.length] as Identifier
    if (isProved) await signIn(steps, { flow: 'mobile', identifier: first, client, onDevice: false })
    if (pause > 0) await steps.wait(pause)
    // Somebody makes the account by the other flow meanwhile.
    const other = clientAt(context, (who + 1) % context.clients.length)
    if (isLate) await signIn(steps, { flow: 'identifier', identifier: first, client: other, onDevice: false })
    const somebodys = context.tickets[place % Math.max(1, context.tickets.length)] ?? null
    const ticket = ticketKind === 'none' ? null : ticketKind === 'of somebody' ? somebodys : client.ticket
    const own = context.phones.find(({ name }) => name === ticket?.phone) ?? first
    const another = context.phones.find(({ name }) => name !== own.name) as Identifier
    await steps.signUp(client, ticketKind === 'for another number' ? another : own, ticket, isFormValid)
  },
)

const seconds = fc.constantFrom(30, minute, 150, 300, 300, 600, 900, hour, hour, 2 * hour, day, 8 * day, 25 * day)
const wait = command('wait', seconds, (steps, seconds) => steps.wait(seconds))

const weighted: readonly [number, fc.Arbitrary<Command>][] = [
  [12, signInCommand],
  [6, sendCommand],
  [4, insist],
  [7, enter],
  [5, guess],
  [2, guessOn],
  [1, moveAround],
  [6, signUp],
  [7, wait],
  ...accountCommands,
  ...identifierCommands,
]

/**
 * Up to so many commands in a row.
 * @param replayPath of a failure: which of them were made in it
 */
export function commands(most: number, replayPath?: string) {
  const any = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })))
  const replay = replayPath === undefined ? {} : { replayPath }
  return fc.commands<Context, Steps, false>([any], { maxCommands: most, size: 'max', ...replay })
}
