// The limits that lie around the identifier's own: of addresses and their neighbours, on the cost of SMS and mail, on guesses in all.
import type { Config } from '../config/config.js'
import type { Database } from '../database/client.js'
import { hmac } from '../database/hmac.js'
import type { ClientAddress } from '../http/address.js'
import {
  type CountedUp,
  type Counter,
  countOf,
  countsStatement,
  countUpStatement,
  deleteExpiredCountersStatement,
  shards,
} from './counters.js'
import { type Budget, keysOf, Leases } from './leases.js'

export type LimitSettings = Config['limits']

/** Messages to one identifier that were definitely refused, over which none is tried in this hour: each gives back what it counted. */
const maxRefusalsPerHour = 20

/** Sends a day that all trusted devices of an identifier have on top of what everybody may send it. */
const maxTrustedPerDay = 5

/** How much more than one address its neighbours may send together: the /24 of an IPv4 address, the /48 of an IPv6 one. */
const blockShare = 8

/** How much more often than codes may be guessed at, an address may ask what passkeys are asked by. */
const passkeyShare = 5

/** How much more of a budget is open to requests with a solved challenge. */
const solvedShare = 0.4

/**
 * Mail costs little, and much of it to people who never asked ends a sender's good name: messages in all, and the share of it to
 * addresses of one domain that nobody has verified.
 */
const mail = { perHour: 10_000, perDay: 100_000, domainShare: 0.5 }

/** Mails a day to one mailbox, whatever stands behind its plus sign. */
const maxPerMailbox = 20

/** The most that PostgreSQL's integer takes. */
const most = 2_147_483_647

/** Seconds that a country stays closed to new numbers before it is tried again. */
const closedFor = 900

/** Evaluated wrong attempts an hour, at everybody's identifiers, over which somebody has to look. */
const attemptAlarm = 1_000

/** What all wrong attempts are counted by. */
export const allAttempts: Counter = { key: 'guesses', window: 3_600 }

type SendKeys = Readonly<{ addressKey: string; unknownKey: string; blockKey: string }>
type MailKeys = Readonly<{ mailboxKey: string | null; domainKey: string | null }>

type LimitDependencies = { database: Database; settings: LimitSettings; eventKey: string }

/** What a budget has and has had: its slices that replicas hold count as used. */
export type BudgetUse = Readonly<{
  /** `sms:new`: of SMS to numbers that nobody verified before; `sms:new:solved`: what a solved challenge opens on top */
  name: string
  window: 'hour' | 'day'
  used: number
  limit: number
  endsAt: Date
}>

type CountedKey = Readonly<{ key: string; count: number; endsAt: Date }>

export class Limits {
  readonly #database: Database
  readonly settings: LimitSettings
  readonly #eventKey: string
  /** What decisions about sends are given. */
  readonly sendLimits
  readonly leases

  constructor({ database, settings, eventKey }: LimitDependencies) {
    this.#database = database
    this.settings = settings
    this.#eventKey = eventKey
    this.sendLimits = {
      maxTrustedPerDay,
      maxPerAddress: settings.ipSendPerHour,
      maxPerBlock: Math.min(blockShare * settings.ipSendPerHour, most),
      maxPerMailbox: settings.isOn ? maxPerMailbox : most,
      maxPerDomain: settings.isOn ? mail.domainShare * mail.perHour : most,
      maxUnknownPerAddress: settings.ipUnknownPerHour,
      maxRefusalsPerHour,
      isStrict: settings.disclosure === 'strict',
      breakerMinSends: settings.breakerMinSends,
      breakerMinVerified: settings.breakerMinVerified,
      closedFor,
      tenthKey: hmac(eventKey, 'tenth:v1', ''),
    }
    this.leases = new Leases(database, budgetsOf(settings))
  }

  /** What the keys of counters name an address or a mailbox by: the database knows it by its digest alone. */
  #digestOf(text: string, domain: 'ip:v1' | 'mail:v1' = 'ip:v1'): string {
    return Buffer.from(hmac(this.#eventKey, domain, text)).toString('base64url')
  }

  /** The keys of what a send counts of its client's address, and of its neighbours. */
  sendKeysOf({ block, neighbours }: Pick<ClientAddress, 'block' | 'neighbours'>): SendKeys {
    const digest = this.#digestOf(block)
    return {
      addressKey: `send_ip:${digest}`,
      unknownKey: `unknown_ip:${digest}`,
      blockKey: `send_net:${this.#digestOf(neighbours)}`,
    }
  }

  /** The keys of what mail to an address is counted by: the mailbox without its plus part, the domain. Null for a phone. */
  mailKeysOf(email: string | null): MailKeys {
    if (email === null) return { mailboxKey: null, domainKey: null }
    const domain = email.slice(email.lastIndexOf('@'))
    const mailbox = `${email.slice(0, -domain.length).replace(/\+.*$/, '')}${domain}`
    return {
      mailboxKey: `mailbox:${this.#digestOf(mailbox, 'mail:v1')}`,
      domainKey: `domain:${this.#digestOf(domain, 'mail:v1')}`,
    }
  }

  /**
   * Whether wrong attempts in all have passed the alarm, asked after each call that counted some.
   * @param before the count of the shard that they were counted on, before and after: all shards are added up only where this one has
   * had its share in between, since adding up with each attempt would read all that the others write
   * @returns the attempts of this hour, or null
   */
  async attemptsToAlarm(before: number, after: number): Promise<number | null> {
    const share = Math.ceil(attemptAlarm / shards)
    if (Math.floor(before / share) === Math.floor(after / share)) return null
    const [{ count }] = await this.#database.$queryRaw<[{ count: bigint }]>`SELECT ${countOf(allAttempts)} AS count`
    return count >= attemptAlarm ? Number(count) : null
  }

  /**
   * Counts a wrong code of an address that was to be exchanged, as many of which are let through as of guesses.
   * @returns seconds after which the next one is answered, or null; and whether this is the first that is not
   */
  async countFailedExchange(block: string): Promise<{ retryAfter: number | null; isFirst: boolean }> {
    const most = this.settings.ipVerifyPerTenMinutes
    const counter = { key: `exchange_ip:${this.#digestOf(block)}`, window: 600 }
    const [{ count, secondsLeft }] = await this.#database.$queryRaw<[CountedUp]>(countUpStatement(counter))
    return { retryAfter: count > most ? secondsLeft : null, isFirst: count === most + 1 }
  }

  /**
   * Counts what an address asks passkeys for. A page asks once each time that it is opened, also for who then types a number: five times as
   * many as guesses.
   * @returns seconds after which it is answered again, or null
   */
  async countPasskeyOptions(block: string): Promise<number | null> {
    const counter = { key: `passkey_ip:${this.#digestOf(block)}`, window: 600 }
    const [{ count, secondsLeft }] = await this.#database.$queryRaw<[CountedUp]>(countUpStatement(counter))
    return count > passkeyShare * this.settings.ipVerifyPerTenMinutes ? secondsLeft : null
  }

  /**
   * Counts a signup that the product is asked of, as many of which an address has as of guesses: a ticket stays good when it is refused.
   * @returns seconds after which it is asked again, or null
   */
  async countAskedSignup(block: string): Promise<number | null> {
    const counter = { key: `signup_ip:${this.#digestOf(block)}`, window: 600 }
    const [{ count, secondsLeft }] = await this.#database.$queryRaw<[CountedUp]>(countUpStatement(counter))
    return count > this.settings.ipVerifyPerTenMinutes ? secondsLeft : null
  }

  /** How much of each budget is used up in the open hour and day (UTC). */
  async budgetUse(): Promise<BudgetUse[]> {
    const asked = budgetsOf(this.settings).flatMap(({ name, perHour, perDay }) => [
      { name, window: 'hour' as const, limit: perHour, key: keysOf(name).hour_key, seconds: 3_600 },
      { name, window: 'day' as const, limit: perDay, key: keysOf(name).day_key, seconds: 86_400 },
    ])
    const counted = await this.#database.$queryRaw<CountedKey[]>(
      countsStatement(asked.map(({ key, seconds }) => ({ key, window: seconds }))),
    )
    const of = new Map(counted.map((row) => [row.key, row]))
    return asked.map(({ name, window, limit, key }) => {
      const { count, endsAt } = of.get(key) as CountedKey
      return { name, window, used: count, limit, endsAt }
    })
  }

  /** Countries that are closed to new numbers, the one that opens last first. */
  closedCountries(): Promise<{ country: string; closedUntil: Date }[]> {
    return this.#database.$queryRaw<{ country: string; closedUntil: Date }[]>`
      SELECT b.country, b.closed_until AS "closedUntil" FROM country_breakers b WHERE b.closed_until > now()
      ORDER BY b.closed_until DESC, b.country`
  }

  attemptsKeyOf(block: string) {
    return `verify_ip:${this.#digestOf(block)}`
  }
}

/** What messages may cost: SMS and mail, of trusted devices, to identifiers that somebody verified before, to new ones. */
function budgetsOf({ isOn, smsBudgetPerHour, smsBudgetPerDay }: LimitSettings): Budget[] {
  const sms = { perHour: smsBudgetPerHour, perDay: smsBudgetPerDay }
  const mails = isOn ? mail : { perHour: most, perDay: most }
  return (['sms', 'mail'] as const).flatMap((channel) => {
    const { perHour, perDay } = channel === 'sms' ? sms : mails
    const solved = { perHour: Math.floor(solvedShare * perHour), perDay: Math.floor(solvedShare * perDay) }
    const open = ['trusted', 'known', 'new'].map((kind) => ({ name: `${channel}:${kind}`, perHour, perDay }))
    return [...open, ...['known', 'new'].map((kind) => ({ name: `${channel}:${kind}:solved`, ...solved }))]
  })
}

/** Deletes up to `most` counters that are over and returns how many. Safe to run on many replicas at once. */
export function deleteExpiredCounters(database: Database, most: number): Promise<number> {
  return database.$executeRaw(deleteExpiredCountersStatement(most))
}
