// Where the token is kept. Cookies need no storage: the service sets them, HttpOnly, and no script can read them.

/** Secure storage of React Native, a keychain, `localStorage`: whatever keeps texts. Keys have letters and dots alone. */
export type TokenStorage = {
  get(key: string): Promise<string | null> | string | null
  set(key: string, value: string): Promise<unknown> | unknown
  remove(key: string): Promise<unknown> | unknown
  /** false where other tabs of the site have a storage of their own, and so a session of their own; true where not given */
  isShared?: boolean
}

/** Forgets with the page or the process. Never share one between users of a server. */
export function memoryStorage(): TokenStorage {
  const kept = new Map<string, string>()
  return {
    isShared: false,
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => kept.set(key, value),
    remove: (key) => kept.delete(key),
  }
}
