// What is asked of authenticators, and what their answers prove (WebAuthn level 3, §7): no database, no request.
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import type { PasskeySettings } from '../config/passkey-settings.js'
import type { Passkey } from '../generated/prisma/client.js'
import { challengeTimeToLive } from './challenges.js'
import { parseUuid, uuidText } from './uuid-bytes.js'

export type { AuthenticationResponseJSON, RegistrationResponseJSON }
export type CreationOptions = PublicKeyCredentialCreationOptionsJSON
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON

/** Whose passkey it is to be; `name` is shown where somebody chooses one of many. */
export type PasskeyUser = Readonly<{ id: string; name: string; displayName: string }>

/** What a new passkey is stored as. */
export type NewPasskey = Pick<
  Passkey,
  'credentialId' | 'publicKey' | 'counter' | 'transports' | 'deviceType' | 'backedUp' | 'aaguid'
>

/** What a passkey has signed. */
export type Assertion = Readonly<{ counter: number; backedUp: boolean }>

/** An answer that proves nothing. Its message is for the log, and some of it may be what the client wrote. */
export class Unproven extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message.slice(0, 200), options)
  }
}

/** Those of level 3, §5.8.4. */
const transports = ['ble', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
// The library's type knows those of level 2 alone.
const isTransport = (text: string): text is AuthenticatorTransport => transports.includes(text)

/** Bytes of the longest id of a credential (§5.8.3). */
const longestId = 1_023

/** Milliseconds that a browser waits for its person: as long as the challenge is good. */
const timeout = challengeTimeToLive * 1_000

/** Bytes in base64url, as answers carry them. */
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

const descriptorOf = ({ credentialId, transports }: Pick<Passkey, 'credentialId' | 'transports'>) => ({
  id: textOf(credentialId),
  transports: transports.filter(isTransport),
})

/** What a browser says of the page and the challenge; null for what is nothing of the kind. */
export function clientDataOf(clientDataJSON: string): { challenge: string; crossOrigin: unknown } | null {
  try {
    const { challenge, crossOrigin } = Object(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')))
    return typeof challenge === 'string' ? { challenge, crossOrigin } : null
  } catch {
    return null
  }
}

export class Ceremonies {
  readonly #settings: PasskeySettings
  /** A quarter of a second and 27 MB, which services without passkeys do not spend. */
  readonly #library = import('@simplewebauthn/server')

  constructor(settings: PasskeySettings) {
    this.#settings = settings
    // Whoever asks for it hears of its failure.
    this.#library.catch(() => undefined)
  }

  /** To make a passkey that needs no name typed and no second device: discoverable, its person verified, none twice on one device. */
  async creationOptions(user: PasskeyUser, others: readonly Passkey[]): Promise<CreationOptions> {
    const { generateRegistrationOptions } = await this.#library
    const { rpId, rpName } = this.#settings
    return generateRegistrationOptions({
      rpID: rpId,
      rpName,
      userID: parseUuid(user.id),
      userName: user.name,
      userDisplayName: user.displayName,
      timeout,
      attestationType: 'none',
      excludeCredentials: others.map(descriptorOf),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
  }

  /** @param allowed the passkeys that will do; empty for any of this domain */
  async requestOptions(allowed: readonly Passkey[] = []): Promise<RequestOptions> {
    const { generateAuthenticationOptions } = await this.#library
    const { rpId } = this.#settings
    return generateAuthenticationOptions({
      rpID: rpId,
      timeout,
      userVerification: 'required',
      allowCredentials: allowed.map(descriptorOf),
    })
  }

  /**
   * The passkey that an answer brings.
   * @param challenge of the answer, which was found to be ours
   * @throws Unproven
   */
  async register(response: RegistrationResponseJSON, challenge: string): Promise<NewPasskey> {
    const { verifyRegistrationResponse } = await this.#library
    const { rpId, origins } = this.#settings
    await refuseCertificates(response)
    const { verified, registrationInfo } = await orUnproven(
      verifyRegistrationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: rpId,
        requireUserVerification: true,
      }),
    )
    if (!verified) throw new Unproven('the attestation is not good')
    const { credential, credentialDeviceType, credentialBackedUp, aaguid } = registrationInfo
    const credentialId = bytesOf(credential.id)
    // §7.1, step 25, which the library leaves to us; and one of no bytes, by which nothing is found.
    if (credentialId.length === 0 || credentialId.length > longestId)
      throw new Unproven('its id is no id of a credential')
    return {
      credentialId,
      publicKey: credential.publicKey,
      counter: BigInt(credential.counter),
      transports: (credential.transports ?? []).filter(isTransport),
      deviceType: credentialDeviceType === 'multiDevice' ? 'multi_device' : 'single_device',
      backedUp: credentialBackedUp,
      aaguid,
    }
  }

  /**
   * What a passkey has signed. Whether its counter is right, the one who stores it decides, behind a lock.
   * @param challenge of the answer, which was found to be ours
   * @throws Unproven
   */
  async assert(response: AuthenticationResponseJSON, challenge: string, passkey: Passkey): Promise<Assertion> {
    const { verifyAuthenticationResponse } = await this.#library
    const { rpId, origins } = this.#settings
    const { userHandle } = response.response
    if (userHandle && uuidText(bytesOf(userHandle)) !== passkey.userId) throw new Unproven('it is of another user')
    const { verified, authenticationInfo } = await orUnproven(
      verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: rpId,
        credential: { id: response.id, publicKey: passkey.publicKey, counter: 0 },
        requireUserVerification: true,
      }),
    )
    if (!verified) throw new Unproven('its signature is wrong')
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp }
  }
}

/** The library throws for whatever is wrong with an answer. */
function orUnproven<Result>(verified: Promise<Result>): Promise<Result> {
  return verified.catch((cause: unknown) => {
    throw new Unproven(String(Object(cause).message), { cause })
  })
}

/**
 * No certificate is asked for, and none is looked at: the library would fetch a list of revoked ones from wherever a certificate says, which
 * is wherever its sender likes (CWE-918). What comes without one is `none`, or signed by the new key itself (§6.5.4, self attestation).
 */
async function refuseCertificates({ response }: RegistrationResponseJSON): Promise<void> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  // What is read without a fault may be any other kind of value, also where a map is named.
  const isBare = await orUnproven(
    Promise.resolve().then(() => {
      const decoded = decodeAttestationObject(bytesOf(response.attestationObject))
      const format = decoded.get('fmt')
      return format === 'none' || (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined)
    }),
  )
  if (!isBare) throw new Unproven('an attestation came that nobody asked for')
}
