// How late events are: asked when somebody reads the metrics, so it is a look at an index or two for each endpoint.
import type { Endpoint } from '../config/event-settings.js'
import type { Database } from '../database/client.js'
import { endpointName } from './endpoint-queue.js'

/**
 * Seconds since the first event happened that a host has not got yet, by host, 0 where it has all: of two endpoints of one host the longer
 * time. One of which no replica knows yet is not among them.
 */
export async function eventLags(
  database: Database,
  endpoints: readonly Pick<Endpoint, 'url'>[],
): Promise<Map<string, number>> {
  const lags = new Map<string, number>()
  if (endpoints.length === 0) return lags
  const hosts = new Map(endpoints.map(({ url }) => [endpointName(url), new URL(url).host]))
  const text = `SELECT endpoint, seconds FROM "${database.functionSchema}".event_lags($1)`
  const rows = await database.run<{ endpoint: string; seconds: number }[]>({ text, values: [[...hosts.keys()]] })
  for (const { endpoint, seconds } of rows) {
    const host = String(hosts.get(endpoint))
    lags.set(host, Math.max(seconds, lags.get(host) ?? 0))
  }
  return lags
}
