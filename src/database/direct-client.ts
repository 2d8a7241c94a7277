// One connection past the pooler, for what takes its time: migrations, and what fills a database.
import type { Client, ClientConfig } from 'pg'
import { forDriver, schemaOf } from '../config/connection-string.js'
import { ClientOfService } from './client-with-timeouts.js'
import { migrationParameters, type SessionParameters } from './session-settings.js'

/** The class of its clients, for a pool. */
export function directClient(parameters: SessionParameters): new (config?: ClientConfig) => Client {
  return class extends ClientOfService {
    protected override parameters() {
      return parameters
    }
  }
}

/**
 * Opens one, for `work`, and closes it after.
 * @throws the driver's error where there is none to be had, and what `work` throws
 */
export async function withDirectClient<Result>(
  connectionString: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const DirectClient = directClient(migrationParameters(schemaOf(connectionString), 0))
  const client = new DirectClient({ connectionString: forDriver(connectionString), connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
