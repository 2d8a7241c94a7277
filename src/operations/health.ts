// Whether this replica can take requests: alive, in contact with a database that takes writes and whose migrations are current,
// not stopping.
import type { Logger } from 'pino'
import { type Database, isUtc } from '../database/client.js'

/** Why a replica is not ready. */
export const readinessReasons = {
  draining: 'The service is stopping',
  database_unavailable: 'The database does not answer',
  database_read_only: 'The database takes no writes',
  database_time_zone: 'The sessions of the database are not in UTC',
  migrations_pending: 'The database is not migrated to this version',
} as const

export type ReadinessFault = keyof typeof readinessReasons

type DatabaseState = { isReadOnly: boolean; timeZone: string; hasFunctions: boolean; applied: string[] }

type HealthDependencies = {
  database: Database
  /** the migrations that this build brings along */
  migrationNames: readonly string[]
  /** the schema of the functions that this build brings along */
  functionSchema: string
  logger: Logger
}

export class Health {
  readonly #database: Database
  readonly #migrationNames: readonly string[]
  readonly #functionSchema: string
  readonly #logger: Logger
  #isDraining = false
  /** as it was told last; undefined before anybody asked */
  #known: ReadinessFault | null | undefined

  constructor({ database, migrationNames, functionSchema, logger }: HealthDependencies) {
    this.#database = database
    this.#migrationNames = migrationNames
    this.#functionSchema = functionSchema
    this.#logger = logger
  }

  /** From now on not ready: load balancers take the replica out while it still answers. */
  drain(): void {
    this.#isDraining = true
  }

  /** What is wrong, if anything. Probes ask every few seconds: the log hears of changes alone. */
  async readinessFault(): Promise<ReadinessFault | null> {
    const fault = await this.#findFault()
    if (fault === this.#known) return fault
    this.#known = fault
    if (fault === null) this.#logger.info('ready')
    else this.#logger.warn({ fault, reason: readinessReasons[fault] }, 'not ready')
    return fault
  }

  async #findFault(): Promise<ReadinessFault | null> {
    if (this.#isDraining) return 'draining'
    try {
      // Read-only is what a primary becomes that was failed over, and what a replica in recovery is.
      const [state] = await this.#database.$queryRaw<[DatabaseState]>`
        SELECT current_setting('transaction_read_only')::boolean AS "isReadOnly", current_setting('TimeZone') AS "timeZone",
          coalesce(has_schema_privilege(to_regnamespace(${this.#functionSchema})::oid, 'USAGE'), false) AS "hasFunctions", ARRAY(
          SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL
        ) AS applied`
      // Before all that depends on it: with another one, times that are read and written are others.
      if (!isUtc(state.timeZone)) return 'database_time_zone'
      const isMigrated = state.hasFunctions && this.#migrationNames.every((name) => state.applied.includes(name))
      if (!isMigrated) return 'migrations_pending'
      return state.isReadOnly ? 'database_read_only' : null
    } catch (error) {
      return isMissingTable(error) ? 'migrations_pending' : 'database_unavailable'
    }
  }
}

function isMissingTable(error: unknown): boolean {
  return (
    error instanceof Error &&
    /_prisma_migrations|42P01/.test(error.message) &&
    /does not exist|42P01/.test(error.message)
  )
}
