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

let ours: FunctionFiles | undefined

/** The functions that this build brings along, read when they are first asked for. */
export function readFunctionFiles(): FunctionFiles {
  ours ??= readFrom(functionsDirectory)
  return ours
}

function readFrom(directory: string): FunctionFiles {
  const isScript = (name: string) => name.endsWith('.sql')
  const shared = readdirSync(join(directory, 'shared')).map((name) => join('shared', name))
  // What the decisions share comes first: they name its types.
  const names = [...shared.filter(isScript).sort(), ...readdirSync(directory).filter(isScript).sort()]
  const sql = names.map((name) => `-- ${name}\n${readFileSync(join(directory, name), 'utf8')}`).join('\n')
  const digest = createHash('sha256').update(sql).digest('hex').slice(0, 16)
  return { schema: `${functionSchemaPrefix}${digest}`, sql }
}
