// The session of this client: its token, the one refresh at a time, and what is told of changes. With cookies there is nothing to keep.
import { LatchkeyError } from './errors.js'
import type { TokenStorage } from './storage.js'
import { Announcements, alone, type SessionListener } from './tabs.js'
import type { Transport } from './transport.js'

const tokenKey = 'latchkey.token'
const deviceKey = 'latchkey.device'
/** Milliseconds before its end from which on a token is refreshed, at most: no more than a tenth of its life. */
const margin = 60_000
/** Milliseconds that another tab may take to refresh. */
const lockPatience = 10_000

export type SessionOptions = {
  /** null with cookies */
  storage: TokenStorage | null
  /** of lock and channel: the same in all tabs */
  name: string
  transport: Transport
}

export class Session {
  readonly #storage: TokenStorage | null
  readonly #name: string | null
  readonly #transport: Transport
  readonly #announcements: Announcements
  #refreshing: Promise<string | null> | null = null
  /** milliseconds that this device's clock is ahead of the service's, as the last token told */
  #ahead = 0

  constructor({ storage, name, transport }: SessionOptions) {
    this.#storage = storage
    this.#name = storage?.isShared === false ? null : name
    this.#transport = transport
    this.#announcements = new Announcements(this.#name)
  }

  onChange(listener: SessionListener): () => void {
    return this.#announcements.listen(listener)
  }

  async token(): Promise<string | null> {
    return (await this.#storage?.get(tokenKey)) ?? null
  }

  async deviceToken(): Promise<string | null> {
    return (await this.#storage?.get(deviceKey)) ?? null
  }

  /** Keeps what an answer brought of a sign-in. */
  async keep({ token, device_token }: { token?: unknown; device_token?: unknown }): Promise<void> {
    if (typeof token !== 'string') return
    if (typeof device_token === 'string') await this.#storage?.set(deviceKey, device_token)
    await this.#put(token)
    this.#announcements.tell('signed_in')
  }

  /** The token for the next call, refreshed where it is nearly over. */
  async fresh(signal?: AbortSignal): Promise<string | null> {
    const token = await this.token()
    if (token === null || !this.#isNearlyOver(token)) return token
    try {
      return await this.refresh(token, signal)
    } catch (error) {
      // Not now: the old one may still do, and if not the call says so.
      if (error instanceof LatchkeyError && error.status !== 401) return token
      throw error
    }
  }

  /**
   * A token in place of this one, or null where there is no session any more. However many ask, in however many tabs, the service is
   * asked once. The signal ends the waiting of who gave it, not the refresh, on which others wait.
   */
  async refresh(token: string, signal?: AbortSignal): Promise<string | null> {
    this.#refreshing ??= alone(this.#name, lockPatience, () => this.#replace(token)).finally(() => {
      this.#refreshing = null
    })
    return signal ? endedBy(signal, this.#refreshing) : this.#refreshing
  }

  /** Renews the cookie; nothing to keep. */
  async renewCookie(signal?: AbortSignal): Promise<void> {
    await this.#transport({ method: 'POST', path: '/api/auth/refresh', signal })
    this.#announcements.tell('refreshed')
  }

  /** Forgets the token, unless another one has taken its place; any where none is named. */
  async drop(token?: string): Promise<void> {
    if (token !== undefined && (await this.token()) !== token) return
    await this.#storage?.remove(tokenKey)
    this.#announcements.tell('signed_out')
  }

  async forgetDevice(): Promise<void> {
    await this.#storage?.remove(deviceKey)
  }

  /** Waits for a refresh under way, whose token would come after a logout otherwise. */
  async settled(): Promise<void> {
    await this.#refreshing?.catch(() => null)
  }

  async #replace(token: string): Promise<string | null> {
    // Another tab was faster, or signed out, while this one waited for the lock.
    const current = await this.token()
    if (current !== token) return current
    try {
      const answer = await this.#transport({ method: 'POST', path: '/api/auth/refresh', token })
      const { token: next } = answer as { token: string }
      if ((await this.token()) !== token) return await this.token()
      await this.#put(next)
      this.#announcements.tell('refreshed')
      return next
    } catch (error) {
      if (error instanceof LatchkeyError && error.status === 401) await this.drop(token)
      throw error
    }
  }

  async #put(token: string): Promise<void> {
    const issuedAt = claimsOf(token).iat
    if (issuedAt !== undefined) this.#ahead = Date.now() - issuedAt * 1_000
    await this.#storage?.set(tokenKey, token)
  }

  #isNearlyOver(token: string): boolean {
    const { iat, exp } = claimsOf(token)
    if (iat === undefined || exp === undefined) return false
    const now = Date.now() - this.#ahead
    return exp * 1_000 - now < Math.min(margin, (exp - iat) * 100)
  }
}

/** When a token was issued and ends, in seconds. Not verified: that is the service's to do. */
function claimsOf(token: string): { iat?: number; exp?: number } {
  try {
    const [, payload = ''] = token.split('.')
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return {}
  }
}

/** The promise, or a rejection as soon as the signal says so. */
export function endedBy<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason)
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}
