// The same for React Native, whose bundler knows neither workers nor `import.meta`.
import { type Client, type ClientOptions, createClientWith } from './client.js'

/** Opens nothing and asks nothing: the first call does. */
export function createClient(options: ClientOptions): Client {
  return createClientWith(options, async () => (await import('./solve.js')).solveChallenge)
}

export * from './exports.js'
