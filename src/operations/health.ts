// Whether this replica can take requests: alive, in contact with a database that takes writes and whose migrations are current,
// not stopping.
import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import { describeFailure } from '../database/migration-failures.js'
import type { SessionReport } from '../database/route.js'

/** Why a replica is not ready. */
export const readinessReasons = {
  draining: 'The service is stopping',
  database_unavailable: 'The database does not answer',
  database_read_only: 'The database takes no writes',
  database_settings: 'The sessions of the database have settings that the service cannot work with',
  migrations_pending: 'The database is not migrated to this version',
} as const

export type ReadinessFault = keyof typeof readinessReasons

type DatabaseState = { isReadOnly: boolean; hasFunctions: boolean; applied: string[] }

/** What is wrong, and what the log says of it: a cause, statements that mend it. */
type Found = Readonly<{ fault: ReadinessFault; details?: object }>

type HealthDependencies = {
  database: Database
  /** the migrations that this build brings along */
  migrationNames: readonly string[]
  logger: Logger
}

export class Health {
  readonly #database: Database
  readonly #migrationNames: readonly string[]
  readonly #logger: Logger
  #isDraining = false
  /** as it was told last; undefined before anybody asked */
  #known: ReadinessFault | null | undefined
  #hasTold = false

  constructor({ database, migrationNames, logger }: HealthDependencies) {
    this.#database = database
    this.#migrationNames = migrationNames
    this.#logger = logger
  }

  /** Whether load balancers are asked to send nothing more. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  /** From now on not ready: load balancers take the replica out while it still answers. */
  drain(): void {
    this.#isDraining = true
  }

  /** What is wrong, if anything. Probes ask every few seconds: the log hears of changes alone. */
  async readinessFault(): Promise<ReadinessFault | null> {
    const found = await this.#findFault()
    const fault = found?.fault ?? null
    if (fault === this.#known) return fault
    this.#known = fault
    if (found === null) this.#logger.info('ready')
    else this.#logger.warn({ fault, reason: readinessReasons[found.fault], ...found.details }, 'not ready')
    return fault
  }

  /** Tells once what lies between us and the database, where it changes something. */
  #tellOfPooler({ isPooled, advice, hasLostNames }: SessionReport): void {
    if (!isPooled || this.#hasTold) return
    this.#hasTold = true
    if (hasLostNames)
      this.#logger.warn('a pooler in transaction mode lies before the database: set DATABASE_NAMED_STATEMENTS=false')
    if (advice.length > 0)
      this.#logger.warn({ advice }, 'a pooler lies before the database, and the role lacks settings')
  }

  async #findFault(): Promise<Found | null> {
    if (this.#isDraining) return { fault: 'draining' }
    try {
      // Before all that depends on it: with other settings, times that are read and written are others, and so may be the tables.
      const report = await this.#database.examine()
      this.#tellOfPooler(report)
      const settings = report.faults
      if (!settings.every(isReadOnly)) return { fault: 'database_settings', details: { settings } }
      // Read-only is what a primary becomes that was failed over, and what a replica in recovery is.
      const [state] = await this.#database.$queryRaw<[DatabaseState]>`
        SELECT current_setting('transaction_read_only')::boolean AS "isReadOnly",
          coalesce(has_schema_privilege(to_regnamespace(${this.#database.functionSchema})::oid, 'USAGE'), false) AS "hasFunctions", ARRAY(
          SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL
        ) AS applied`
      const isMigrated = state.hasFunctions && this.#migrationNames.every((name) => state.applied.includes(name))
      if (!isMigrated) return { fault: 'migrations_pending' }
      return state.isReadOnly ? { fault: 'database_read_only', details: { settings } } : null
    } catch (error) {
      if (isMissingTable(error)) return { fault: 'migrations_pending' }
      return { fault: 'database_unavailable', details: { cause: describeFailure(error) } }
    }
  }
}

/** Of a setting's fault: providers set it themselves, where a disk is full. */
const isReadOnly = (fault: string) => fault.startsWith('default_transaction_read_only ')

function isMissingTable(error: unknown): boolean {
  return (
    error instanceof Error &&
    /_prisma_migrations|42P01/.test(error.message) &&
    /does not exist|42P01/.test(error.message)
  )
}
