// Calls at the same time on two replicas: as if they had come in some order, whichever (test/model/README.md).
import t from 'tap'
import { countBlocked, untilBlocked } from '../users/waiting.js'
import { type Race, type Replicas, race } from './at-once.js'
import type { Steps } from './context.js'
import { enterRightCode, signIn, signInBy, times } from './play.js'
import { startReplica, startService } from './service.js'
import type { Identifier, User } from './state.js'

/** Places of identifiers in the context. */
const [phone, otherPhone, email] = [0, 1, 3]

/** A client signs in by an identifier, never on a device that is known, which would have counts of its own. */
const at = ({ context }: Steps, who: number, whom: number, isMobile = false) =>
  signInBy(context, { isMobile, whom, who, onDevice: false })
const client = ({ context }: Steps, who: number) => at({ context } as Steps, who, phone).client
const identifier = ({ context }: Steps, whom: number) => context.identifiers[whom] as Identifier
const onlyUser = ({ context }: Steps) => [...context.model.state.users][0] as User

const send = (steps: Steps, whom: number, isMobile = false) => steps.send(at(steps, 1, whom, isMobile))
const enter = (steps: Steps, who: number, whom: number, isMobile = false) =>
  enterRightCode(steps, at(steps, who, whom, isMobile))
const enterWrong = (steps: Steps, whom: number, isMobile = false) => steps.enter(at(steps, 1, whom, isMobile), 'wrong')

/** Client 0 has an account with a phone, and a code to it is under way. */
async function memberWithCode(steps: Steps): Promise<void> {
  await signIn(steps, at(steps, 0, phone))
  await send(steps, phone)
}

/** The code that was sent last is typed in, by client 0. */
function changeTo(steps: Steps, whom: number) {
  const { context } = steps
  const { code } = context.model.state.codesOf(identifier(steps, whom), 'change_identifier', null)
  return steps.changeIdentifier(client(steps, 0), identifier(steps, whom), code ?? 'wrong')
}

async function memberWithBoth(steps: Steps): Promise<void> {
  await signIn(steps, at(steps, 0, phone))
  await steps.sendChangeCode(client(steps, 0), identifier(steps, email))
  await changeTo(steps, email)
}

/** With three rounds of five wrong codes behind it, less one, so that the next code tells how many were counted. */
async function nearlyLocked(steps: Steps): Promise<void> {
  for (const wrong of [5, 5, 4, 0]) {
    await send(steps, phone)
    await times(wrong, () => enterWrong(steps, phone))
    await steps.wait(600)
  }
  await send(steps, phone)
}

const races: Record<string, Race & { rounds?: number }> = {
  '50 right codes of a newcomer are one session': {
    before: (steps) => send(steps, phone),
    atOnce: (steps) => ({ enter: [50, () => enter(steps, 1, phone)] }),
  },
  '50 right codes of a newcomer are one ticket': {
    before: (steps) => send(steps, phone, true),
    atOnce: (steps) => ({ enter: [50, () => enter(steps, 1, phone, true)] }),
  },
  '50 right codes of a member through both flows are one session more': {
    before: memberWithCode,
    atOnce: (steps) => ({
      mobile: [3, () => enter(steps, 1, phone, true)],
      identifier: [3, () => enter(steps, 2, phone)],
    }),
  },
  '200 wrong codes are five': {
    before: nearlyLocked,
    atOnce: (steps) => ({ wrong: [200, () => enterWrong(steps, phone)] }),
    async after(steps) {
      await enter(steps, 1, phone)
      await steps.wait(3_600)
      await send(steps, phone)
    },
  },
  'a right code among 49 wrong ones': {
    before: memberWithCode,
    atOnce: (steps) => ({ wrong: [49, () => enterWrong(steps, phone)], right: [1, () => enter(steps, 2, phone)] }),
    rounds: 3,
  },
  '50 sends are one message': {
    before: async () => {},
    atOnce: (steps) => ({ send: [50, () => send(steps, phone)] }),
  },
  'sends and codes at once': {
    before: memberWithCode,
    atOnce: (steps) => ({
      send: [3, () => send(steps, phone)],
      wrong: [3, () => enterWrong(steps, phone)],
      right: [1, () => enter(steps, 2, phone)],
    }),
    rounds: 3,
  },
  '20 signups with one ticket are one account': {
    before: (steps) => signIn(steps, at(steps, 1, phone, true)),
    atOnce: (steps) => {
      const { ticket } = client(steps, 1)
      return { signup: [20, () => steps.signUp(client(steps, 1), identifier(steps, phone), ticket, true)] }
    },
  },
  'a signup while the other flow makes the account': {
    async before(steps) {
      await signIn(steps, at(steps, 1, phone, true))
      await send(steps, phone)
    },
    atOnce: (steps) => {
      const { ticket } = client(steps, 1)
      return {
        signup: [2, () => steps.signUp(client(steps, 1), identifier(steps, phone), ticket, true)],
        enter: [2, () => enter(steps, 2, phone)],
      }
    },
    rounds: 5,
  },
  '20 right codes to step up are one proof': {
    async before(steps) {
      await signIn(steps, at(steps, 0, phone))
      await steps.sendStepUpCode(client(steps, 0), false)
    },
    atOnce: (steps) => {
      const { code } = steps.context.model.state.codesOf(identifier(steps, phone), 'step_up', null)
      return { 'step up': [20, () => steps.stepUp(client(steps, 0), false, code ?? 'wrong')] }
    },
  },
  'somebody takes an identifier while it makes an account': {
    async before(steps) {
      await signIn(steps, at(steps, 0, phone))
      await steps.sendChangeCode(client(steps, 0), identifier(steps, email))
      await send(steps, email)
    },
    atOnce: (steps) => ({ change: [1, () => changeTo(steps, email)], enter: [1, () => enter(steps, 1, email)] }),
    rounds: 10,
  },
  'phone and email removed at once: one stays': {
    before: memberWithBoth,
    atOnce: (steps) => ({
      phone: [1, () => steps.removeIdentifier(client(steps, 0), 'phone')],
      email: [1, () => steps.removeIdentifier(client(steps, 0), 'email')],
    }),
    rounds: 10,
  },
  'a sign-in while the account is disabled, and enabled later': {
    before: memberWithCode,
    atOnce: (steps) => {
      const user = onlyUser(steps)
      return { enter: [1, () => enter(steps, 1, phone)], disable: [1, () => steps.administer(user, 'disable')] }
    },
    after: (steps) => steps.administer(onlyUser(steps), 'enable'),
    rounds: 10,
  },
  'a sign-in while the account is deleted': {
    before: memberWithCode,
    atOnce: (steps) => {
      const user = onlyUser(steps)
      return { enter: [1, () => enter(steps, 1, phone)], delete: [1, () => steps.administer(user, 'delete')] }
    },
    rounds: 10,
  },
  'a sign-in while the user ends other sessions': {
    before: memberWithCode,
    atOnce: (steps) => ({
      enter: [1, () => enter(steps, 1, phone)],
      'end others': [1, () => steps.endOthers(client(steps, 0))],
    }),
    rounds: 10,
  },
}

/** The first call waits for the user's row while the second does what it can: what happens by chance, each time. */
const whileItWaits: Race['meet'] = async (send, { app }) => {
  const { database } = app
  const calls = await database.$transaction(async (held) => {
    await held.$queryRaw`SELECT id FROM users FOR KEY SHARE`
    const first = send(0)
    await untilBlocked(app)
    let isAnswered = false
    const second = send(1).finally(() => {
      isAnswered = true
    })
    while (!isAnswered && (await countBlocked(app)) < 2);
    return [first, second]
  })
  return Promise.all(calls)
}

/** A sign-in by an identifier in the moment in which it is given up: no session that it opened lives on. */
const givingUp: Record<string, Race> = {
  change: {
    async before(steps) {
      await memberWithCode(steps)
      await steps.sendChangeCode(client(steps, 0), identifier(steps, otherPhone))
    },
    atOnce: (steps) => ({ change: [1, () => changeTo(steps, otherPhone)], enter: [1, () => enter(steps, 1, phone)] }),
    meet: whileItWaits,
  },
  removal: {
    async before(steps) {
      await memberWithBoth(steps)
      await send(steps, phone)
    },
    atOnce: (steps) => ({
      remove: [1, () => steps.removeIdentifier(client(steps, 0), 'phone')],
      enter: [1, () => enter(steps, 1, phone)],
    }),
    meet: whileItWaits,
  },
}

t.test('what happens at once is as if it had come one after the other', async (t) => {
  const service = await startService(t)
  const replicas: Replicas = [service, await startReplica(t, service)]
  for (const [name, { rounds = 1, ...each }] of Object.entries(races)) {
    t.test(name, async (t) => {
      await times(rounds, () => race(replicas, each))
      t.pass(`${rounds} times`)
    })
  }

  for (const [name, each] of Object.entries(givingUp)) {
    t.test(`a sign-in at the ${name} of its identifier`, async (t) => {
      await times(10, () => race(replicas, each))
      t.pass('10 times')
    })
  }
})
