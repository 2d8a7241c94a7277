// A value that components watch: what useSyncExternalStore asks for, and no more.

export type Store<State> = {
  read: () => State
  /** as it was at first, which a server has rendered */
  initial: () => State
  /** Returns what ends it. */
  subscribe: (listener: () => void) => () => void
}

export type WritableStore<State> = Store<State> & {
  write: (change: Partial<State>) => void
  isWatched: () => boolean
}

/** @param onWatched runs when somebody begins to watch; what it returns when nobody does any more */
export function createStore<State extends object>(initial: State, onWatched: () => () => void): WritableStore<State> {
  const listeners = new Set<() => void>()
  let state = initial
  let onLeft: (() => void) | undefined

  return {
    read: () => state,
    initial: () => initial,
    isWatched: () => listeners.size > 0,
    write(change) {
      state = { ...state, ...change }
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      // A function of its own: two components may give the same one.
      const listening = () => listener()
      listeners.add(listening)
      if (listeners.size === 1) onLeft = onWatched()
      return () => {
        if (listeners.delete(listening) && listeners.size === 0) onLeft?.()
      }
    },
  }
}
