// <latchkey-sign-in>: defines the element.
import { LatchkeySignIn } from './element.js'

// Not on a server that renders the page around it, and once where two copies came into a page.
if (globalThis.customElements?.get('latchkey-sign-in') === undefined) {
  globalThis.customElements?.define('latchkey-sign-in', LatchkeySignIn)
}

declare global {
  interface HTMLElementTagNameMap {
    'latchkey-sign-in': LatchkeySignIn
  }
}

export { LatchkeySignIn }
