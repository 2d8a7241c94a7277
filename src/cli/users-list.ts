// Users by pages, or those of a search: `latchkey users list [--search TEXT]`.
import { wholeNumber } from '../config/command-line.js'
import { prefixOf } from '../identifiers/phone.js'
import { createUserList } from '../users/list.js'
import { defineCommand, type WorkContext } from './command.js'
import { usersList as declared } from './declarations-users.js'
import { maskedUser, rowOf, withPeople } from './people.js'

export const listCommand = defineCommand(declared, listUsers)

async function listUsers({ values, environment, answer }: WorkContext<typeof declared.options>): Promise<number> {
  const limit = wholeNumber('--limit', values.limit, 1, 1000)
  const { search, cursor } = values
  return withPeople(environment, async ({ database, settings }) => {
    const list = createUserList({ database, defaultPrefix: prefixOf(settings.identifiers.defaultCountry) })
    const { users, nextCursor } = await list({
      ...{ limit, sort: '-created_at', cursor, search },
      identifier: null,
      hidesAdmins: false,
    })
    const disabled = await database.user.findMany({
      where: { id: { in: users.map(({ id }) => id) }, disabledAt: { not: null } },
      select: { id: true },
    })
    const isDisabled = new Set(disabled.map(({ id }) => id))
    const masked = users.map((user) => ({ ...maskedUser(user), disabled: isDisabled.has(user.id) }))
    const lines = masked.map(({ id, name, phone, email, role, disabled }) =>
      rowOf(id, phone, email, name, role === 'ADMIN' ? '(admin)' : null, disabled ? '(disabled)' : null),
    )
    const more = nextCursor === null ? [] : [`More: --cursor ${nextCursor}`]
    answer({ users: masked, nextCursor }, lines.length === 0 ? ['There is nobody'] : [...lines, ...more])
    return 0
  })
}
