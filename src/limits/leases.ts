// Budgets that all replicas share (prisma/functions/shared/budgets.sql): a replica takes a slice of each and uses it up in its memory. A
// slice is counted before any of it is used, so that all replicas together never send more than a budget has; what is left of one after a
// minute goes back.
import { EventEmitter, once } from 'node:events'
import type { Database } from '../database/client.js'

/** Messages that may go out in all, by whole hours and days (UTC). */
export type Budget = Readonly<{ name: string; perHour: number; perDay: number }>

/** Messages, by the budgets that they may come out of. */
export type Wanted = Readonly<Record<string, number>>

/** What one call of a decision may use, in one order of budgets. */
export type Reservation = Readonly<{
  /** members of send_code_settings */
  settings: Readonly<{
    budgets: readonly string[]
    budgetSetAside: readonly number[]
    /** seconds until there is more, of a budget of which nothing is left */
    budgetRetry: readonly number[]
  }>
  /** when the slices were taken, by the database's clock */
  takenAt: readonly (Date | null)[]
}>

type Lease = {
  budget: Budget
  unused: number
  /** set aside for calls that are under way */
  held: number
  /** of `performance.now()`: from then on it goes back */
  endsAt: number
  /** by the database's clock; null before the first */
  takenAt: Date | null
  retryAfter: number
}

type LeaseRow = Readonly<{ budget: string; granted: number; ends_in: number; retry_after: number; taken_at: Date }>

/** Milliseconds that a slice is kept. */
const keptFor = 60_000
/** Milliseconds before the hour is over in which no slice of it is kept, but taken anew for each call: longer than one takes. */
const marginOfHour = 5_000

export class Leases {
  readonly #database: Database
  readonly #leases: Lease[]
  #refill = Promise.resolve()
  /** tells each time that a call has put back what it has not used */
  readonly #calls = new EventEmitter()

  constructor(database: Database, budgets: readonly Budget[]) {
    this.#database = database
    this.#leases = budgets.map((budget) => ({
      budget,
      unused: 0,
      held: 0,
      endsAt: 0,
      takenAt: null,
      retryAfter: 0,
    }))
  }

  #shortOf(wanted: Wanted) {
    return this.#leases.filter(({ budget, unused, endsAt }) => {
      const needed = wanted[budget.name] ?? 0
      return needed > 0 && (unused < needed || performance.now() >= endsAt)
    })
  }

  /** Brings what it can of the budgets that are short; one call at a time, so that the second finds what the first has brought. */
  #bring(wanted: Wanted): Promise<void> {
    const brought = this.#refill.then(async () => {
      const short = this.#shortOf(wanted)
      if (short.length > 0) await this.#take(short, Math.max(...Object.values(wanted)))
    })
    this.#refill = brought.catch(() => undefined)
    return brought
  }

  async #take(short: readonly Lease[], wanted: number): Promise<void> {
    const asked = short.map(({ budget: { name, perHour, perDay }, unused, takenAt }) => ({
      ...{ name, per_hour: perHour, per_day: perDay, unused, taken_at: takenAt },
      ...keysOf(name),
    }))
    // Gone from memory before they are given back: where nobody knows whether they were, they are lost until the window is over.
    for (const lease of short) lease.unused = 0
    const text = `SELECT * FROM "${this.#database.functionSchema}".take_leases($1, $2)`
    const rows = await this.#database.run<LeaseRow[]>({ text, values: [JSON.stringify(asked), wanted] })
    for (const lease of short) {
      const row = rows.find(({ budget }) => budget === lease.budget.name) as LeaseRow
      const { granted, ends_in, retry_after, taken_at } = row
      lease.unused += granted
      lease.endsAt = performance.now() + Math.min(keptFor, Math.max(0, ends_in * 1000 - marginOfHour))
      lease.takenAt = taken_at
      lease.retryAfter = retry_after
    }
  }

  /** Sets aside of each budget what a call may need of it, as far as there is as much. */
  async reserve(wanted: Wanted): Promise<Reservation> {
    if (this.#shortOf(wanted).length > 0) await this.#bring(wanted)
    // At the end of a budget another call may hold what it turns out not to need: only after it is known whether there is none.
    while (
      this.#leases.some(({ budget, unused, held }) => (wanted[budget.name] ?? 0) > 0 && unused === 0 && held > 0)
    ) {
      await once(this.#calls, 'ended')
      if (this.#shortOf(wanted).length > 0) await this.#bring(wanted)
    }
    const budgetSetAside = this.#leases.map((lease) => {
      const taken = Math.min(lease.unused, wanted[lease.budget.name] ?? 0)
      lease.unused -= taken
      lease.held += taken
      return taken
    })
    return {
      settings: {
        budgets: this.#leases.map(({ budget }) => budget.name),
        budgetSetAside,
        budgetRetry: this.#leases.map(({ retryAfter }) => retryAfter),
      },
      takenAt: this.#leases.map(({ takenAt }) => takenAt),
    }
  }

  /**
   * Puts back what a call has not used, unless the hour of which it was is over.
   * @param used the budgets of its messages; null where nobody knows: then all of it counts as used
   */
  putBack({ settings, takenAt }: Reservation, used: readonly (string | null)[] | null): void {
    for (const [index, lease] of this.#leases.entries()) {
      const held = Number(settings.budgetSetAside[index])
      lease.held -= held
      const unused = held - (used?.filter((name) => name === lease.budget.name).length ?? held)
      if (isOfThisHour(lease, takenAt[index])) lease.unused += unused
    }
    this.#calls.emit('ended')
  }

  /**
   * Gives back what a message that was refused has used, unless the hour of which it was is over.
   * @param usedAt by the database's clock
   */
  giveBack(name: string, usedAt: Date): void {
    for (const lease of this.#leases) if (lease.budget.name === name && isOfThisHour(lease, usedAt)) lease.unused += 1
  }

  /** Gives back all that is left, for a replica that stops: it would be lost until the window is over. */
  async giveBackAll(): Promise<void> {
    const unused = this.#leases.filter((lease) => lease.unused > 0)
    // Without a database they are lost, and the replica stops all the same.
    if (unused.length > 0) await this.#take(unused, 0).catch(() => undefined)
  }
}

/** Whether what was taken at that moment is of the hour that the slice is of: the next one has no more for it. */
function isOfThisHour({ takenAt }: Lease, moment: Date | null | undefined): boolean {
  return takenAt !== null && moment instanceof Date && hourOf(takenAt) === hourOf(moment)
}

/** Hours since 1970: the window of a moment. */
const hourOf = (moment: Date) => Math.floor(moment.getTime() / 3_600_000)

/** What the database counts a budget by: `sms_hour:new`, `mail_day:known`. */
export function keysOf(name: string): { hour_key: string; day_key: string } {
  return { hour_key: name.replace(':', '_hour:'), day_key: name.replace(':', '_day:') }
}
