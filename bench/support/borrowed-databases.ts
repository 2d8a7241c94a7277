// Lends the databases of the contestants to a run, and leaves nothing behind whichever way it ends.
import { onEndRequest } from '../../src/development/signals.js'
import { type Databases, type DatabasesOptions, startDatabases } from './contestant-databases.js'
import { killServers } from './servers.js'

export async function withDatabases(
  order: DatabasesOptions,
  work: (databases: Databases) => Promise<void>,
): Promise<void> {
  const databases = await startDatabases(order)
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
