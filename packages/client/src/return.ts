// The way through the service's sign-in page: there with a challenge and a state, and back with a code. Only this tab knows the verifier
// (RFC 7636) and the state, by which it knows its own request (RFC 6749 §10.12).
import { LatchkeyError } from './errors.js'

// Of pages alone, as far as they are needed here: projects without the types of the DOM compile.
declare const location: { href: string }
declare const history: { replaceState(data: unknown, unused: string, url: string): void }
declare const sessionStorage: {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** Where this tab keeps state and verifier until the person is back. */
const key = 'latchkey.return'

/** 32 bytes in base64url (RFC 4648 §5): 43 characters, without the one of padding. */
const textOf = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .slice(0, 43)
    .replaceAll('+', '-')
    .replaceAll('/', '_')

/** A verifier of 256 bits and its S256 challenge, for a back end or an application of your own. */
export async function createPkce(): Promise<{ codeVerifier: string; codeChallenge: string }> {
  const codeVerifier = textOf(crypto.getRandomValues(new Uint8Array(32)))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
  return { codeVerifier, codeChallenge: textOf(new Uint8Array(digest)) }
}

/** The address of the sign-in page; verifier and state are kept in this tab. A path comes back by itself, without a code. */
export async function signInUrl(base: string, returnTo: string): Promise<string> {
  const url = `${base}/sign-in?return_to=${encodeURIComponent(returnTo)}`
  if (returnTo.startsWith('/')) return url
  const { codeVerifier, codeChallenge } = await createPkce()
  const state = crypto.randomUUID()
  sessionStorage.setItem(key, `${state}.${codeVerifier}`)
  return `${url}&state=${state}&code_challenge=${codeChallenge}&code_challenge_method=S256`
}

/**
 * What somebody came back with; null where they did not. It is taken out of the address, which a reload or a link would send again.
 * @throws LatchkeyError `state_mismatch` where this tab did not send them
 */
export function takeReturn(): { code: string; codeVerifier: string } | null {
  const url = new URL(location.href)
  const query = url.searchParams
  const code = query.get('code')
  const state = query.get('state')
  if (!code || !state) return null
  query.delete('code')
  query.delete('state')
  history.replaceState(null, '', url.href)
  const [known, codeVerifier] = String(sessionStorage.getItem(key)).split('.')
  sessionStorage.removeItem(key)
  if (known !== state || !codeVerifier) throw new LatchkeyError('state_mismatch')
  return { code, codeVerifier }
}
