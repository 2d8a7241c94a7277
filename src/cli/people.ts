// Users as commands name and show them.
import { UsageError } from '../config/command-line.js'
import { parseAdminSettings } from '../config/config.js'
import type { Database } from '../database/client.js'
import type { UserRow } from '../database/user-row.js'
import { Problem, problemBody } from '../errors.js'
import { anyCaseUuidPattern } from '../http/uuid.js'
import { maskIdentifier } from '../identifiers/masked.js'
import { type Identifier, IdentifierParser } from '../identifiers/parser.js'
import { createAct } from '../users/acting.js'
import { UserAdministration } from '../users/administration.js'
import { UsersService } from '../users/service.js'
import type { CommandContext } from './command.js'
import { withDatabase } from './command-database.js'

/** The command line is no user, and comes from no network. */
export const operator = null

export type Named = Pick<Identifier, 'method' | 'identifier'>
export type People = ReturnType<typeof createPeople>

/**
 * Does work on users. What clients of the API would read of a refusal is thrown in one line, which says enough here too.
 * @throws UsageError for a phone or email that is none
 */
export async function withPeople<Result>(
  environment: CommandContext['environment'],
  work: (people: People) => Promise<Result>,
): Promise<Result> {
  const settings = parseAdminSettings(environment)
  return withDatabase(settings.database, async (database) => {
    try {
      return await work(createPeople(database, settings))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const { status, detail } = problemBody(error.code, error.details)
      throw status === 400 ? new UsageError(detail) : new Error(detail)
    }
  })
}

function createPeople(database: Database, settings: ReturnType<typeof parseAdminSettings>) {
  const { defaultCountry, smsCountries: countries, latitude } = settings.identifiers
  const parser = new IdentifierParser({ defaultCountry, countries, latitude, channels: ['sms', 'email'] })
  const users = new UsersService({ database })
  const { testCodes } = settings
  const administration = new UserAdministration({
    database,
    act: createAct({ database }),
    testCodes,
  })

  /** Whom a text names: what an account has is taken as it is stored, also where the metadata of today refuses the number. */
  async function identifierOf(text: string): Promise<Named> {
    const stored = { method: text.includes('@') ? 'email' : 'phone', identifier: text } as const
    return (await users.findByIdentifier(stored)) === null ? parser.fromText(text) : stored
  }

  /** @throws Error where nobody has it; Problem where it is no id, no phone and no email */
  async function find(text: string): Promise<UserRow> {
    const isId = new RegExp(anyCaseUuidPattern).test(text)
    const named = isId ? null : await identifierOf(text)
    const user = await (named ? users.findByIdentifier(named) : database.user.findUnique({ where: { id: text } }))
    if (user === null) throw new Error(`Nobody has ${named?.identifier ?? `the id ${text}`}`)
    return user
  }

  return { database, settings, users, administration, identifierOf, find }
}

/** Terminals are recorded, and documents copied: lists show that there is an identifier, not whose. */
export function maskedUser({ id, userName, phone, email, role, createdAt }: UserRow) {
  return {
    id,
    name: userName,
    ...maskedIdentifiers({ phone, email }),
    role,
    createdAt,
  }
}

export function maskedIdentifiers({ phone, email }: Pick<UserRow, 'phone' | 'email'>) {
  return { phone: phone && maskIdentifier(phone), email: email && maskIdentifier(email) }
}

/** Those that are there, side by side. */
export function rowOf(...parts: readonly (string | null | undefined)[]): string {
  return parts.filter(Boolean).join('  ')
}
