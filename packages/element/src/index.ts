// <latchkey-sign-in>: defines the element.
import { LatchkeySignIn } from './element.js'

if (!customElements.get('latchkey-sign-in')) customElements.define('latchkey-sign-in', LatchkeySignIn)

declare global {
  interface HTMLElementTagNameMap {
    'latchkey-sign-in': LatchkeySignIn
  }
}

export { LatchkeySignIn }
