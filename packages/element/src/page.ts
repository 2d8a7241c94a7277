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
  /** where people go afterwards: a path of this origin, or what `finish` answers */
  returnTo?: string
  state?: string
  codeChallenge?: string
}

const config: PageConfig = JSON.parse(document.getElementById('latchkey-config')?.textContent || '{}')
const element = new LatchkeySignIn()
const attributes = {
  name: config.name,
  logo: config.logo,
  color: config.color,
  flow: config.flow,
  country: config.country,
  lang: config.language,
  'code-length': config.codeLength,
}
for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, String(value))
element.toggleAttribute('voice', config.voice === true)
element.toggleAttribute('account', config.returnTo === undefined)
element.mayBeSignedIn = config.mayBeSignedIn !== false
element.addEventListener('signed-in', () => {
  if (config.returnTo && isOwn(config.returnTo)) location.assign(config.returnTo)
})
document.getElementById('latchkey')?.replaceChildren(element)

/** A path of this origin: what comes from a link may lead nowhere else. */
function isOwn(path: string): boolean {
  return /^\/(?![/\\])/.test(path) && new URL(path, location.href).origin === location.origin
}
