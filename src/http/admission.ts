// How much of what comes is let in while there is more than the process can do: a share that falls fast while the event loop is late and
// grows slowly after. What starts something new (a send) gives way first, and whoever holds a code or a session later.

/** What gives way first: what starts something new. Then everything else but probes and metrics, which are always let in. */
export type Urgency = 'first' | 'last'

export type AdmissionOptions = Readonly<{
  /** milliseconds of some clock that only grows */
  now: () => number
}>

/** Milliseconds between two looks; how late the event loop may be for sends, and for the rest; in how many looks one after the other. */
const marks = { tick: 100, late: { first: 200, last: 500 }, looks: 3 }

/**
 * Least share that is let in. Where a refusal costs a seventh of an answer, refusing more than this frees hardly any time: a process that
 * is starved by its neighbours is late whatever it refuses, and would answer nobody.
 */
const least = { first: 0.15, last: 0.3 }
/** Requests between two looks that are let in whatever the share: a process that is late without so many of them is late of others. */
const always = 10
const fall = 0.7
const rise = 0.05

export class Admission {
  readonly #now: () => number
  #dueAt: number
  readonly #shares = { first: 1, last: 1 }
  readonly #lateLooks = { first: 0, last: 0 }
  /** what the share has left over of the requests before, so that no chance is in it */
  readonly #credit = { first: 0, last: 0 }
  /** how many have asked since the last look */
  readonly #asked = { first: 0, last: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor({ now }: AdmissionOptions) {
    this.#now = now
    this.#dueAt = now() + marks.tick
  }

  /** Looks every 100 ms, until `stop`. */
  start(): void {
    this.#dueAt = this.#now() + marks.tick
    this.#timer = setInterval(() => this.look(), marks.tick).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** How late it is called is how late the event loop is. A pause that is over by the next look changes nothing. */
  look(): void {
    const now = this.#now()
    const lateness = now - this.#dueAt
    this.#dueAt = now + marks.tick
    for (const urgency of ['first', 'last'] as const) {
      this.#asked[urgency] = 0
      const isLate = lateness > marks.late[urgency]
      this.#lateLooks[urgency] = isLate ? this.#lateLooks[urgency] + 1 : 0
      const share = this.#shares[urgency]
      if (!isLate) this.#shares[urgency] = Math.min(1, share + rise)
      else if (this.#lateLooks[urgency] >= marks.looks) this.#shares[urgency] = Math.max(least[urgency], share * fall)
    }
  }

  /** The share that is let in, 0 to 1. */
  share(urgency: Urgency): number {
    return this.#shares[urgency]
  }

  /** Whether the next one is let in: ten between two looks, then of a share of a third every third one. */
  admits(urgency: Urgency): boolean {
    const share = this.#shares[urgency]
    this.#asked[urgency] += 1
    if (share === 1 || this.#asked[urgency] <= always) return true
    const credit = this.#credit[urgency] + share
    this.#credit[urgency] = credit % 1
    return credit >= 1
  }
}
