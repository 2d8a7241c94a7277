// Commits that do not wait for the disk, for writes whose last moments may be lost when the database crashes.
import { Prisma } from '../generated/prisma/client.js'

/**
 * One row for the FROM of a write that is a transaction of its own: its commit reaches the disk with a later one, within 600 ms,
 * and no standby is waited for. Until then a crash undoes the write as if it had never been. Only where that gives nobody
 * anything: never for a code, a guess, a limit, or the beginning or end of a session (docs/decisions/0015).
 */
export const asynchronousCommit = Prisma.sql`(SELECT set_config('synchronous_commit', 'off', true)) AS asynchronous`
