// What a request of ours leaves in the database: the proof that the service works on this database, where it thinks that we come
// from, and what it has counted of us.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { Limits } from '../limits/service.js'

/** Seconds that a row of ours may outlive a doctor who is killed. */
const plantedFor = 60

export class Traces {
  readonly #database: Database
  readonly #config: Config
  readonly #limits

  constructor(database: Database, config: Config) {
    this.#database = database
    this.#config = config
    this.#limits = new Limits({ database, settings: config.limits, eventKey: config.eventKey.value })
  }

  /** The network (IPv4 /24, IPv6 /64) that the service saw a request come from; null where it left no event here. */
  async networkOf(requestId: unknown): Promise<string | null> {
    const [event] = await this.#database.$queryRaw<{ network: string }[]>`
      SELECT network FROM auth_events WHERE replace(request_id::text, '-', '') = ${bare(requestId)}
        AND happened_at > now() - interval '1 hour'`
    return event?.network ?? null
  }

  /** Whether others than these requests came from the network in the last day. */
  async hasOthers(network: string, requestIds: readonly unknown[]): Promise<boolean> {
    const [{ others }] = await this.#database.$queryRaw<[{ others: boolean }]>`
      SELECT EXISTS (SELECT FROM auth_events WHERE network = ${network} AND happened_at > now() - interval '1 day'
        AND replace(request_id::text, '-', '') <> ALL(${requestIds.map(bare)}::text[])) AS others`
    return others
  }

  /** Guesses of each block of the network, by the key of its counter; over two windows, so that the end of one hides nothing. */
  async guessesIn(network: string): Promise<ReadonlyMap<string, number>> {
    const keys = blocksIn(network).map((block) => this.#limits.attemptsKeyOf(block))
    const rows = await this.#database.$queryRaw<{ key: string; count: number }[]>`
      SELECT key, sum(count)::int AS count FROM limit_counters
      WHERE key = ANY(${keys}) AND expires_at > now() - interval '10 minutes' GROUP BY key`
    return new Map([...keys.map((key) => [key, 0] as const), ...rows.map(({ key, count }) => [key, count] as const)])
  }

  /** Adds to the counter of an address, in the window that is open. */
  async addGuesses(key: string, guesses: number): Promise<void> {
    await this.#database.$executeRaw`
      UPDATE limit_counters SET count = greatest(count + ${guesses}, 0) WHERE key = ${key} AND expires_at > now()`
  }

  /** A code that nobody knows, for an identifier of nobody, with one guess left and in its cooldown. */
  async plantCode(identifier: string): Promise<void> {
    await this.#database.$executeRaw`
      INSERT INTO otps (identifier, purpose, code_id, code_hash, expires_at, resend_at, hour_started_at, day_started_at, attempts)
      SELECT ${identifier}, 'sign_in', ${randomUUID()}::uuid, ${new Uint8Array(randomBytes(32))}, ends_at, ends_at, now(), now(),
        ${this.#config.otp.maxAttempts - 1}::smallint
      FROM (SELECT now() + make_interval(secs => ${plantedFor}) AS ends_at) AS life`
  }

  async attemptsAt(identifier: string): Promise<number> {
    const [row] = await this.#database.$queryRaw<[{ attempts: number }]>`
      SELECT attempts::int FROM otps WHERE identifier = ${identifier}`
    return row.attempts
  }

  async removeCode(identifier: string): Promise<void> {
    await this.#database.otp.deleteMany({ where: { identifier } })
  }
}

/** A request's id as digits alone: a proxy may have written it in another form than the database does. */
const bare = (requestId: unknown) => String(requestId).replaceAll('-', '').toLowerCase()

/** The blocks that share a network as events keep it: the 256 addresses of an IPv4 /24; an IPv6 /64 is one. */
function blocksIn(network: string): string[] {
  if (!network.endsWith('/24')) return [network]
  const prefix = network.replace(/\d+\/24$/, '')
  return Array.from({ length: 256 }, (_, last) => `${prefix}${last}`)
}
