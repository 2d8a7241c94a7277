// The limits that lie around the identifier's own: per address, on the cost of SMS, and on guesses in all.
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { keyedDigest } from '../database/keyed-digest.js'
import { type Counter, countOf, deleteExpiredCountersStatement, shards } from './counters.js'

export type LimitSettings = Config['limits']

/** Messages to one identifier that were definitely refused, over which none is tried in this hour: each gives back what it counted. */
const maxRefusalsPerHour = 20

/** Seconds that a country stays closed to new numbers before it is tried again. */
const closedFor = 900

/** Evaluated wrong attempts an hour, at everybody's identifiers, over which somebody has to look. */
const attemptAlarm = 1_000

/** What all wrong attempts are counted by. */
export const allAttempts: Counter = { key: 'guesses', window: 3_600 }

export type Limits = ReturnType<typeof createLimits>

type LimitDependencies = { database: Database; settings: LimitSettings; eventKey: string }

export function createLimits({ database, settings, eventKey }: LimitDependencies) {
  /** A client's block (`ClientAddress`) as the keys of its counters name it: the database knows it by its digest alone. */
  function digestOf(block: string): string {
    return Buffer.from(keyedDigest(eventKey, 'ip:v1', block)).toString('base64url')
  }

  /** The keys of what a send counts of its client's block. */
  function sendKeysOf(block: string): Readonly<{ addressKey: string; unknownKey: string }> {
    const digest = digestOf(block)
    return { addressKey: `send_ip:${digest}`, unknownKey: `unknown_ip:${digest}` }
  }

  /**
   * Whether wrong attempts in all have passed the alarm, asked after each call that counted some.
   * @param before the count of the shard that they were counted on, before and after: all shards are added up only where this one has
   * had its share in between, since adding up with each attempt would read all that the others write
   * @returns the attempts of this hour, or null
   */
  async function attemptsToAlarm(before: number, after: number): Promise<number | null> {
    const share = Math.ceil(attemptAlarm / shards)
    if (Math.floor(before / share) === Math.floor(after / share)) return null
    const [{ count }] = await database.$queryRaw<[{ count: bigint }]>`SELECT ${countOf(allAttempts)} AS count`
    return count >= attemptAlarm ? Number(count) : null
  }

  /** What the refused messages to an identifier are counted by. */
  function refusalsKeyOf(identifier: string): string {
    return `refused:${Buffer.from(keyedDigest(eventKey, 'refused:v1', identifier)).toString('base64url')}`
  }

  /** What decisions about sends are given. */
  const sendLimits = {
    maxPerAddress: settings.ipSendPerHour,
    maxUnknownPerAddress: settings.ipUnknownPerHour,
    maxRefusalsPerHour,
    isStrict: settings.disclosure === 'strict',
    budgetPerHour: settings.smsBudgetPerHour,
    budgetPerDay: settings.smsBudgetPerDay,
    breakerMinSends: settings.breakerMinSends,
    breakerMinVerified: settings.breakerMinVerified,
    closedFor,
  }

  return {
    settings,
    sendLimits,
    sendKeysOf,
    refusalsKeyOf,
    attemptsKeyOf: (block: string) => `verify_ip:${digestOf(block)}`,
    attemptsToAlarm,
  }
}

/** Deletes up to `most` counters that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredCounters(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredCountersStatement(most))
}
