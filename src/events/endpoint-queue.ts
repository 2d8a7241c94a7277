// What is to be delivered to one endpoint, and who delivers it: all of it stands in the database (prisma/functions/events.sql: take_events,
// settle_events), which this asks for one replica.
import { createHash, randomUUID } from 'node:crypto'
import type { Database } from '../database/client.js'
import type { EventRow } from './event.js'
import type { DispatcherTimes } from './times.js'

/** An event to be delivered now: event_to_deliver. */
export type TakenEvent = Omit<EventRow, 'position' | 'identifiers'> &
  Readonly<{
    position: string
    /** before this one */
    attempts: number
    /** not one that is tried again */
    isNew: boolean
    /** behind another one of its user, to be tried after that */
    isHeld: boolean
    phone: string | null
    email: string | null
  }>

/** What became of an event at an endpoint: event_result. */
export type Result = Readonly<{
  position: string
  user_id: string | null
  /** slow: still on its way; held: not tried; probed: failed as all others would have, which is no attempt at it */
  outcome: 'delivered' | 'failed' | 'slow' | 'held' | 'probed'
  /** seconds */
  retry_after?: number
  error?: string
}>

/** The name of an endpoint in the database: its URL may hold a secret. */
export const endpointName = (url: string): string => createHash('sha256').update(url).digest('hex')

type QueueOptions = {
  database: Database
  url: string
  /** whether phones and emails are looked up */
  tellsIdentifiers: boolean
  times: Pick<DispatcherTimes, 'lease' | 'most' | 'patience'>
}

export class EndpointQueue {
  readonly #database: Database
  readonly #tellsIdentifiers: boolean
  readonly #times: QueueOptions['times']
  readonly #name: string
  readonly #host: string
  /** this replica, at this endpoint */
  readonly #owner = randomUUID()
  /** the statement before: each of them locks the endpoint's row, and one that finds it locked takes it for that of another replica */
  #latest: Promise<unknown> = Promise.resolve()

  constructor({ database, url, tellsIdentifiers, times }: QueueOptions) {
    this.#database = database
    this.#tellsIdentifiers = tellsIdentifiers
    this.#times = times
    this.#name = endpointName(url)
    this.#host = new URL(url).host
  }

  /**
   * What is due, in the order of the log, up to `most`; null where another replica delivers there. Takes the endpoint for a lease.
   * @param isProbe for one attempt at an endpoint that rests: of what waits there one alone, whether it is due or not
   */
  async take(isProbe = false): Promise<TakenEvent[] | null> {
    const text = `
      SELECT t.is_owner AS "isOwner", (t.event).position::text AS position, (t.event).type, (t.event).user_id AS "userId",
        (t.event).data, (t.event).happened_at AS "happenedAt", (t.event).attempts, (t.event).is_new AS "isNew",
        (t.event).is_held AS "isHeld", (t.event).phone, (t.event).email
      FROM "${this.#database.functionSchema}".take_events($1, $2, $3, $4, $5, $6, $7) AS t`
    const values = [this.#name, this.#host, this.#owner, this.#lease, this.#times.most, this.#tellsIdentifiers, isProbe]
    const [head, ...events] = await this.#run<(TakenEvent & { isOwner: boolean })[]>({ text, values })
    return head?.isOwner ? events : null
  }

  /**
   * Writes results down, after those before them, and returns how many were given up with it. Where another replica has the endpoint by
   * now nothing is written: it delivers them again.
   * @param place position up to which all are delivered or written down here; null for results of some that were written down before
   */
  async settle(results: readonly Result[], place: string | null): Promise<number> {
    const text = `SELECT "${this.#database.functionSchema}".settle_events($1, $2, $3, $4, $5, $6) AS parked`
    const values = [this.#name, this.#owner, this.#lease, place, JSON.stringify(results), this.#times.patience]
    const [{ parked }] = await this.#run<[{ parked: number | null }]>({ text, values })
    return parked ?? 0
  }

  /**
   * Keeps an endpoint that rests, and gives up what has waited there for too long: returns how many, null where another replica delivers
   * there by now.
   * @param error why it rests
   */
  async rest(error: string): Promise<number | null> {
    const { most, patience } = this.#times
    const text = `SELECT "${this.#database.functionSchema}".rest_endpoint($1, $2, $3, $4, $5, $6) AS parked`
    const values = [this.#name, this.#owner, this.#lease, most, patience, error]
    const [{ parked }] = await this.#run<[{ parked: number | null }]>({ text, values })
    return parked
  }

  /**
   * Has what failed be due at once, where the endpoint took nothing: once for each event, up to `most` at a time.
   * @param after what the call before returned, '0' at first; null at the end
   * @param isBack it takes events again; else this is for an endpoint that took none when another replica delivered there
   */
  async retry(after: string, isBack: boolean): Promise<string | null> {
    const text = `SELECT "${this.#database.functionSchema}".retry_events($1, $2, $3, $4, $5)::text AS last`
    const values = [this.#name, this.#owner, after, this.#times.most, isBack]
    const [{ last }] = await this.#run<[{ last: string | null }]>({ text, values })
    return last
  }

  /** Keeps the endpoint for a further lease, where it still is this replica's. */
  async renew(): Promise<void> {
    await this.#inTurn(
      () => this.#database.$executeRaw`
        UPDATE event_endpoints SET owned_until = clock_timestamp() + make_interval(secs => ${this.#lease})
        WHERE name = ${this.#name} AND owner = ${this.#owner}::uuid`,
    )
  }

  /** Leaves the endpoint to another replica at once. */
  async release(): Promise<void> {
    await this.#database.$executeRaw`
      UPDATE event_endpoints SET owned_until = clock_timestamp() WHERE name = ${this.#name} AND owner = ${this.#owner}::uuid`
  }

  #run<Rows extends object[]>(statement: Parameters<Database['run']>[0]): Promise<Rows> {
    return this.#inTurn(() => this.#database.run<Rows>(statement))
  }

  /** Once the statement before is over, however it ended. */
  #inTurn<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#latest.then(statement)
    this.#latest = answer.catch(() => {})
    return answer
  }

  /** Seconds. */
  get #lease(): number {
    return this.#times.lease / 1_000
  }
}
