// The hosted page: one element, set up by what the service wrote into the page, and the way back to where people came from.
import { LatchkeySignIn } from './index.js'

/** What the service writes into `<script type="application/json" id="latchkey-config">`. All of it may be left out. */
export type PageConfig = {
  name?: string
  logo?: string
  color?: string
  flow?: 'identifier' | 'mobile'
  /** ISO 3166-1 alpha-2 */
  country?: string
  language?: string
  codeLength?: number
  /** whether codes can be told by a call */
  voice?: boolean
  /** false where the request brought no session */
  mayBeSignedIn?: boolean
  /** of a provider whose widget proves that a person asks */
  challenge?: { provider: 'turnstile' | 'hcaptcha'; siteKey: string; script: string }
  /** where people go afterwards: a path of this origin, or a URL of another one, which the two below belong to */
  returnTo?: string
  state?: string
  codeChallenge?: string
}

type TrustedTypes = {
  createPolicy(name: 'default', rules: { createScriptURL: (url: string) => string | null }): unknown
}

// Where the policy asks for trusted types: a worker is one of this origin, and no text becomes a script or HTML.
;(window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
  createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
})

const config: PageConfig = JSON.parse(document.getElementById('latchkey-config')?.textContent || '{}')
const { returnTo, state, codeChallenge, challenge } = config
const element = new LatchkeySignIn()
const attributes = {
  name: config.name,
  logo: config.logo,
  color: config.color,
  flow: config.flow,
  country: config.country,
  lang: config.language,
  'code-length': config.codeLength,
  // What is before it: a proxy may serve the service under a prefix.
  'base-url': /^(.*)\/sign-in$/.exec(location.pathname)?.[1],
}
for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, String(value))
element.toggleAttribute('voice', config.voice === true)
element.toggleAttribute('account', returnTo === undefined)
element.mayBeSignedIn = config.mayBeSignedIn !== false
// The scripts of these are others' and not written for trusted types: with them the policy does not ask.
if (challenge) {
  element.solveChallenge = async (_asked, signal) =>
    (await import('./widget.js')).solveByWidget(challenge, document.body, signal)
}
if (returnTo && isOwn(returnTo)) element.addEventListener('signed-in', () => location.replace(returnTo))
if (returnTo && state && codeChallenge) {
  const body = { return_to: returnTo, state, code_challenge: codeChallenge, code_challenge_method: 'S256' } as const
  element.finish = async (client) => {
    const { data } = await client.request('POST /auth/exchange/codes', { body })
    location.replace(data.redirect_to)
  }
}
document.getElementById('latchkey')?.replaceChildren(element)

/** A path of this origin: what comes from a link may lead nowhere else. */
function isOwn(path: string): boolean {
  return /^\/(?![/\\])/.test(path) && new URL(path, location.href).origin === location.origin
}
