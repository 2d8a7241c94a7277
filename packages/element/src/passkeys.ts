// Passkeys in the element: loaded where the service has them, since the browser's part of it is nothing that others have to wait for.
import type { Client } from './client.js'

export type Passkeys = Awaited<ReturnType<typeof loadPasskeys>>

export async function loadPasskeys(client: Client) {
  const { createPasskeys } = await import('../../client/src/passkeys.js')
  return createPasskeys(client)
}

/** Whether it was the person, or the browser for them, who ended it: nothing went wrong, and there is nothing to say. */
export function isCancelled(error: unknown): boolean {
  return ['NotAllowedError', 'AbortError'].includes(Object(error).name)
}

/** This device has a passkey of the account already, and there is nothing left to make. */
export const isThere = (error: unknown): boolean => Object(error).code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED'

/** What this browser knows of passkeys: whether one was made or used here, or an offer was turned down. */
export type Memory = 'has' | 'declined' | null
const key = 'latchkey.passkey'

/** Null also where the page may store nothing. */
export function recall(): Memory {
  try {
    const known = localStorage.getItem(key)
    return known === 'has' || known === 'declined' ? known : null
  } catch {
    return null
  }
}

export function remember(memory: Memory): void {
  try {
    if (memory === null) localStorage.removeItem(key)
    else localStorage.setItem(key, memory)
  } catch {
    // Then it is asked again next time.
  }
}
