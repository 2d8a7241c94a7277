// Sign-in with a Latchkey service, for pages, Node.js and whatever has `fetch`.
import { type Client, type ClientOptions, createClientWith } from './client.js'

/** Opens nothing and asks nothing: the first call does. */
export function createClient(options: ClientOptions): Client {
  return createClientWith(options, async () => (await import('./challenge.js')).solveChallenge)
}

export * from './exports.js'
