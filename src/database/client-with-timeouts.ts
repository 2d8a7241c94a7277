// A connection that is made soon or not at all, that ends where the server falls silent on somebody, and that tells times in UTC.
import { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'

declare module 'pg' {
  interface Client {
    /** The parameters of a session, as its first message asks for them. Not documented: readiness tells where it is not heard. */
    getStartupConf(): Record<string, string>
  }
}

/**
 * Of every session, whatever the server, the database or the role have for theirs: Prisma reads and writes times without their zone,
 * as if it were UTC, so that under another one they shift without an error. As a parameter of the start: PgBouncer takes it, unlike
 * those of `options`, and sets it on whichever connection of its own serves a transaction (decision 21).
 */
const sessionParameters = { TimeZone: 'UTC' }

/**
 * Milliseconds. A database that does not answer is told to the caller as 503 within three seconds. A burst larger than the pool
 * gets longer: on a healthy database it is being served, and on a silent one its first requests fail soon enough.
 */
export const waits = {
  connect: 2_000,
  queue: 5_000,
  statement: 2_500,
  lock: 2_300,
  idleInTransaction: 5_000,
  silence: 2_800,
}

/**
 * The pool's own timeout also covers the wait for a free connection. The socket's own timer notices the silence: `query_timeout`
 * would make one, and throw it away, for each query.
 */
export class ClientWithTimeouts extends Client {
  /** lent to somebody who waits for an answer */
  isLent = false
  readonly socket: Socket

  constructor(options?: ClientConfig) {
    const socket = new Socket()
    super({ ...options, connectionTimeoutMillis: waits.connect, stream: () => socket })
    this.socket = socket
    socket.setTimeout(waits.silence, () => {
      if (this.isLent) this.giveUp()
    })
  }

  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...sessionParameters }
  }

  /** Ends the connection for everybody who waits for an answer on it. */
  giveUp(): void {
    this.socket.destroy(new Error('Query read timeout'))
  }
}
