// What the hosted pages have in common: what the service wrote into them, their policy on trusted types, and the element set up by it.
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
  /** whether the service has passkeys */
  passkeys?: boolean
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

/** What stands in the page. Where the policy asks for trusted types: a worker is one of this origin, no text becomes a script or HTML. */
export function readPage(): PageConfig {
  ;(window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('default', {
    createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
  })
  return JSON.parse(document.getElementById('latchkey-config')?.textContent || '{}')
}

/** @param base what is before the page: a proxy may serve the service under a prefix */
export function signInElement(config: PageConfig, base: string | undefined): LatchkeySignIn {
  const element = new LatchkeySignIn()
  const { challenge } = config
  const attributes = {
    name: config.name,
    logo: config.logo,
    color: config.color,
    flow: config.flow,
    country: config.country,
    lang: config.language,
    'code-length': config.codeLength,
    'base-url': base,
  }
  for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, String(value))
  element.toggleAttribute('voice', config.voice === true)
  element.toggleAttribute('passkeys', config.passkeys === true)
  element.mayBeSignedIn = config.mayBeSignedIn !== false
  // The scripts of these are others' and not written for trusted types: with them the policy does not ask.
  if (challenge) {
    element.solveChallenge = async (_asked, signal) =>
      (await import('./widget.js')).solveByWidget(challenge, document.body, signal)
  }
  return element
}
