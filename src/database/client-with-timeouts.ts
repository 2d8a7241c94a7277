// A connection that is made soon or not at all, and that ends where the server falls silent on somebody.
import { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import type { SessionParameters } from './session-settings.js'
import { waits } from './waits.js'

declare module 'pg' {
  interface Client {
    /** The parameters of a session, as its first message asks for them. Not documented: readiness tells where it is not heard. */
    getStartupConf(): Record<string, string>
  }
}

/** A client whose sessions have these settings, over what the connection string says. A connection that fails is closed, too. */
export abstract class ClientOfService extends Client {
  protected abstract parameters(): SessionParameters

  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...this.parameters() }
  }

  override connect(): Promise<this>
  override connect(callback: (error: Error) => void): void
  override connect(callback?: (error: Error) => void): Promise<this> | undefined {
    if (callback === undefined)
      return new Promise((resolve, reject) => this.connect((error) => (error ? reject(error) : resolve(this))))
    super.connect((error: Error) => {
      // Where it was this side that gave up (a password that the URL does not have), the server waits, and the process with it.
      if (error) this.connection.stream.destroy()
      callback(error)
    })
    return undefined
  }
}

/**
 * The pool's own timeout also covers the wait for a free connection. The socket's own timer notices the silence: `query_timeout`
 * would make one, and throw it away, for each query.
 */
export abstract class ClientWithTimeouts extends ClientOfService {
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

  /** Ends the connection for everybody who waits for an answer on it. */
  giveUp(): void {
    this.socket.destroy(new Error('Query read timeout'))
  }
}
