// Who is signed in, for all components below a provider: asked once, told of sign-ins and sign-outs, those of other tabs included.
import type { Client, LatchkeyError, Me } from '@latchkey/client'
import { isLatchkeyError } from './errors.js'
import { createStore, type Store } from './store.js'

export type SessionState = {
  /** `error`: nobody can tell yet, since the service could not be asked */
  status: 'loading' | 'signed_in' | 'signed_out' | 'error'
  /** who is signed in, with addresses */
  user: Me | null
  /** of the last question; who was signed in before it stays so */
  error: LatchkeyError | null
}

export type SessionStore = Store<SessionState> & {
  /** Asks again. */
  reload: () => Promise<void>
  /** Hears of nothing any more: to be called when its provider goes. */
  end: () => void
}

/** @param initial who a server has found signed in, null for nobody; undefined to ask when the first component watches */
export function createSessionStore(client: Client, initial: Me | null | undefined): SessionStore {
  /** counts questions and events: what is older than the last one is not true any more */
  let latest = 0
  let isKnown = initial !== undefined
  let asking = 0
  let stopListening: (() => void) | undefined

  const store = createStore<SessionState>(stateOf(initial), () => {
    // Until the provider goes, and not the last component that watches: the next one would not know what it missed.
    stopListening ??= client.onChange((event) => {
      if (event === 'signed_out') become(null)
      else if (event === 'signed_in' || store.read().user === null) reload()
    })
    if (!isKnown && asking === 0) reload()
    return () => {}
  })

  function become(user: Me | null): void {
    latest += 1
    isKnown = true
    store.write(stateOf(user))
  }

  async function reload(): Promise<void> {
    latest += 1
    asking += 1
    const mine = latest
    let failure: unknown
    const found = await client.me().then(stateOf, (error: unknown) => {
      failure = error
      return failed(error)
    })
    asking -= 1
    if (mine === latest) {
      isKnown = true
      store.write(found)
    }
    // Of a storage, say: the application's own, and nothing that a page could show.
    if (failure !== undefined && !isLatchkeyError(failure)) throw failure
  }

  function failed(error: unknown): Partial<SessionState> {
    if (!isLatchkeyError(error)) return { status: 'error' }
    if (error.status === 401) return stateOf(null)
    return { status: store.read().user === null ? 'error' : 'signed_in', error }
  }

  function end(): void {
    stopListening?.()
    stopListening = undefined
    isKnown = false
  }

  return { ...store, reload, end }
}

function stateOf(user: Me | null | undefined): SessionState {
  if (user === undefined) return { status: 'loading', user: null, error: null }
  return { status: user === null ? 'signed_out' : 'signed_in', user, error: null }
}
