// Deletes codes that are over. A row whose window is open stays: deleting it would reset a guess budget.
import type { Database } from '../database/client.js'
import { deleteExpiredStatement } from './statements.js'

/** Deletes up to `most` rows and returns how many it deleted. Safe to run on many replicas at once. */
export function deleteExpiredCodes(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredStatement(most))
}
