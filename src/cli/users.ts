// What support does for a user: `latchkey users disable|enable|sign-out|delete ID|PHONE|EMAIL [--reason TEXT]`.
import { UsageError } from '../config/command-line.js'
import { isHonest } from '../showing.js'
import { reasonLine } from '../users/reason.js'
import { defineCommand, type WorkContext } from './command.js'
import { usersDelete, usersDisable, usersEnable, usersSignOut } from './declarations-users.js'
import { operator, withPeople } from './people.js'

type Context = WorkContext<typeof usersDisable.options>

export const disableCommand = defineCommand(usersDisable, (context) => setDisabled(context, true))
export const enableCommand = defineCommand(usersEnable, (context) => setDisabled(context, false))
export const signOutCommand = defineCommand(usersSignOut, signOut)
export const deleteCommand = defineCommand(usersDelete, remove)

/** @throws UsageError for what the API would not take either (users/administration-schemas.ts) */
function reasonOf({ reason }: Context['values']): string | undefined {
  if (reason === undefined) return undefined
  if (/^(?=.*\S)\P{Cc}{1,160}$/u.test(reason) && isHonest(reason)) return reason.trim()
  throw new UsageError(`--${reasonLine}`)
}

async function setDisabled({ words, values, environment, answer }: Context, disabled: boolean): Promise<number> {
  const reason = reasonOf(values)
  return withPeople(environment, async ({ administration, find }) => {
    const { id } = await find(String(words[0]))
    await administration.change(id, { disabled }, operator, reason)
    answer({ id, disabled }, [disabled ? `${id} is disabled, and signed out everywhere` : `${id} may sign in again`])
    return 0
  })
}

async function signOut(context: WorkContext<typeof usersSignOut.options>): Promise<number> {
  const { words, values, environment, answer } = context
  const reason = reasonOf(values)
  return withPeople(environment, async ({ administration, find }) => {
    const { id } = await find(String(words[0]))
    if (values.passkeys) {
      const ended = await administration.cutOff(id, operator, reason)
      const { sessions, passkeys } = ended
      answer({ id, ...ended }, [
        `${id} is signed out; sessions ended: ${sessions}, passkeys removed: ${passkeys}, no device is known any more`,
      ])
      return 0
    }
    const sessions = await administration.endSessions(id, operator, reason)
    answer({ id, sessions }, [`${id} is signed out; sessions ended: ${sessions}`])
    return 0
  })
}

async function remove(context: WorkContext<typeof usersDelete.options>): Promise<number> {
  const { words, values, environment, answer, ask } = context
  const [whom] = words
  const reason = reasonOf(values)
  if (!values.yes && ask === undefined) {
    throw new UsageError('Nothing was deleted: there is no terminal to ask on, so give --yes')
  }
  return withPeople(environment, async ({ administration, find }) => {
    const { id } = await find(String(whom))
    const isMeant = values.yes || /^y(es)?$/i.test(String(await ask?.(`Delete ${whom} (user ${id}) for good? [y/N] `)))
    if (!isMeant) throw new Error('Nothing was deleted')
    await administration.remove(id, operator, reason)
    answer({ id, deleted: true }, [`${id} is deleted`])
    return 0
  })
}
