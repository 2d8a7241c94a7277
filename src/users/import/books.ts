// What an import keeps of itself: the users whom it makes, the lines that it refuses, the ids that it gives, and how far it is.
import type { AuthEventName } from '../../audit/events.js'
import type { Checked, Reason, Refusal } from './check.js'
import { type Counts, type Progress, writeLedger } from './ledger.js'
import type { Place } from './reader.js'
import { Report } from './report.js'
import type { Standing, WriteBatch, Written } from './write.js'

export type Paths = Readonly<{ report: string; ids: string; ledger: string }>

type BooksOptions = Readonly<{
  paths: Paths
  /** of the ledger; null where none is kept */
  run: string | null
  /** what was done before */
  before: Progress
  writeBatch: WriteBatch
  /** what the trail says of it: the map, and whether flags count */
  title: string
}>

type User = Extract<Checked, { kind: 'user' }>
/** Who has which id now: a line of the file beside. */
type NewId = Readonly<{ old: string; new: string }>

export class Books {
  readonly #options: BooksOptions
  readonly #report: Report
  readonly #ids: Report
  #progress: Progress

  private constructor(options: BooksOptions) {
    const { paths, before } = options
    this.#options = options
    this.#progress = before
    this.#report = new Report(paths.report, before.bytes.report)
    this.#ids = new Report(paths.ids, before.bytes.ids)
  }

  /** Opens them, as they were after what was done before. */
  static async open(options: BooksOptions): Promise<Books> {
    const books = new Books(options)
    try {
      await books.#report.begin()
      if (options.run !== null) await books.#ids.begin()
      return books
    } catch (error) {
      await books.close()
      throw error
    }
  }

  get progress(): Progress {
    return this.#progress
  }

  /**
   * Writes what was checked, up to a place of the file.
   * @param isLast nothing of the file is left then
   */
  async write(checked: readonly Checked[], place: Place, isLast: boolean): Promise<void> {
    const { run, paths, writeBatch } = this.#options
    const users = checked.filter((each) => each.kind === 'user')
    let after = this.#progress
    await writeBatch(
      users.map(({ user }) => user),
      async (written, transactionId) => {
        const { refusals, ids, counts } = settleAll(checked, written, this.#progress.counts)
        await this.#report.add(refusals)
        if (run !== null) await this.#ids.add(ids)
        after = { place, counts, bytes: { report: this.#report.length, ids: this.#ids.length } }
        if (run !== null) await writeLedger(paths.ledger, { run, before: this.#progress, after, transactionId })
        return this.#events(after.counts, isLast)
      },
    )
    this.#progress = after
  }

  #events(counts: Counts, isLast: boolean): { event: AuthEventName; detail: string }[] {
    const { title } = this.#options
    const details = [
      ...(recordsOf(this.#progress.counts) === 0 ? [`import begun: ${title}`] : []),
      ...(isLast ? [`import ended: ${title}; ${summaryOf(counts)}`] : []),
    ]
    return details.map((detail) => ({ event: 'authz_admin', detail }))
  }

  async close(): Promise<void> {
    await this.#report.close()
    await this.#ids.close()
  }
}

const sumOf = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, count) => sum + count, 0)
export const refusedOf = ({ refused }: Counts) => sumOf(refused)
export const leftOutOf = ({ leftOut }: Counts) => sumOf(leftOut)
export const recordsOf = (counts: Counts) => counts.made + counts.present + refusedOf(counts) + leftOutOf(counts)

/** `1000 made, 0 there already, 3 refused, 2 left out` */
export function summaryOf(counts: Counts): string {
  return `${counts.made} made, ${counts.present} there already, ${refusedOf(counts)} refused, ${leftOutOf(counts)} left out`
}

/**
 * What became of each record of a batch, in the order of the file: the lines that tell of it.
 * @param before the counts up to the batch; those that come back have it too
 */
function settleAll(checked: readonly Checked[], { made, standing }: Written, before: Counts) {
  const refusals: Refusal[] = []
  const ids: NewId[] = []
  const counts = { ...before, leftOut: { ...before.leftOut }, refused: { ...before.refused } }
  const outcomeOf = createJudge(made, standing)
  for (const each of checked) {
    const settled = settle(each, outcomeOf)
    switch (settled.kind) {
      case 'refused':
        refusals.push(settled.refusal)
        increase(counts.refused, settled.refusal.reason)
        break
      case 'left_out':
        increase(counts.leftOut, settled.why)
        break
      default: {
        const { kind, user } = settled
        counts[kind] += 1
        if (kind === 'made' && user.isAdmin) counts.admins += 1
        if (user.oldId !== user.user.id) ids.push({ old: user.oldId, new: user.user.id })
      }
    }
  }
  return { refusals, ids, counts }
}

function increase<Key extends string>(counts: Partial<Record<Key, number>>, key: Key): void {
  counts[key] = (counts[key] ?? 0) + 1
}

type Settled = Exclude<Checked, { kind: 'user' }> | Readonly<{ kind: 'made' | 'present'; user: User }>

/** What became of a record, once the database has said what became of its user. */
function settle(checked: Checked, outcomeOf: (user: User) => Outcome): Settled {
  if (checked.kind !== 'user') return checked
  const outcome = outcomeOf(checked)
  if (outcome === 'made' || outcome === 'present') return { kind: outcome, user: checked }
  return { kind: 'refused', refusal: { line: checked.line, reason: outcome, ...checked.shown } }
}

type Outcome = 'made' | 'present' | Reason

/** Says of the users of a batch, in its order, what became of each. */
function createJudge(made: readonly Standing[], standing: readonly Standing[]): (user: User) => Outcome {
  const keyOf = ({ id, phone, email }: Standing) => `${id} ${phone} ${email}`
  // Of two lines that say the same the first one was made.
  const left = new Set(made.map(keyOf))
  const byId = new Map(standing.map((each) => [each.id, each]))
  const phones = new Set(standing.map(({ phone }) => phone))
  return ({ user }) => {
    if (left.delete(keyOf(user))) return 'made'
    const self = byId.get(user.id)
    if (self !== undefined) {
      // Who has changed one of the two since, or lost what was never proved, is the same person.
      const isSame =
        (user.phone !== null && user.phone === self.phone) || (user.email !== null && user.email === self.email)
      return isSame ? 'present' : 'id_taken'
    }
    return user.phone !== null && phones.has(user.phone) ? 'phone_taken' : 'email_taken'
  }
}
