// Makes admins, and makes them none again: `latchkey admin grant|revoke|create PHONE|EMAIL`, `latchkey admin list`. The API never makes
// the first one.
import { defineCommand, type WorkContext } from './command.js'
import { adminCreate, adminGrant, adminList, adminRevoke } from './declarations-users.js'
import { maskedIdentifiers, operator, type People, rowOf, withPeople } from './people.js'

type Context = WorkContext<typeof adminList.options>
type Role = 'USER' | 'ADMIN'

export const grantCommand = defineCommand(adminGrant, (context) => change(context, 'ADMIN'))
export const revokeCommand = defineCommand(adminRevoke, (context) => change(context, 'USER'))
export const createCommand = defineCommand(adminCreate, create)
export const listCommand = defineCommand(adminList, list)

/** Somebody who has that identifier: ids are of `users`, since whoever makes an admin has to know whom. */
async function find({ users, identifierOf }: People, text: string) {
  const { method, identifier } = await identifierOf(text)
  const user = await users.findByIdentifier({ method, identifier })
  if (user === null) throw new Error(`Nobody has ${identifier}; create makes the user too`)
  return { id: user.id, identifier }
}

async function change({ words, environment, answer }: Context, role: Role): Promise<number> {
  return withPeople(environment, async (people) => {
    const { id, identifier } = await find(people, String(words[0]))
    await people.administration.change(id, { role }, operator)
    answer({ id, identifier, role }, [`${identifier} is ${role === 'ADMIN' ? 'an' : 'no'} admin (user ${id})`])
    return 0
  })
}

async function create({ words, environment, answer }: Context): Promise<number> {
  return withPeople(environment, async ({ administration, identifierOf }) => {
    const { method, identifier } = await identifierOf(String(words[0]))
    const nothing = { phone: null, email: null, userName: null }
    const { id, role } = await administration.create({ ...nothing, [method]: identifier, role: 'ADMIN' }, operator)
    answer({ id, identifier, role }, [`${identifier} is an admin (user ${id}): whoever signs in with it first`])
    return 0
  })
}

async function list({ environment, answer }: Context): Promise<number> {
  return withPeople(environment, async ({ administration }) => {
    const admins = (await administration.admins()).map(({ phone, email, ...admin }) => ({
      ...admin,
      ...maskedIdentifiers({ phone, email }),
    }))
    const lines = admins.map(({ id, phone, email, isDisabled, isProven }) =>
      rowOf(id, phone, email, isDisabled ? '(disabled)' : null, isProven ? null : '(never signed in)'),
    )
    answer({ admins }, lines.length === 0 ? ['There is no admin yet'] : lines)
    return 0
  })
}
