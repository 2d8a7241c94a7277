// What the console asks of the service, and what it is answered (docs/admin-console.md).
import { type Client, LatchkeyError, type User } from '../../element/src/client.js'

export type { User }
/** With what the product keeps with them. */
export type AdministeredUser = User & { public_metadata: Record<string, unknown> }
export type Page<Row> = { rows: Row[]; next: string | null }
export type Method = 'phone' | 'email'

export type Standing = {
  disabled_at: string | null
  phone_verified_at: string | null
  email_verified_at: string | null
}
export type Session = {
  id: string
  device: string | null
  network: string | null
  created_at: string
  last_seen_at: string
  expires_at: string
}
export type Device = { id: string; created_at: string; last_used_at: string; expires_at: string }
export type Happening = {
  id: string
  happened_at: string
  event: string
  detail: string | null
  network: string | null
  actor_id: string | null
}
export type Message = {
  id: string
  happened_at: string
  outcome: string
  channel: string | null
  country: string | null
  driver: string | null
  detail: string | null
  receipts: { status: string; detail: string | null }[]
}
export type Limits = {
  method: Method
  sends_left_hour: number
  sends_left_day: number
  failures_left: number
  locked_until: string | null
  resend_at: string | null
  unlock_allowed_at: string | null
}
export type Numbers = {
  currency: string | null
  messages: {
    channel: string
    country: string | null
    driver: string | null
    sent: number
    delivered: number
    failed: number
    verified: number
    cost: number | null
  }[]
}
export type Blocks = {
  budgets: { name: string; window: string; used: number; limit: number; ends_at: string; advice: string }[]
  countries: { country: string; closed_until: string }[]
  drivers: { channel: string; driver: string; state: string }[]
}

/** Users in a list. */
export const pageSize = 20

type Options = { params?: Record<string, string>; query?: Record<string, string | undefined>; body?: unknown }

export class Api {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async #data<Data>(route: `${string} /${string}`, options: Options = {}, signal?: AbortSignal): Promise<Data> {
    return (await this.#client.request<{ data: Data }>(route, { ...options, signal })).data
  }

  async #page<Row>(route: `${string} /${string}`, options: Options, signal?: AbortSignal): Promise<Page<Row>> {
    const answer = await this.#client.request<{ data: Row[]; next_cursor: string | null }>(route, {
      ...options,
      signal,
    })
    return { rows: answer.data, next: answer.next_cursor }
  }

  /** @param text as people type it; the newest users where it is empty */
  find(text: string, cursor: string | undefined, signal: AbortSignal): Promise<Page<User>> {
    const query = { q: text === '' ? undefined : text, sort: '-created_at', limit: String(pageSize), cursor }
    return this.#page('GET /users', { query }, signal)
  }

  user = (id: string) => this.#data<AdministeredUser>('GET /users/:id', { params: { id } })
  standing = (id: string) => this.#data<Standing>('GET /users/:id/standing', { params: { id } })
  sessions = (id: string) => this.#data<Session[]>('GET /users/:id/sessions', { params: { id } })
  devices = (id: string) => this.#data<Device[]>('GET /users/:id/devices', { params: { id } })
  limits = (id: string) => this.#data<Limits[]>('GET /users/:id/limits', { params: { id } })
  events = (id: string, cursor?: string) =>
    this.#page<Happening>('GET /users/:id/events', { params: { id }, query: { limit: '50', cursor } })
  messages = (id: string, cursor?: string) =>
    this.#page<Message>('GET /users/:id/messages', { params: { id }, query: { limit: '10', cursor } })

  setDisabled = (id: string, disabled: boolean, reason: string) =>
    this.#data('PATCH /users/:id', { params: { id }, body: { disabled, reason } })
  endSessions = (id: string, reason: string) =>
    this.#data('DELETE /users/:id/sessions', { params: { id }, query: { reason } })
  unlock = (id: string, reason: string) =>
    this.#data('POST /users/:id/unlock', { params: { id }, body: { reason } }).catch(tellUnlocked)
  remove = (id: string, reason: string) => this.#data('DELETE /users/:id', { params: { id }, query: { reason } })

  numbers = (hours: number) => this.#data<Numbers>('GET /operations/numbers', { query: { hours: String(hours) } })
  blocks = () => this.#data<Blocks>('GET /operations/blocks')
  openCountry = (country: string, reason: string) =>
    this.#data('POST /operations/countries/:country/open', { params: { country }, body: { reason } })
}

/** Once a day is another limit than that of many calls, and has words of its own. */
function tellUnlocked(error: unknown): never {
  if (!(error instanceof LatchkeyError && error.code === 'rate_limited')) throw error
  throw new LatchkeyError('unlock_limit', { retryAfter: error.retryAfter, cause: error })
}
