// The decisions of the service as functions of the database: prisma/functions, one file a decision. Knows nothing of a database.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Both src/database and dist/database lie two levels below the project's root. */
const functionsDirectory = join(import.meta.dirname, '..', '..', 'prisma', 'functions')

/** The functions of one release. */
export type FunctionFiles = Readonly<{
  /** the schema that they live in: named by their content, so that releases which differ never share one */
  schema: string
  /** all of them, to be run in a schema that is empty */
  sql: string
}>

/** What the names of such schemas begin with. */
export const functionSchemaPrefix = 'latchkey_'

/** the SQL of this build, read when it is first asked for */
let ours: string | undefined

/**
 * The functions that this build brings along.
 * @param tables the schema of the tables that they work on, where the connection string names one: of two services in one database each
 * has its own. Those of a service that names none, or `public`, have the plain name.
 */
export function readFunctionFiles(tables: string | null = null): FunctionFiles {
  ours ??= readFrom(functionsDirectory)
  const named = tables === null || tables === 'public' ? ours : `${ours}\n-- ${tables}`
  const digest = createHash('sha256').update(named).digest('hex').slice(0, 16)
  return { schema: `${functionSchemaPrefix}${digest}`, sql: ours }
}

export const functionSchemaOf = (tables: string | null) => readFunctionFiles(tables).schema

function readFrom(directory: string): string {
  const isScript = (name: string) => name.endsWith('.sql')
  const shared = readdirSync(join(directory, 'shared')).map((name) => join('shared', name))
  // What the decisions share comes first: they name its types.
  const names = [...shared.filter(isScript).sort(), ...readdirSync(directory).filter(isScript).sort()]
  return names.map((name) => `-- ${name}\n${readFileSync(join(directory, name), 'utf8')}`).join('\n')
}
