// All users as lines of JSON: `latchkey users export [--output FILE]`. Pages of one index are read and written one after the other, so
// that a million users take the memory of one page.
import { once } from 'node:events'
import { writeOutput } from '../config/standard-output.js'
import type { Database } from '../database/client.js'
import { visibleJson } from '../showing.js'
import { defineCommand, type WorkContext } from './command.js'
import { counted } from './counted.js'
import { usersExport as declared } from './declarations-users.js'
import { writeOut } from './output-file.js'
import { withPeople } from './people.js'

/** Users of a page. */
const pageSize = 1_000

export const exportCommand = defineCommand(declared, exportUsers)

type Write = (text: string) => Promise<unknown>

async function exportUsers({ values, environment, printError }: WorkContext<typeof declared.options>): Promise<number> {
  const { output, force } = values
  return withPeople(environment, async ({ database }) => {
    if (output === undefined) {
      await writeUsers(database, toStandardOutput)
      return 0
    }
    const options = { force, mode: 0o600 }
    const count = await writeOut(output, options, (file) => writeUsers(database, (text) => file.appendFile(text)))
    printError(`wrote ${counted(count, 'user')} to ${output}`)
    return 0
  })
}

/** Waits while whoever reads is slow. */
async function toStandardOutput(text: string): Promise<void> {
  if (!writeOutput(text)) await once(process.stdout, 'drain')
}

/** Returns how many there were. Whoever is made meanwhile is in it or not; nobody is in it twice. */
export async function writeUsers(database: Database, write: Write, size = pageSize): Promise<number> {
  let count = 0
  let after: string | undefined
  do {
    const users = await database.user.findMany({
      where: after === undefined ? {} : { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: size,
      omit: { nameKey: true, leaving: true, leavingSince: true },
    })
    if (users.length > 0) await write(users.map((user) => `${visibleJson(JSON.stringify(user))}\n`).join(''))
    count += users.length
    after = users.length < size ? undefined : users.at(-1)?.id
  } while (after !== undefined)
  return count
}
