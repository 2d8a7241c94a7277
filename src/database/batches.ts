// Natural batching: while one call of the database is on its way, the requests that arrive wait for it, and then go together as one
// call. No timer: a lone request waits for nobody, and under load a round trip, a plan and a commit are shared by whoever is there.

import type { Span } from '@opentelemetry/api'
import { Problem } from '../errors.js'
import { inBatchSpan, startWaiting } from '../tracing/batches.js'
import { endedWith } from '../tracing/tracer.js'
import { DatabaseWatch } from './watch.js'

export type BatchOptions<Request, Answer> = Readonly<{
  /** what metrics and traces call it */
  name: string
  /** told of each batch */
  watch?: Pick<DatabaseWatch, 'onBatch' | 'onRefusal' | 'addQueue' | 'refusesEarly'>
  /**
   * Asks for all of them at once; the answers in the order of the requests, `again` for one that is to be asked alone.
   * Nothing may be answered before it is committed.
   */
  ask: (requests: readonly Request[], call: Call) => Promise<(Answer | Again)[]>
  /** requests of one key never are under way twice at once: the later one waits for the earlier one. Reads need none */
  keyOf?: (request: Request) => string
  /** batches under way at once */
  calls?: number
  /** requests in one batch */
  size?: number
  /** milliseconds of waiting that a request is worth: it is refused at once where it would wait longer */
  worth?: number
  /** whether the whole batch may be asked again one by one: the database has said that nothing of it was done */
  mayAskAgain: (error: unknown) => boolean
}>

/** How requests are asked. */
export type Call = Readonly<{
  /** there is one, which keeps nobody else waiting */
  isAlone: boolean
  /** it has been asked before, in a batch that did nothing for it but was committed: what it counts by has been counted */
  isRepeated: boolean
}>

/** What stands for an answer where a request of a batch is to be asked alone. */
export const again = Symbol('again')
export type Again = typeof again

type Waiting<Request, Answer> = {
  request: Request
  /** undefined where it is of no trace */
  span: Span | undefined
  /** one of its own where requests have none */
  key: string | symbol
  /** it is asked a second time, alone */
  isSecond: boolean
  /** see `Call` */
  isRepeated: boolean
  /** when it came (milliseconds of `performance.now()`) */
  since: number
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/** Milliseconds that a request waits for its batch: as long as one waits for a connection of the pool. */
const patience = 5_000

/** A request that waited too long, in PostgreSQL's words for a server that has no room: to be told as 503. */
export class QueueTimeout extends Error {
  readonly code = '53300'

  constructor() {
    super('a request waited too long for the ones before it')
  }
}

/**
 * Of a request that would wait for longer than it is worth: PostgreSQL is the limit, and to stand in line for it would cost whoever comes
 * next as much, until nobody is answered in time.
 */
function tooLate(milliseconds: number): Problem {
  return new Problem('service_unavailable', { retryAfter: Math.ceil(milliseconds / 1000) })
}

/** Share of the newest in what a call is thought to take. */
const newest = 0.2

/** 32 stays under the 64 subtransactions that a backend of PostgreSQL keeps at hand. */
const defaults = { calls: 2, size: 32, worth: 2_500 }

export type Batches<Request, Answer> = Readonly<{
  /** Asks, together with whoever asks in the meantime. Rejects with the error of its batch. */
  ask: (request: Request) => Promise<Answer>
}>

export function createBatches<Request, Answer>(options: BatchOptions<Request, Answer>): Batches<Request, Answer> {
  const {
    name,
    watch = new DatabaseWatch(),
    ask,
    keyOf,
    mayAskAgain,
    calls = defaults.calls,
    size = defaults.size,
    worth = defaults.worth,
  } = options
  /** oldest first */
  let waiting: Waiting<Request, Answer>[] = []
  /** to be asked again, each alone, before all others */
  const repeated: Waiting<Request, Answer>[] = []
  const keysUnderWay = new Set<string | symbol>()
  /** when each call that is under way was sent, oldest first */
  const underWay: number[] = []
  /** milliseconds that a call takes */
  let usual = 0
  let isScheduled = false

  /** Milliseconds that a request would wait that comes now: none while there is room for another call. */
  function expectedWait(coming = 0): number {
    if (underWay.length < calls) return 0
    // One that hangs tells more than those before it.
    const call = Math.max(usual, performance.now() - Number(underWay[0]))
    return call * (Math.floor((waiting.length + coming) / (size * calls)) + 0.5)
  }

  function join(request: Request, span: Span | undefined): Promise<Answer> {
    const wait = expectedWait()
    if (wait > worth && watch.refusesEarly) {
      watch.onRefusal(name)
      return Promise.reject(tooLate(wait))
    }
    return new Promise((resolve, reject) => {
      const key = keyOf?.(request) ?? Symbol()
      const times = { isSecond: false, isRepeated: false, since: performance.now() }
      waiting.push({ request, span, key, ...times, resolve, reject })
      if (isScheduled) return
      isScheduled = true
      // At the end of this turn of the event loop: what it brought together goes out together.
      setImmediate(() => {
        isScheduled = false
        send()
      })
    })
  }

  function send(): void {
    rejectTheOldest()
    while (underWay.length < calls) {
      const batch = takeBatch()
      if (batch.length === 0) return
      void carry(batch)
    }
  }

  function rejectTheOldest(): void {
    const tooOld = performance.now() - patience
    while (waiting[0] !== undefined && waiting[0].since < tooOld) {
      watch.onRefusal(name)
      waiting.shift()?.reject(new QueueTimeout())
    }
  }

  /** One that is to be asked again, or the oldest requests whose keys are free. */
  function takeBatch(): Waiting<Request, Answer>[] {
    const one = repeated.shift()
    if (one === undefined) return takeOldest()
    keysUnderWay.add(one.key)
    return [one]
  }

  function takeOldest(): Waiting<Request, Answer>[] {
    const batch: Waiting<Request, Answer>[] = []
    const taken = new Set<Waiting<Request, Answer>>()
    for (const one of waiting) {
      if (keysUnderWay.has(one.key)) continue
      batch.push(one)
      taken.add(one)
      keysUnderWay.add(one.key)
      if (batch.length === size) break
    }
    if (batch.length > 0) waiting = waiting.filter((one) => !taken.has(one))
    return batch
  }

  async function carry(batch: Waiting<Request, Answer>[]): Promise<void> {
    const now = performance.now()
    underWay.push(now)
    watch.onBatch({ name, waits: batch.map(({ since }) => (now - since) / 1000) })
    const requests = batch.map(({ request }) => request)
    const members = batch.map(({ span, since }) => ({ span, wait: now - since }))
    const call = { isAlone: batch.length === 1, isRepeated: batch[0]?.isRepeated === true }
    try {
      const answers = await inBatchSpan(name, members, () => ask(requests, call))
      for (const [index, one] of batch.entries()) settle(one, answers[index])
    } catch (error) {
      const isToBeRepeated = !call.isAlone && mayAskAgain(error)
      for (const one of batch) isToBeRepeated ? askAlone(one, false) : one.reject(error)
    } finally {
      underWay.splice(underWay.indexOf(now), 1)
      usual += newest * (performance.now() - now - usual)
      for (const { key } of batch) keysUnderWay.delete(key)
      send()
    }
  }

  function settle(one: Waiting<Request, Answer>, answer: Answer | Again | undefined): void {
    if (answer === undefined) one.reject(new Error('the database left out an answer'))
    else if (answer !== again) one.resolve(answer as Answer)
    else if (one.isSecond) one.reject(new Error('the database answers "again" to a request that was asked alone'))
    else askAlone(one, true)
  }

  function askAlone(one: Waiting<Request, Answer>, isCommitted: boolean): void {
    one.isSecond = true
    one.isRepeated = isCommitted
    repeated.push(one)
  }

  watch.addQueue(name, (coming) => expectedWait(coming) > worth)
  return {
    ask(request) {
      const span = startWaiting(name)
      return span === undefined ? join(request, span) : endedWith(span, () => join(request, span))
    },
  }
}
