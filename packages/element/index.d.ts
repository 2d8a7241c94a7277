// The types of the package, by hand: what its bundle has to offer.
export type LatchkeyUser = {
  id: string
  user_name: string | null
  mobile_number: string | null
  phone: string | null
  email: string | null
  role: 'USER' | 'ADMIN'
  created_at: string
  updated_at: string
}

export type LatchkeySolver = (
  challenge: { provider: string; site_key: string } | { parameters: object; signature?: string },
  signal?: AbortSignal,
) => Promise<string | { challenge: object; solution: object }>

export interface LatchkeyEvents {
  'signed-in': CustomEvent<{ user: LatchkeyUser; isNewUser: boolean }>
  'signed-out': CustomEvent<null>
}

/** The element `<latchkey-sign-in>`, which importing this module defines. */
export class LatchkeySignIn extends HTMLElement {
  /** In place of the built-in proof of work: for a provider's widget. */
  solveChallenge: LatchkeySolver | undefined
  /**
   * What is left to do for somebody who is signed in. What it rejects with is told to the person, who may try again; where it asks for a
   * recent proof (`step_up_required`), the person is asked for a code. The first argument is a client of `@latchkey/client`.
   */
  finish:
    | ((client: { request(route: string, options?: object): Promise<unknown> }, user: LatchkeyUser) => Promise<void>)
    | undefined
  /** false where it is known that nobody is signed in, which saves a call */
  mayBeSignedIn: boolean
}

declare global {
  interface HTMLElementTagNameMap {
    'latchkey-sign-in': LatchkeySignIn
  }
  interface GlobalEventHandlersEventMap extends LatchkeyEvents {}
}
