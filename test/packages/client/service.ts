// A listening service, and clients of it as they come from the package's sources.
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type ClientOptions, createClient, memoryStorage } from '../../../packages/client/src/index.js'
import { type StartOptions, startApp } from '../../support/app.js'

type Fetch = NonNullable<ClientOptions['fetch']>
/** What a client asked for: method and path, the token it showed, and what it sent. */
export type Asked = { route: string; token: string | null; body: Record<string, unknown>; init: RequestInit }

/** A `fetch` that keeps what it was asked, and asks another one, the network by default. */
export function recordingFetch(next: Fetch = (input, init) => fetch(input, init)) {
  const asked: Asked[] = []
  const recording: Fetch = (input, init) => {
    const token = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? null
    const { pathname, search } = new URL(input, 'http://page.example')
    const body = JSON.parse(String(init.body ?? '{}')) as Record<string, unknown>
    asked.push({ route: `${init.method} ${pathname}${search}`, token, body, init })
    return next(input, init)
  }
  return { fetch: recording, asked, count: (route: string) => asked.filter((each) => each.route === route).length }
}

/** A `fetch` that keeps cookies, as a browser does. */
export function fetchWithCookies(): Fetch {
  const jar = new Map<string, string>()
  return async (input, init) => {
    if (init.credentials !== 'include') return fetch(input, init)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) }
    const response = await fetch(input, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
}

export async function startService(t: Test, options: StartOptions = {}) {
  const service = await startApp(t, options)
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = service.app.server.address() as AddressInfo
  const baseUrl = `http://127.0.0.1:${port}`

  /** A client that keeps its session in memory, and what it asked. */
  function newClient(more: Partial<ClientOptions> = {}) {
    const recorded = recordingFetch(more.fetch)
    const storage = memoryStorage()
    return { ...recorded, client: createClient({ baseUrl, storage, ...more, fetch: recorded.fetch }), storage }
  }

  return { service, baseUrl, newClient }
}
