// Budgets that all replicas share (prisma/functions/shared/budgets.sql): a replica takes a slice of each and uses it up in its memory. A
// slice is counted before any of it is used, so that all replicas together never send more than a budget has; what is left of one after a
// minute goes back.
import { EventEmitter, once } from 'node:events'
import type { Database } from '../database/client.js'
import { readFunctionFiles } from '../database/function-files.js'

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

export type Leases = ReturnType<typeof createLeases>

/** Milliseconds that a slice is kept. */
const keptFor = 60_000
/** Milliseconds before the hour is over in which no slice of it is kept, but taken anew for each call: longer than one takes. */
const marginOfHour = 5_000

export function createLeases(database: Database, budgets: readonly Budget[]) {
  const { schema } = readFunctionFiles()
  const leases: Lease[] = budgets.map((budget) => ({
    budget,
    unused: 0,
    held: 0,
    endsAt: 0,
    takenAt: null,
    retryAfter: 0,
  }))
  let refill = Promise.resolve()
  /** tells each time that a call has put back what it has not used */
  const calls = new EventEmitter()

  const shortOf = (wanted: Wanted) =>
    leases.filter(({ budget, unused, endsAt }) => {
      const needed = wanted[budget.name] ?? 0
      return needed > 0 && (unused < needed || performance.now() >= endsAt)
    })

  /** Brings what it can of the budgets that are short; one call at a time, so that the second finds what the first has brought. */
  function bring(wanted: Wanted): Promise<void> {
    const brought = refill.then(async () => {
      const short = shortOf(wanted)
      if (short.length > 0) await take(short, Math.max(...Object.values(wanted)))
    })
    refill = brought.catch(() => undefined)
    return brought
  }

  async function take(short: readonly Lease[], wanted: number): Promise<void> {
    const asked = short.map(({ budget: { name, perHour, perDay }, unused, takenAt }) => ({
      ...{ name, per_hour: perHour, per_day: perDay, unused, taken_at: takenAt },
      ...keysOf(name),
    }))
    // Gone from memory before they are given back: where nobody knows whether they were, they are lost until the window is over.
    for (const lease of short) lease.unused = 0
    const text = `SELECT * FROM "${schema}".take_leases($1, $2)`
    const rows = await database.run<LeaseRow[]>({ text, values: [JSON.stringify(asked), wanted] })
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
  async function reserve(wanted: Wanted): Promise<Reservation> {
    if (shortOf(wanted).length > 0) await bring(wanted)
    // At the end of a budget another call may hold what it turns out not to need: only after it is known whether there is none.
    while (leases.some(({ budget, unused, held }) => (wanted[budget.name] ?? 0) > 0 && unused === 0 && held > 0)) {
      await once(calls, 'ended')
      if (shortOf(wanted).length > 0) await bring(wanted)
    }
    const budgetSetAside = leases.map((lease) => {
      const taken = Math.min(lease.unused, wanted[lease.budget.name] ?? 0)
      lease.unused -= taken
      lease.held += taken
      return taken
    })
    return {
      settings: {
        budgets: leases.map(({ budget }) => budget.name),
        budgetSetAside,
        budgetRetry: leases.map(({ retryAfter }) => retryAfter),
      },
      takenAt: leases.map(({ takenAt }) => takenAt),
    }
  }

  /**
   * Puts back what a call has not used, unless the hour of which it was is over.
   * @param used the budgets of its messages; null where nobody knows: then all of it counts as used
   */
  function putBack({ settings, takenAt }: Reservation, used: readonly (string | null)[] | null): void {
    for (const [index, lease] of leases.entries()) {
      const held = Number(settings.budgetSetAside[index])
      lease.held -= held
      const unused = held - (used?.filter((name) => name === lease.budget.name).length ?? held)
      if (isOfThisHour(lease, takenAt[index])) lease.unused += unused
    }
    calls.emit('ended')
  }

  /**
   * Gives back what a message that was refused has used, unless the hour of which it was is over.
   * @param usedAt by the database's clock
   */
  function giveBack(name: string, usedAt: Date): void {
    for (const lease of leases) if (lease.budget.name === name && isOfThisHour(lease, usedAt)) lease.unused += 1
  }

  /** Gives back all that is left, for a replica that stops: it would be lost until the window is over. */
  async function giveBackAll(): Promise<void> {
    const unused = leases.filter((lease) => lease.unused > 0)
    // Without a database they are lost, and the replica stops all the same.
    if (unused.length > 0) await take(unused, 0).catch(() => undefined)
  }

  return { reserve, putBack, giveBack, giveBackAll }
}

/** Whether what was taken at that moment is of the hour that the slice is of: the next one has no more for it. */
function isOfThisHour({ takenAt }: Lease, moment: Date | null | undefined): boolean {
  return takenAt !== null && moment instanceof Date && hourOf(takenAt) === hourOf(moment)
}

/** Hours since 1970: the window of a moment. */
const hourOf = (moment: Date) => Math.floor(moment.getTime() / 3_600_000)

/** What the database counts a budget by: `sms_hour:new`, `mail_day:known`. */
function keysOf(name: string): { hour_key: string; day_key: string } {
  return { hour_key: name.replace(':', '_hour:'), day_key: name.replace(':', '_day:') }
}
