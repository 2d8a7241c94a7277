// The way to the server: whether a pooler stands between, and what it lets through.
import { randomUUID } from 'node:crypto'
import { Pool, type PoolClient, type PoolConfig } from 'pg'
import { tableNames } from './schema-of-tables.js'
import { adviceFor, factsStatement, faultsOf, type SessionFacts, settingNames } from './session-settings.js'
import { waits } from './waits.js'

/** What is known of the way. Found out while it is used. */
export type Route = {
  /** something between takes no parameters of a session but those that poolers keep */
  isPooled: boolean
  /** a statement has a name, by which the server knows it when it comes again */
  namesStatements: boolean
  /** such names were found to be lost on the way */
  hasLostNames?: boolean
}

export type SessionReport = Readonly<{
  /** what the service cannot work with, a line each: the setting, and the statement that mends it */
  faults: readonly string[]
  /** where a pooler stands between: statements that better were run */
  advice: readonly string[]
  isPooled: boolean
  /** the pooler hands a connection to others between two statements, and knows no names: they are given none */
  hasLostNames: boolean
}>

/** SQLSTATEs of a pooler that refuses a parameter of the start: protocol_violation (PgBouncer), feature_not_supported (RDS Proxy). */
const refusesParameters = (error: unknown) => ['08P01', '0A000'].includes(String(Object(error).code))

/** SQLSTATEs of a statement's name that is taken, or of which nothing is known. */
const losesNames = (error: unknown) => ['42P05', '26000'].includes(String(Object(error).code))

type Lent = (error: Error | undefined, client: PoolClient | undefined, release: (release?: unknown) => void) => void

/** A pool that finds out whether the way takes parameters: where one is refused, it goes on without. */
export class ServicePool extends Pool {
  readonly #route: Route

  constructor(route: Route, config: PoolConfig) {
    super(config)
    this.#route = route
  }

  override connect(): Promise<PoolClient>
  override connect(callback: Lent): void
  override connect(callback?: Lent): Promise<PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => (client === undefined ? reject(error) : resolve(client)))
      })
    }
    super.connect((error, client, release) => {
      if (!refusesParameters(error)) return callback(error, client, release)
      this.#route.isPooled = true
      super.connect(callback)
    })
    return undefined
  }
}

/**
 * Looks at a session. On the way it finds out what the pooler, if there is one, does to names of statements.
 * @param schema of the connection string, or null
 */
export async function examineSession(pool: Pool, route: Route, schema: string | null): Promise<SessionReport> {
  const { rows } = await pool.query<SessionFacts>(factsStatement, [schema, tableNames, settingNames])
  const facts = rows[0] as SessionFacts
  // Some poolers drop what they are asked for, and say nothing.
  if (facts.settings['statement_timeout'] !== String(waits.statement)) route.isPooled = true
  const faults = faultsOf(facts, schema)
  if (faults.length === 0 && route.isPooled && route.namesStatements && !(await keepsNames(pool))) {
    route.namesStatements = false
    route.hasLostNames = true
  }
  return {
    faults,
    advice: route.isPooled ? adviceFor(facts) : [],
    isPooled: route.isPooled,
    hasLostNames: route.hasLostNames === true,
  }
}

/**
 * Whether a statement's name is good on every connection of ours: in transaction mode a pooler that knows no names serves two of them
 * by one connection of its own, where the second finds the name of the first.
 */
async function keepsNames(pool: Pool): Promise<boolean> {
  const statement = { name: `latchkey ${randomUUID()}`, text: 'SELECT 1' }
  const lent = [await lend(pool)]
  // Of a pool of one, each further time is one transaction later on the same.
  if (Number(pool.options.max) > 1) lent.push(await lend(pool))
  let isLost = false
  // Whatever else goes wrong says nothing of names, and is found by the next question.
  for (const { client } of [...lent, ...lent]) isLost ||= await client.query(statement).then(() => false, losesNames)
  for (const { giveBack } of lent) giveBack()
  return !isLost
}

/** A connection that may break while nobody asks it anything: the pool hears of that only of those it has. */
async function lend(pool: Pool) {
  const client = await pool.connect()
  /* c8 ignore next -- a connection that breaks in these milliseconds */
  const ignore = () => undefined
  client.on('error', ignore)
  const giveBack = () => {
    client.off('error', ignore)
    client.release()
  }
  return { client, giveBack }
}
