// The database of a command: opened, looked at as the service does at its start, and closed.
import { type Database, type DatabaseSettings, openDatabase } from '../database/client.js'

/** @throws Error in one line where the sessions have settings that nothing works with, and what `work` throws */
export async function withDatabase<Result>(
  settings: DatabaseSettings,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(settings)
  try {
    const { faults } = await database.examine()
    if (faults.length > 0) throw new Error(faults.map((fault) => `DATABASE_URL: ${fault}`).join('; '))
    return await work(database)
  } finally {
    await database.$disconnect()
  }
}
