// Other tabs of the same site: one of them refreshes, all of them hear.
import { type Channel, host } from './host.js'

/**
 * Runs the task while no other tab runs one of this name. Where that is not to be had in time (a frozen tab may hold the lock) it runs
 * all the same: the service answers parallel refreshes alike.
 * @param name of the lock; null where there are no other tabs
 * @param wait milliseconds
 */
export async function alone<Result>(name: string | null, wait: number, task: () => Promise<Result>): Promise<Result> {
  const locks = host.navigator?.locks
  if (!locks || name === null) return task()
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), wait)
  let running: Promise<Result> | undefined
  try {
    return await locks.request(name, { signal: patience.signal }, () => {
      running = task()
      return running
    })
  } catch (error) {
    // What the task itself threw is its own.
    if (running) throw error
    return task()
  } finally {
    clearTimeout(timer)
  }
}

export type SessionEvent = 'signed_in' | 'signed_out' | 'refreshed'
export type SessionListener = (event: SessionEvent) => void

/** Tells listeners here and in other tabs. No token goes through the channel. */
export class Announcements {
  readonly #name: string | null
  readonly #listeners = new Set<SessionListener>()
  #channel: Channel | null = null

  /** @param name of the channel; null where other tabs have sessions of their own */
  constructor(name: string | null) {
    this.#name = name
  }

  listen(listener: SessionListener): () => void {
    // A function of its own: the same one given twice is told twice, and ended one by one.
    const listening: SessionListener = (event) => listener(event)
    this.#listeners.add(listening)
    this.#channel ??= this.#open()
    return () => {
      this.#listeners.delete(listening)
      if (this.#listeners.size > 0) return
      this.#channel?.close()
      this.#channel = null
    }
  }

  tell(event: SessionEvent): void {
    this.#tellHere(event)
    const channel = this.#channel ?? this.#open()
    channel?.postMessage(event)
    // Nobody listens here: an open channel would keep a page out of the back-forward cache.
    if (channel !== this.#channel) channel?.close()
  }

  #tellHere(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #open(): Channel | null {
    if (this.#name === null || !host.BroadcastChannel) return null
    const channel = new host.BroadcastChannel(this.#name)
    channel.onmessage = ({ data }) => this.#tellHere(data as SessionEvent)
    channel.unref?.()
    return channel
  }
}
