// What people do with their sessions, and what admins do to accounts.
import fc from 'fast-check'
import type { Client, Steps } from './context.js'
import { actor, type Command, command, oneOf, place, signedIn, signIn, yesOrNo } from './play.js'
import type { Device, Method, User } from './state.js'

const calls = (name: string, act: (steps: Steps, client: Client) => Promise<unknown>) =>
  command(name, actor, async (steps, actor) => act(steps, await signedIn(steps, actor)))

/** Mostly one of their own, whose client then comes back on its device. */
const endSession = command(
  'end session',
  fc.record({ actor, place, isOwn: yesOrNo(3, 1) }),
  async (steps, { actor, place, isOwn }) => {
    const { context } = steps
    const client = await signedIn(steps, actor)
    const sessions = [...context.sessions].filter(({ user }) => !isOwn || user === client.session?.user)
    const session = sessions[place % sessions.length]
    if (!session) return
    await steps.endSession(client, session)
    await comeBack(steps, session.user, session.device)
  },
)

/** The others then come back on their devices. */
const endOthers = calls('end others', async (steps, client) => {
  await steps.endOthers(client)
  const user = client.session?.user
  for (const { device } of steps.context.clients) if (user && device?.user === user) await comeBack(steps, user, device)
})

/** Whoever has the device signs in on it. */
async function comeBack(steps: Steps, user: User, device: Device): Promise<void> {
  const client = steps.context.clients.find((each) => each.device === device)
  const [identifier] = steps.context.model.provenOf(user)
  if (client && identifier) await signIn(steps, { flow: 'identifier', identifier, client, onDevice: true })
}

const acts = oneOf(
  [2, 'disable' as const],
  [3, 'enable' as const],
  [2, 'delete' as const],
  [1, 'end sessions' as const],
)

/** What admins do, and how it looks on a device of the user's. */
const administer = command('administer', fc.record({ place, act: acts }), async (steps, { place, act }) => {
  const users = [...steps.context.model.state.users]
  const user = users[place % users.length]
  if (!user) return
  await steps.administer(user, act)
  await lookAt(steps, user)
  // Only then it shows that nothing from before comes back.
  if (act === 'disable' && place % 2) await steps.administer(user, 'enable')
})

async function lookAt(steps: Steps, user: User): Promise<void> {
  const client = steps.context.clients.find(({ device }) => device?.user === user)
  const [identifier] = steps.context.model.provenOf(user)
  if (!client?.device || !identifier) return
  // What the device is told to wait for shows whether its sends still count by themselves.
  const by = { flow: 'identifier' as const, identifier, client, onDevice: false }
  await steps.send(by)
  await comeBack(steps, user, client.device)
}

/** A phone, an email, or both; the first one is proved. */
const claims = fc.constantFrom<Method[]>(
  ['phone'],
  ['email'],
  ['phone', 'email'],
  ['phone', 'email'],
  ['email', 'phone'],
)
const isMobile = fc.boolean()

/** Mostly with its owner's first proof, after which the other one is nobody's: the first one is the last, and somebody else may come with the other. */
const createUser = command(
  'create user',
  fc.record({
    methods: claims,
    isTaken: yesOrNo(1, 4),
    proves: yesOrNo(3, 1),
    later: fc.constantFrom('removes', 'another comes', 'nothing'),
    isMobile,
  }),
  async (steps, { methods, isTaken, proves, later, isMobile }) => {
    const { context } = steps
    const identifiers = methods.flatMap((method) => {
      const of = context.identifiers.filter((each) => each.method === method)
      const wanted = of.find((each) => isTaken === (context.model.state.holderOf(each) !== undefined))
      return wanted ?? of.slice(0, 1)
    })
    await steps.createUser(identifiers)
    const [first, second] = identifiers
    if (!proves || !first) return
    const [, another, owner] = context.clients as [Client, Client, Client]
    await signIn(steps, { flow: 'identifier', identifier: first, client: owner, onDevice: false })
    if (later === 'removes') await steps.removeIdentifier(owner, first.method)
    if (later !== 'another comes' || !second) return
    const flow = isMobile && second.method === 'phone' ? 'mobile' : 'identifier'
    await signIn(steps, { flow, identifier: second, client: another, onDevice: true })
  },
)

export const accountCommands: readonly [number, fc.Arbitrary<Command>][] = [
  [2, calls('me', (steps, client) => steps.me(client))],
  [2, calls('refresh', (steps, client) => steps.refresh(client))],
  [1, calls('log out', (steps, client) => steps.logOut(client))],
  [2, calls('list sessions', (steps, client) => steps.listSessions(client))],
  [2, endSession],
  [2, endOthers],
  [1, calls('end all', (steps, client) => steps.endAll(client))],
  [1, calls('delete me', (steps, client) => steps.deleteMe(client))],
  [3, administer],
  [3, createUser],
]
