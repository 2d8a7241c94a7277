// Lends the databases of the contestants to a run, and leaves nothing behind whichever way it ends.
import { onEndRequest } from '../../src/development/signals.js'
import { type Databases, startDatabases } from './contestant-databases.js'
import { killServers } from './servers.js'

/** @param users people in each database */
export async function withDatabases(
  projectDirectory: string,
  users: number,
  tell: (line: string) => void,
  work: (databases: Databases) => Promise<void>,
): Promise<void> {
  const databases = await startDatabases(projectDirectory, users, tell)
  onEndRequest(() => {
    killServers()
    databases.stop().finally(() => process.exit(130))
  })
  try {
    await work(databases)
  } finally {
    killServers()
    await databases.stop()
  }
}
