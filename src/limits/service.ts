// The limits that lie around the identifier's own: per address, on the cost of SMS, and on guesses in all.
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { keyedDigest } from '../database/keyed-digest.js'
import { clientBlock } from '../http/address.js'
import { type Counter, countOf, deleteExpiredCountersStatement, shards } from './counters.js'

export type LimitSettings = Config['limits']

/** Seconds */
export const windows = { hour: 3_600, day: 86_400, tenMinutes: 600, fiveMinutes: 300 }

/** Evaluated wrong guesses an hour, at everybody's identifiers, over which somebody has to look. */
const guessAlarm = 1_000

/** What all wrong guesses are counted by. */
export const allGuesses: Counter = { key: 'guesses', window: windows.hour }

export type Limits = ReturnType<typeof createLimits>

type LimitDependencies = { database: Database; settings: LimitSettings; pepper: string }

export function createLimits({ database, settings, pepper }: LimitDependencies) {
  /** A counter of a client's address, which the database knows by its digest alone. */
  function ofAddress(name: string, address: string, window: number): Counter {
    const digest = Buffer.from(keyedDigest(pepper, 'ip:v1', clientBlock(address)))
    return { key: `${name}:${digest.toString('base64url')}`, window }
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
    sendsOf: (address: string) => ofAddress('send_ip', address, windows.hour),
    guessesOf: (address: string) => ofAddress('verify_ip', address, windows.tenMinutes),
    unknownOf: (address: string) => ofAddress('unknown_ip', address, windows.hour),
    guessesToAlarm,
  }
}

/** Deletes up to `most` counters that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredCounters(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredCountersStatement(most))
}
