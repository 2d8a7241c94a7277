// What a request brings to show whose it is: a Bearer token, or the service's cookie where no page of another site can have sent it.

/** `Headers` of Fetch, or Node's own object. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** A Request of Fetch, Next.js or Hono's `c.req.raw`; a request of Node.js, Express or Fastify. */
export type RequestLike = Readonly<{
  headers: HeadersLike
  /** where there is none the request is taken for one that changes something */
  method?: string | undefined
  url?: string | undefined
}>

/** The tokens of a request, or why none of it counts. */
export type Shown = { via: 'bearer' | 'cookie'; tokens: readonly string[] } | { refusal: 'no_token' | 'cross_site' }

/** Cookies of one name that are tried: more of them nobody has by chance. */
const maxCookies = 5

/** @param origins of one's own pages; null for the host that was asked */
export function shownBy(request: RequestLike, cookie: string | false, origins: readonly string[] | null): Shown {
  const header = readerOf(request.headers)
  const bearer = /^Bearer +(\S+) *$/i.exec(header('authorization') ?? '')?.[1]
  // Bearer wins, as it does at the service: no page can send it to another site unless CORS lets it.
  if (bearer !== undefined) return { via: 'bearer', tokens: [bearer] }
  const cookies = cookie === false ? [] : cookiesOf(header('cookie') ?? '', cookie)
  if (cookies.length === 0) return { refusal: 'no_token' }
  if (mayChangeSomething(request, header) && !isOfOurPages(request, header, origins)) return { refusal: 'cross_site' }
  return { via: 'cookie', tokens: cookies }
}

type Header = (name: string) => string | undefined

function readerOf(headers: HeadersLike): Header {
  if (typeof headers.get === 'function') {
    const fetched = headers as Headers
    return (name) => fetched.get(name) ?? undefined
  }
  const plain = headers as Readonly<Record<string, string | readonly string[] | undefined>>
  return (name) => {
    // HTTP/2 has no Host (RFC 9113 §8.3.1). A header that Node.js keeps as a list says nothing for sure.
    const value = plain[name] ?? (name === 'host' ? plain[':authority'] : undefined)
    return typeof value === 'string' ? value : undefined
  }
}

/** Without the spaces and tabs around it, which alone surround names and values (RFC 6265 §4.2.1). */
function stripped(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t'
  let [start, end] = [0, text.length]
  while (start < end && isBlank(start)) start += 1
  while (start < end && isBlank(end - 1)) end -= 1
  return text.slice(start, end)
}

/**
 * Every cookie of the name: of two somebody may have put one beside another's (cookie tossing). To a browser a name behind a no-break
 * space has no prefix `__Host-`, so that a neighbour's subdomain may set it: here it is another name, too.
 */
function cookiesOf(header: string, name: string): string[] {
  const values = header.split(';').flatMap((part) => {
    const at = part.indexOf('=')
    if (at < 0 || stripped(part.slice(0, at)) !== name) return []
    return stripped(part.slice(at + 1)).replace(/^"(.*)"$/, '$1')
  })
  return [...new Set(values.filter((value) => value !== ''))].slice(0, maxCookies)
}

/** An upgrade is a GET, and what is said on a WebSocket then may change anything. */
function mayChangeSomething({ method }: RequestLike, header: Header): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method?.toUpperCase() ?? '') || header('upgrade') !== undefined
}

/**
 * Whether a request that carries a cookie certainly comes from a page of ours. Browsers send `Origin` with every unsafe request and
 * every WebSocket (Fetch §3.2, RFC 6455 §4.1), and no page can forge or drop it. `same-site` is not enough: a neighbour's subdomain is
 * that too. Who sends neither header is no browser of today, and has no need of cookies: Bearer is for those.
 */
function isOfOurPages(request: RequestLike, header: Header, origins: readonly string[] | null): boolean {
  const [origin, site] = [header('origin'), header('sec-fetch-site')]
  if (origin !== undefined && origins?.includes(origin)) return true
  if (site === 'cross-site') return false
  // `none`: the person did it, by an address bar or by sending a form again.
  if (origin === undefined) return site === 'same-origin' || site === 'none'
  return origins === null && isOriginOfHost(origin, hostOf(request, header))
}

/**
 * The host alone: behind a proxy that ends TLS our own scheme is not the one that people see. A page on plain HTTP of the same host
 * is `cross-site` to browsers of today.
 */
function isOriginOfHost(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:\/\//.exec(origin)?.[0]
  const ours = `${scheme}${host}`
  return scheme !== undefined && host !== undefined && URL.canParse(ours) && new URL(ours).origin === origin
}

/** `X-Forwarded-Host` is not looked at, since whoever reaches us can write it. */
function hostOf({ url = '' }: RequestLike, header: Header): string | undefined {
  return header('host') ?? (/^https?:/.test(url) ? new URL(url).host : undefined)
}
