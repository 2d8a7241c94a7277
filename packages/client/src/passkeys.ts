// Passkeys in pages: what the browser is asked, and what the service makes of it. An entry of its own, so that who has no passkeys loads
// nothing of it; the browser's part is done by @simplewebauthn/browser.
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  platformAuthenticatorIsAvailable,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from '@simplewebauthn/browser'
import type { Client } from './client.js'
import type { CallOptions, Passkey, PasskeyJson, SignedIn } from './types.js'

/** What the browser is asked in its own words. */
type Asked = Parameters<typeof startAuthentication>[0]['optionsJSON'] &
  Parameters<typeof startRegistration>[0]['optionsJSON']
const inItsWords = (options: PasskeyJson) => options as unknown as Asked
const asJson = (response: object) => response as PasskeyJson

export type PasskeySignIn = CallOptions & {
  /**
   * Waits for somebody who chooses a passkey in the autofill of a field (`autocomplete="username webauthn"`), for as long as it takes; ended
   * by the signal, and by whatever else asks the browser for a passkey. Ask {@link Passkeys.canAutofill} first.
   */
  autofill?: boolean
}

export type Passkeys = ReturnType<typeof createPasskeys>

/** Milliseconds before its challenge ends, at which an autofill asks for another one. */
const margin = 20_000

/** What the page needs of a client: any route of the service. */
export function createPasskeys(client: Pick<Client, 'request'>) {
  /** Asks for a passkey. @throws Error `NotAllowedError` for who would rather not, or waited too long */
  async function ask(autofill: boolean, call: CallOptions): Promise<SignedIn | null> {
    const { options, challenge_token, expires_in } = await client.request(
      'POST /auth/passkeys/authentication/options',
      call,
    )
    let isLate = false
    const timer = autofill ? setTimeout(() => end(), Math.max(1_000, expires_in * 1_000 - margin)) : undefined
    const end = () => {
      isLate = true
      WebAuthnAbortService.cancelCeremony()
    }
    const ceremony = () =>
      startAuthentication({
        optionsJSON: inItsWords(options),
        useBrowserAutofill: autofill,
        // It would look for the field outside of shadow roots.
        verifyBrowserAutofillInput: false,
      })
    try {
      const body = { response: asJson(await ending(call, ceremony)), challenge_token }
      return await client.request('POST /auth/passkeys/authentication/verify', { ...call, body })
    } catch (error) {
      if (isLate && !call.signal?.aborted) return null
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** What the browser asks the person ends with the call. @throws the signal's reason then */
  async function ending<Result>({ signal }: CallOptions, ceremony: () => Promise<Result>): Promise<Result> {
    const cancel = () => WebAuthnAbortService.cancelCeremony()
    if (signal?.aborted) throw signal.reason
    signal?.addEventListener('abort', cancel)
    try {
      return await ceremony()
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  return {
    /** Whether the browser has passkeys at all. */
    isSupported: (): boolean => browserSupportsWebAuthn(),
    /** Whether this device can make one by itself: a fingerprint, a face, a screen lock. */
    canCreate: (): Promise<boolean> => platformAuthenticatorIsAvailable().catch(() => false),
    /** Whether the browser offers passkeys in the autofill of a field. */
    canAutofill: (): Promise<boolean> => browserSupportsWebAuthnAutofill().catch(() => false),

    /** Signs in, with no name and no code. Rejects with `passkey_invalid`, or with `NotAllowedError` for who would rather not. */
    async signIn({ autofill = false, ...call }: PasskeySignIn = {}): Promise<SignedIn> {
      for (;;) {
        const answer = await ask(autofill, call)
        if (answer !== null) return answer
      }
    },

    /** Makes a passkey. Asks for a recent proof; rejects with `InvalidStateError` where this device has one already. */
    async register({ name, ...call }: CallOptions & { name?: string } = {}): Promise<Passkey> {
      const { data } = await client.request('POST /auth/passkeys/registration/options', call)
      const made = await ending(call, () => startRegistration({ optionsJSON: inItsWords(data.options) }))
      const response = asJson(made)
      const body = { response, ...(name !== undefined && { name }) }
      return (await client.request('POST /auth/passkeys/registration/verify', { ...call, body })).data
    },

    /** A recent proof without a message. Rejects with `validation_failed` for who has no passkey. */
    async stepUp(call: CallOptions = {}): Promise<{ proven_until: string }> {
      const { data } = await client.request('POST /users/me/step-up/passkey/options', call)
      const given = await ending(call, () => startAuthentication({ optionsJSON: inItsWords(data.options) }))
      const response = asJson(given)
      return (await client.request('POST /users/me/step-up/passkey/verify', { ...call, body: { response } })).data
    },

    list: async (call: CallOptions = {}): Promise<Passkey[]> =>
      (await client.request('GET /users/me/passkeys', call)).data,
    rename: async (id: string, name: string, call: CallOptions = {}): Promise<Passkey> =>
      (await client.request('PATCH /users/me/passkeys/:id', { ...call, params: { id }, body: { name } })).data,
    remove: async (id: string, call: CallOptions = {}): Promise<{ id: string }> =>
      (await client.request('DELETE /users/me/passkeys/:id', { ...call, params: { id } })).data,
  }
}
