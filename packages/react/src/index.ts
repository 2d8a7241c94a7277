'use client'
// Sign-in with a Latchkey service in React: a provider, who is signed in, the steps of signing in.
import type { Client, Me } from '@latchkey/client'
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from 'react'
import { createSessionStore, type SessionState, type SessionStore } from './session.js'
import { createSignIn, type SignInActions, type SignInState } from './sign-in.js'
import type { Store } from './store.js'

export type { SessionState } from './session.js'
export type { SignInActions, SignInIdentifier, SignInState, SignInStep } from './sign-in.js'

type Provided = { client: Client; session: SessionStore }
const Context = createContext<Provided | null>(null)

export type ProviderProps = {
  client: Client
  /** who the server has found signed in, null for nobody; left out, the first component that wants to know asks */
  initialUser?: Me | null
  children?: ReactNode
}

/** Around everything that signs in or wants to know who is signed in. Another client is another session. */
export function LatchkeyProvider({ client, initialUser, children }: ProviderProps): ReactElement {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first answer is the server's, all later ones the client's
  const provided = useMemo(() => ({ client, session: createSessionStore(client, initialUser) }), [client])
  useEffect(() => provided.session.end, [provided])
  return createElement(Context.Provider, { value: provided }, children)
}

function useProvided(): Provided {
  const provided = useContext(Context)
  if (provided === null) throw new Error('There is no <LatchkeyProvider> above this component')
  return provided
}

const useStore = <State>(store: Store<State>): State => useSyncExternalStore(store.subscribe, store.read, store.initial)

/** The client, for every other call. */
export const useLatchkey = (): Client => useProvided().client

export type UseSession = SessionState & {
  /** Asks again who is signed in. */
  reload: () => Promise<void>
  /** Rejects where the service could not be asked; with a storage the session of this device is over all the same. */
  signOut: () => Promise<void>
}

/** Who is signed in. On a server it is `initialUser`, or `loading`. */
export function useSession(): UseSession {
  const { client, session } = useProvided()
  const actions = useMemo(() => ({ reload: session.reload, signOut: () => client.logout() }), [client, session])
  return { ...useStore(session), ...actions }
}

/** The steps of signing in. What is on its way ends when the component goes. */
export function useSignIn(): SignInState & SignInActions {
  const client = useLatchkey()
  const { store, actions } = useMemo(() => createSignIn(client), [client])
  return { ...useStore(store), ...actions }
}
