// Where the sign-in page may send people back to (contract §14): a place of its own origin, or one of an origin in RETURN_TO_ORIGINS,
// with a one-time code. Whatever is not exactly that is refused: what a check and a browser read differently is an open redirect
// (RFC 9700 §4.11.2).

/** A place of our own origin, from its root: with query and fragment. */
type OwnPlace = Readonly<{ kind: 'path'; path: string }>
/** A place of another origin, without a fragment. */
export type OtherPlace = Readonly<{ kind: 'origin'; origin: string; url: string }>
export type ReturnPlace = OwnPlace | OtherPlace
/** Why it is none, for whoever built the link. */
type Refused = Readonly<{ kind: 'refused'; why: string }>

export type ReturnRules = Readonly<{
  /** how people reach the page; more than one where only the host is known */
  ownOrigins: readonly string[]
  /** RETURN_TO_ORIGINS */
  origins: readonly string[]
}>

/** What a URL is written in (RFC 3986 §2), without what browsers drop, and the sign that they read as a slash (URL Standard §4.4). */
const writtenAsUrl = /^[\x21-\x5b\x5d-\x7e]{1,2000}$/
/** What comes back in the query; a link that brings one along would be a second one (RFC 6749 §3.1). */
const ours = ['code', 'state', 'error', 'iss']

const refused = (why: string): Refused => ({ kind: 'refused', why })

/** Reads `return_to`. */
export function readReturnTo(text: string, { ownOrigins, origins }: ReturnRules): ReturnPlace | Refused {
  if (!writtenAsUrl.test(text))
    return refused('return_to must be a URL of at most 2000 characters, percent-encoded, without backslashes')
  if (text.startsWith('/')) return readPath(text)
  const own = ownOrigins.find((origin) => isOfOrigin(text, origin))
  if (own !== undefined) return readPath(text.slice(own.length).replace(/^(?!\/)/, '/'))
  const origin = origins.find((each) => isOfOrigin(text, each))
  if (origin === undefined)
    return refused('return_to must be a path of this origin, or a URL whose origin RETURN_TO_ORIGINS names exactly')
  if (text.includes('#')) return refused('return_to must have no fragment')
  const url = new URL(text)
  const twice = ours.find((name) => url.searchParams.has(name))
  if (twice !== undefined) return refused(`return_to must not have ${twice} in its query: it comes back there`)
  return { kind: 'origin', origin, url: url.href }
}

/** By the text, so that no spelling of an origin is let in that a browser does not write: ports, capitals, user information. */
function isOfOrigin(text: string, origin: string): boolean {
  return text.startsWith(origin) && /^(?:[/?#]|$)/.test(text.slice(origin.length))
}

/** As a browser resolves it: `/.//evil.example` is `//evil.example`, which is another host. */
function readPath(text: string): ReturnPlace | Refused {
  const page = 'https://page.invalid'
  const url = URL.canParse(text, page) ? new URL(text, page) : null
  if (url === null || url.origin !== page || url.pathname.startsWith('//')) {
    return refused('return_to must be a path with one slash at its beginning')
  }
  return { kind: 'path', path: `${url.pathname}${url.search}${url.hash}` }
}

/** The place with `code` and `state` behind the query that it has, which stays as it was written. */
export function withCode({ url }: OtherPlace, code: string, state: string): string {
  const [place = '', ...query] = url.split('?')
  const kept = query.join('?')
  return `${place}?${kept && `${kept}&`}${new URLSearchParams({ code, state })}`
}

// What a request of another origin proves itself by (RFC 7636).

/** BASE64URL of SHA-256 (RFC 7636 §4.2): 43 characters. */
export const challengePattern = '^[A-Za-z0-9_-]{43}$'
/** RFC 7636 §4.1 */
export const verifierPattern = '^[A-Za-z0-9._~-]{43,128}$'
/** VSCHAR of RFC 6749, appendix A.5 */
export const statePattern = '^[\\x20-\\x7e]{1,512}$'

/** What the page is asked to return with, as it came in its query. */
export type ReturnQuery = Readonly<{
  return_to?: string | undefined
  state?: string | undefined
  code_challenge?: string | undefined
  code_challenge_method?: string | undefined
}>

export type Return =
  | Readonly<{ kind: 'none' }>
  | OwnPlace
  | (OtherPlace & Readonly<{ state: string; codeChallenge: string }>)
  | Refused

/** Reads what belongs to a return. Another origin has to prove itself by S256: `plain`, or nothing, is refused (RFC 9700 §2.1.1). */
export function readReturn(query: ReturnQuery, rules: ReturnRules): Return {
  const { return_to: text, state, code_challenge: codeChallenge, code_challenge_method: method } = query
  if (text === undefined) return { kind: 'none' }
  const place = readReturnTo(text, rules)
  if (place.kind !== 'origin') return place
  if (method !== 'S256') return refused('code_challenge_method must be S256')
  if (codeChallenge === undefined || !new RegExp(challengePattern).test(codeChallenge)) {
    return refused('code_challenge must be the SHA-256 of the verifier in base64url: 43 characters')
  }
  if (state === undefined || !new RegExp(statePattern).test(state)) {
    return refused('state must be 1 to 512 printable characters')
  }
  return { ...place, state, codeChallenge }
}
