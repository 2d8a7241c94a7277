// Whether this replica can take requests: alive, in contact with a database whose migrations are current, not stopping.
import type { Database } from '../database/client.js'

export type Health = ReturnType<typeof createHealth>

/** Why a replica is not ready. */
export type ReadinessFault = 'draining' | 'database_unavailable' | 'migrations_pending'

/** @param migrationNames the migrations that this build brings along */
export function createHealth({ database, migrationNames }: { database: Database; migrationNames: readonly string[] }) {
  let isDraining = false

  /** From now on not ready: load balancers take the replica out while it still answers. */
  function drain(): void {
    isDraining = true
  }

  async function readinessFault(): Promise<ReadinessFault | null> {
    if (isDraining) return 'draining'
    try {
      const rows = await database.$queryRaw<{ name: string }[]>`
        SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`
      const applied = new Set(rows.map(({ name }) => name))
      return migrationNames.every((name) => applied.has(name)) ? null : 'migrations_pending'
    } catch (error) {
      return isMissingTable(error) ? 'migrations_pending' : 'database_unavailable'
    }
  }

  return { drain, readinessFault }
}

function isMissingTable(error: unknown): boolean {
  return (
    error instanceof Error &&
    /_prisma_migrations|42P01/.test(error.message) &&
    /does not exist|42P01/.test(error.message)
  )
}
