// The limits that lie around the identifier's own: per address, on the cost of SMS, and on guesses in all.
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { keyedDigest } from '../database/keyed-digest.js'
import { type Counter, countOf, deleteExpiredCountersStatement, shards } from './counters.js'

export type LimitSettings = Config['limits']

/** Seconds */
export const windows = { hour: 3_600, day: 86_400, tenMinutes: 600, fiveMinutes: 300 }

/** Evaluated wrong guesses an hour, at everybody's identifiers, over which somebody has to look. */
const guessAlarm = 1_000

/** What all wrong guesses are counted by. */
export const allGuesses: Counter = { key: 'guesses', window: windows.hour }

/** What is counted of a client's address, by the key that {@link createLimits} makes of it. */
export const addressCounters = {
  sends: (key: string): Counter => ({ key, window: windows.hour }),
  /** sends to identifiers that nobody has */
  unknown: (key: string): Counter => ({ key, window: windows.hour }),
  guesses: (key: string): Counter => ({ key, window: windows.tenMinutes }),
}

export type Limits = ReturnType<typeof createLimits>

type LimitDependencies = { database: Database; settings: LimitSettings; pepper: string }

export function createLimits({ database, settings, pepper }: LimitDependencies) {
  /** A client's block (`ClientAddress`) as the keys of its counters name it: the database knows it by its digest alone. */
  function digestOf(block: string): string {
    return Buffer.from(keyedDigest(pepper, 'ip:v1', block)).toString('base64url')
  }

  /** The keys of what a send counts of its client's block. */
  function sendKeysOf(block: string): Readonly<{ sendsKey: string; unknownKey: string }> {
    const digest = digestOf(block)
    return { sendsKey: `send_ip:${digest}`, unknownKey: `unknown_ip:${digest}` }
  }

  /**
   * Whether wrong guesses in all have passed the alarm, asked after each one that was counted.
   * @param shardCount the count of the shard that it was counted on: added up only when that has had its share, since adding
   * up with each guess would read all that the others write
   * @returns the guesses of this hour, or null
   */
  async function guessesToAlarm(shardCount: number): Promise<number | null> {
    if (shardCount % Math.ceil(guessAlarm / shards) !== 0) return null
    const [{ count }] = await database.$queryRaw<[{ count: bigint }]>`SELECT ${countOf(allGuesses)} AS count`
    return count >= guessAlarm ? Number(count) : null
  }

  return {
    settings,
    sendKeysOf,
    guessesKeyOf: (block: string) => `verify_ip:${digestOf(block)}`,
    guessesToAlarm,
  }
}

/** Deletes up to `most` counters that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredCounters(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredCountersStatement(most))
}
