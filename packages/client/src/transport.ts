// One call of the service: its URL, its headers, how long it may take, and what its answer says.
import { errorOf, LatchkeyError } from './errors.js'
import { host } from './host.js'

export type Fetch = (input: string, init: RequestInit) => Promise<Response>

export type TransportOptions = {
  /** without a slash at its end */
  baseUrl: string
  fetch: Fetch
  credentials: 'include' | 'omit'
  language: string | undefined
  /** milliseconds */
  timeout: number
}

export type Call = {
  method: string
  /** from the root of the service, with its query */
  path: string
  body?: unknown
  token?: string | null
  signal?: AbortSignal | undefined
  timeout?: number | undefined
}

export type Transport = (call: Call) => Promise<unknown>

export function createTransport({ baseUrl, fetch, credentials, language, timeout }: TransportOptions): Transport {
  return function send({ method, path, body, token, signal, timeout: patience = timeout }) {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (token) headers['authorization'] = `Bearer ${token}`
    if (language) headers['accept-language'] = language
    const init: RequestInit = { method, headers, credentials }
    if (body !== undefined) init.body = JSON.stringify(body)
    // The service redirects nobody; whoever does would be sent codes and tokens.
    init.redirect = 'error'

    return withinTime(patience, signal, async (ending) => {
      const response = await fetch(baseUrl + path, { ...init, signal: ending })
      return read(response, await response.text())
    })
  }
}

/**
 * Runs what ends with the signal that it is given: after `patience` milliseconds, or when the caller's own says so. By hand, since
 * AbortSignal.any and AbortSignal.timeout are younger than the phones that people use.
 */
async function withinTime(
  patience: number,
  signal: AbortSignal | undefined,
  run: (ending: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  if (signal?.aborted) throw signal.reason
  const ending = new AbortController()
  const end = () => ending.abort()
  signal?.addEventListener('abort', end)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, patience)
  try {
    return await run(ending.signal)
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause
    if (signal?.aborted) throw signal.reason
    throw new LatchkeyError(isLate ? 'timeout' : unreachable(), { cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

const unreachable = () => (host.navigator?.onLine === false ? 'offline' : 'network_error')

function read({ ok, status, headers }: Response, text: string): unknown {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw errorOf(status, undefined, (name) => headers.get(name))
  }
  if (!ok) throw errorOf(status, body, (name) => headers.get(name))
  return body
}

/**
 * The path of a route with its parameters and query in place.
 * @throws TypeError for what would name another route: an empty or relative segment, or another host
 */
export function pathOf(
  template: string,
  params: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const path = template.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(params[name] ?? '')
    // Browsers resolve `..` before they send: DELETE /users/me/addresses/.. would be DELETE /users/me.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} cannot be "${value}"`)
    return encodeURIComponent(value)
  })
  if (!/^\/(?!\/)/.test(path) || /[\\#]|\/\.{1,2}(\/|$|\?)/.test(path))
    throw new TypeError(`${path} is no path of the service`)
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  )
  return given.length > 0 ? `${path}?${given.join('&')}` : path
}
