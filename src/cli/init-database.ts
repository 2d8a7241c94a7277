// The service's own role in the database: `latchkey init --database`, as the owner of the tables, who migrates.
import type { Client } from 'pg'
import { UsageError } from '../config/command-line.js'
import { parseDatabaseSettings } from '../config/config.js'
import { schemaOf } from '../config/connection-string.js'
import { withDirectClient } from '../database/direct-client.js'
import {
  createRoleStatement,
  grantStatements,
  type Place,
  placeStatement,
  type ServiceRole,
  settingStatements,
} from '../database/service-role.js'
import type { WorkContext } from './command.js'
import type { init } from './declarations.js'

type Context = WorkContext<typeof init.options>

/** The statements that make the role what it is to be. */
type Plan = Readonly<{ place: Place; creation: string[]; grants: string[]; settings: string[] }>

export async function initDatabase({ values, environment, answer }: Context): Promise<number> {
  const { url, directUrl } = parseDatabaseSettings(environment)
  const { role, password } = loginOf(url)
  if (loginOf(directUrl).role === role) {
    throw new Error(
      'DATABASE_URL has to name the role of the service, and DIRECT_DATABASE_URL the owner of the tables: they are the same role',
    )
  }
  return withDirectClient(directUrl, async (client) => {
    const plan = await makePlan(client, { role, password, schema: schemaOf(directUrl) })
    const sql = [...plan.creation, ...plan.grants, ...plan.settings]
    if (values.print) {
      answer(
        { role, sql },
        sql.map((statement) => `${statement};`),
      )
      return 0
    }
    await apply(client, plan)
    const refused = await applySettings(client, plan.settings)
    const created = plan.creation.length > 0
    answer({ role, created, refused }, [
      `${role} ${created ? 'is made, and' : 'is there, and'} has what the service needs in ${plan.place.database}`,
      ...refused.map((statement) => `not allowed here, for an administrator: ${statement};`),
    ])
    return 0
  })
}

/** @throws UsageError where it names no role */
function loginOf(url: string): { role: string; password: string } {
  const { username, password } = new URL(url)
  if (username === '') throw new UsageError('DATABASE_URL and DIRECT_DATABASE_URL have to name their roles')
  return { role: decodeURIComponent(username), password: decodeURIComponent(password) }
}

type Wanted = Readonly<{ role: string; password: string; schema: string | null }>

async function makePlan(client: Client, { role, password, schema: named }: Wanted): Promise<Plan> {
  const { rows } = await client.query<Place>(placeStatement, [role, named])
  const [place] = rows as [Place]
  const { schema, tables, functionSchemas, database } = place
  if (schema === null || !tables.includes('otps')) {
    throw new Error(`${place.owner} has no tables of the service there: run latchkey migrate with it first`)
  }
  if (place.excess.length > 0) {
    throw new Error(
      `${role} is there and may do more than the service needs, which no grant takes back (${place.excess.join(', ')}): name a role of its own in DATABASE_URL, or take that from it`,
    )
  }
  if (!place.isThere && password === '') throw new Error('DATABASE_URL has to have the password of the role to make')
  const granted: ServiceRole = { role, database, schema, tables, functionSchemas }
  return {
    place,
    creation: place.isThere ? [] : [createRoleStatement(role, password)],
    grants: grantStatements(granted),
    settings: settingStatements(granted),
  }
}

async function apply(client: Client, { place, creation, grants }: Plan): Promise<void> {
  if (creation.length > 0 && !place.mayCreate) {
    throw new Error(
      `${place.owner} may not make roles: give an administrator what latchkey init --database --print prints, or GRANT it CREATEROLE`,
    )
  }
  await client.query(['BEGIN', ...creation, ...grants, 'COMMIT'].join(';\n'))
}

/** Settings of a role are for who made it, or an administrator; without them the service works too. Returns those that were refused. */
async function applySettings(client: Client, statements: readonly string[]): Promise<string[]> {
  const refused: string[] = []
  for (const statement of statements) {
    await client.query(statement).catch((error: { code?: string }) => {
      /* c8 ignore next -- a connection that broke between two statements */
      if (error.code !== insufficientPrivilege) throw error
      refused.push(statement)
    })
  }
  return refused
}

const insufficientPrivilege = '42501'
