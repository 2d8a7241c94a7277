// One user with what is known of them: `latchkey users show ID|PHONE|EMAIL`. Whoever asks for one by name sees identifiers as they are.
import { defineCommand, type WorkContext } from './command.js'
import { usersShow as declared } from './declarations-users.js'
import { type People, rowOf, withPeople } from './people.js'

/** Of each, the newest. */
const most = { sessions: 20, events: 20 }

export const showCommand = defineCommand(declared, showUser)

async function showUser({ words, environment, answer }: WorkContext<typeof declared.options>): Promise<number> {
  return withPeople(environment, async (people) => {
    const { id } = await people.find(String(words[0]))
    const shown = await readAll(people, id)
    answer(shown, linesOf(shown))
    return 0
  })
}

async function readAll({ database }: People, userId: string) {
  const [user, sessions, events] = await Promise.all([
    database.user.findUniqueOrThrow({ where: { id: userId }, omit: { nameKey: true } }),
    database.session.findMany({
      where: { userId },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: most.sessions,
      select: { id: true, device: true, network: true, createdAt: true, lastSeenAt: true, expiresAt: true },
    }),
    database.authEvent.findMany({
      where: { userId },
      orderBy: [{ happenedAt: 'desc' }, { id: 'desc' }],
      take: most.events,
      select: { happenedAt: true, event: true, detail: true, network: true, channel: true, driver: true },
    }),
  ])
  return { user, sessions, events }
}

type Shown = Awaited<ReturnType<typeof readAll>>

const timeOf = (time: Date) => time.toISOString()
const provedOn = (time: Date | null) => (time === null ? '(not proved)' : `(proved ${timeOf(time)})`)

function linesOf({ user, sessions, events }: Shown): string[] {
  const facts: [string, string | null][] = [
    ['id', user.id],
    ['name', user.userName],
    ['phone', user.phone && rowOf(user.phone, provedOn(user.phoneVerifiedAt))],
    ['email', user.email && rowOf(user.email, provedOn(user.emailVerifiedAt))],
    ['role', user.role],
    ['disabled', user.disabledAt && timeOf(user.disabledAt)],
    ['created', timeOf(user.createdAt)],
  ]
  return [
    ...facts.flatMap(([name, value]) => (value ? [`${name.padEnd(9)} ${value}`] : [])),
    `sessions  ${sessions.length}${sessions.length === most.sessions ? ' or more' : ''}`,
    ...sessions.map(({ lastSeenAt, device, network }) => `  ${rowOf(timeOf(lastSeenAt), device, network)}`),
    `events    the latest ${most.events}`,
    ...events.map(
      ({ happenedAt, event, detail, network, channel, driver }) =>
        `  ${rowOf(timeOf(happenedAt), event, detail, channel, driver, network)}`,
    ),
  ]
}
