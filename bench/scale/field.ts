// The variants of the service, all of them running, each on a database of its own.
import { escapeIdentifier } from 'pg'
import { withConnection } from '../../src/development/postgres-query.js'
import { contestants } from '../contestants.js'
import type { Databases } from '../support/contestant-databases.js'
import { type FieldParts, type Runner, startField } from '../support/field.js'
import { type Variant, variants } from './variants.js'

/** A variant that runs. */
export type VariantRunner = Readonly<{ variant: Variant; runner: Runner; databaseUrl: string }>

export async function startVariants(parts: FieldParts): Promise<VariantRunner[]> {
  const started: VariantRunner[] = []
  for (const variant of variants) started.push(await startVariant(parts, variant))
  return started
}

async function startVariant(parts: FieldParts, variant: Variant): Promise<VariantRunner> {
  const { name, pool, replicas, workloads, synchronous } = variant
  const own = contestants.filter((contestant) => contestant.name === 'latchkey')
  const options = { ...parts.options, pool, replicas, contestants: own.map((us) => ({ ...us, name, workloads })) }
  const databases = synchronous ? parts.databases : notWaiting(parts.databases)
  const [runner] = await startField({ ...parts, options, databases })
  if (runner === undefined || runner.databaseUrl === null) throw new Error(`${name} has not started`)
  return { variant, runner, databaseUrl: runner.databaseUrl }
}

/** Databases in which no commit waits for the disk: a setting of theirs, of which the service knows nothing. */
function notWaiting(databases: Databases): Databases {
  return {
    ...databases,
    async create(schema, name) {
      const url = await databases.create(schema, name)
      const database = escapeIdentifier(new URL(url).pathname.slice(1))
      await withConnection(url, (client) => client.query(`ALTER DATABASE ${database} SET synchronous_commit = off`))
      return url
    },
  }
}
