// Makes admins, and makes them none again: `npm run admin -- grant|revoke|create PHONE|EMAIL`, `npm run admin -- list`. The API
// never makes the first one.

import { UsageError } from '../config/command-line.js'
import { parseAdminSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem, problemBody } from '../errors.js'
import { maskIdentifier } from '../identifiers/masked.js'
import { type Identifier, IdentifierParser } from '../identifiers/parser.js'
import type { TestCode } from '../otp/test-identities.js'
import { createAct } from '../users/acting.js'
import { UserAdministration } from '../users/administration.js'
import { UsersService } from '../users/service.js'
import { defineCommand, runIfMain, type WorkContext } from './command.js'
import { withDatabase } from './command-database.js'

const usage = 'Usage: npm run admin -- grant|revoke|create PHONE|EMAIL, or npm run admin -- list'
type Named = Pick<Identifier, 'method' | 'identifier'>
/** The command line is no user, and comes from no network. */
const operator = null

export const adminCommand = defineCommand(
  {
    script: 'admin',
    summary: 'Makes admins, and makes them none again.',
    words: {
      usage: 'list | grant|revoke|create PHONE|EMAIL',
      description: 'create makes a user who is an admin; grant and revoke take one who is there',
      minimum: 1,
      maximum: 2,
    },
  },
  administer,
)

async function administer({ words, environment, print }: WorkContext): Promise<number> {
  const [action = '', text] = words
  const isComplete = action === 'list' ? text === undefined : text !== undefined
  if (!['grant', 'revoke', 'create', 'list'].includes(action) || !isComplete) throw new UsageError(usage)
  const settings = parseAdminSettings(environment)
  const { defaultCountry, smsCountries: countries, latitude } = settings.identifiers
  const parser = new IdentifierParser({ defaultCountry, countries, latitude, channels: ['sms', 'email'] })

  await withDatabase(settings.database, async (database) => {
    const actions = createActions(database, settings.testCodes, print)
    const act = async () => {
      if (action === 'list') return actions.list()
      return actions[action as 'grant'](await actions.identifierOf(String(text), (typed) => parser.fromText(typed)))
    }
    await act().catch(explain)
  })
  return 0
}

/** What clients of the API would read says enough here too. */
function explain(error: unknown): never {
  throw error instanceof Problem ? new Error(problemBody(error.code, error.details).detail) : error
}

function createActions(database: Database, testCodes: readonly TestCode[], print: (line: string) => void) {
  const users = new UsersService({ database })
  const administration = new UserAdministration({ database, act: createAct({ database }), testCodes })

  /** Whom a text names: what an account has is taken as it is stored, also where the metadata of today refuses the number. */
  async function identifierOf(text: string, read: (text: string) => Identifier): Promise<Named> {
    const stored = { method: text.includes('@') ? 'email' : 'phone', identifier: text } as const
    return (await users.findByIdentifier(stored)) === null ? read(text) : stored
  }

  async function find(identifier: Named): Promise<UserRow> {
    const user = await users.findByIdentifier(identifier)
    if (user === null) throw new Error(`Nobody has ${identifier.identifier}; create makes the user too`)
    return user
  }

  async function grant(identifier: Named): Promise<void> {
    const { id } = await find(identifier)
    await administration.change(id, { role: 'ADMIN' }, operator)
    print(`${identifier.identifier} is an admin (user ${id})`)
  }

  async function revoke(identifier: Named): Promise<void> {
    const { id } = await find(identifier)
    await administration.change(id, { role: 'USER' }, operator)
    print(`${identifier.identifier} is no admin (user ${id})`)
  }

  async function create({ method, identifier }: Named): Promise<void> {
    const nothing = { phone: null, email: null, userName: null }
    const { id } = await administration.create({ ...nothing, [method]: identifier, role: 'ADMIN' }, operator)
    print(`${identifier} is an admin (user ${id}): whoever signs in with it first`)
  }

  async function list(): Promise<void> {
    const admins = await administration.admins()
    for (const { id, phone, email, isDisabled, isProven } of admins) {
      const names = [phone, email].filter((name) => name !== null).map(maskIdentifier)
      const notes = [...(isDisabled ? ['disabled'] : []), ...(isProven ? [] : ['never signed in'])]
      print([id, ...names, ...notes.map((note) => `(${note})`)].join('  '))
    }
    if (admins.length === 0) print('There is no admin yet')
  }

  return { identifierOf, grant, revoke, create, list }
}

await runIfMain(import.meta.url, adminCommand)
