// What a verifier is told, with what is there by default: the same as the service's own defaults.
import { SessionCheckError } from './errors.js'

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256'
export type Fetch = (input: string, init: RequestInit) => Promise<Response>

type SharedOptions = {
  /** where the service is, with the prefix it may have: `https://auth.example.com` */
  url: string
  /** its `JWT_ISSUER`; `latchkey` by default */
  issuer?: string
  /** its `JWT_AUDIENCE`; `latchkey` by default */
  audience?: string
  /** its `COOKIE_NAME`, `jwt` by default; false where Bearer alone is to count */
  cookie?: string | false
  /** where your pages are, as browsers write it in `Origin`; by default the host that was asked. For proxies that change Host */
  origins?: readonly string[]
  /** milliseconds that the service may take; 3,000 by default */
  timeout?: number
  /** in place of the global one */
  fetch?: Fetch
}

export type JwksOptions = SharedOptions & {
  mode?: 'jwks'
  /** what the service's key signs with, `ES256` by default; two while it changes from one type to another */
  algorithm?: Algorithm | readonly Algorithm[]
  /** seconds that the clocks may differ; 5 by default */
  clockTolerance?: number
}

export type IntrospectionOptions = SharedOptions & {
  mode: 'introspection'
  /** its `INTROSPECTION_TOKEN` */
  introspectionToken: string
  /** seconds for which an answer is good: so long a logout may stay unnoticed. 0 by default, 60 at most */
  cacheFor?: number
}

export type VerifierOptions = JwksOptions | IntrospectionOptions

export type Settings = Readonly<{
  url: string
  issuer: string
  audience: string
  cookie: string | false
  origins: readonly string[] | null
  timeout: number
  fetch: Fetch
}>

const algorithms: readonly string[] = ['ES256', 'EdDSA', 'RS256']

/**
 * The options, checked, with the defaults in place.
 * @throws SessionCheckError `misconfigured`
 */
export function settingsOf(options: VerifierOptions): Settings {
  const { url, issuer = 'latchkey', audience = 'latchkey', cookie = 'jwt', origins, timeout = 3_000 } = options
  demand(isHttpUrl(url), 'url is where the service is: https://auth.example.com')
  // Empty ones would switch the check off (RFC 8725 §3.8, §3.9).
  demand(typeof issuer === 'string' && issuer !== '', 'issuer is the JWT_ISSUER of the service')
  demand(typeof audience === 'string' && audience !== '', 'audience is the JWT_AUDIENCE of the service')
  demand(cookie === false || (typeof cookie === 'string' && cookie !== ''), 'cookie is a name, or false')
  demand(timeout > 0, 'timeout is a number of milliseconds')
  for (const origin of origins ?? [])
    demand(isOrigin(origin), `origins are written as https://app.example.com, not ${origin}`)
  return {
    url: url.replace(/\/+$/, ''),
    issuer,
    audience,
    cookie,
    origins: origins ?? null,
    timeout,
    // Looked up at each call: tests and polyfills replace it.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  }
}

/** @throws SessionCheckError `misconfigured` */
export function algorithmsOf({ algorithm = 'ES256' }: JwksOptions): Algorithm[] {
  const all = typeof algorithm === 'string' ? [algorithm] : [...algorithm]
  // No algorithm of a shared secret: whoever knows the public key could sign (RFC 8725 §2.1).
  demand(all.length > 0 && all.every((each) => algorithms.includes(each)), 'algorithm is ES256, EdDSA or RS256')
  return all
}

/** @throws SessionCheckError `misconfigured` */
export function introspectionOf({ introspectionToken, cacheFor = 0 }: IntrospectionOptions) {
  demand(
    typeof introspectionToken === 'string' && introspectionToken !== '',
    'introspectionToken is the INTROSPECTION_TOKEN of the service',
  )
  demand(cacheFor >= 0 && cacheFor <= 60, 'cacheFor is a number of seconds, 60 at most')
  return { introspectionToken, cacheFor }
}

export function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new SessionCheckError('misconfigured', message)
}

const isHttpUrl = (text: unknown) =>
  typeof text === 'string' && /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')

/** Of apps' web views too, whose schemes have no origin to the URL Standard: `capacitor://localhost`. */
const isOrigin = (text: string) => /^[a-z][a-z\d+.-]*:\/\/[^/?#\s]+$/.test(text) && text === text.toLowerCase()
