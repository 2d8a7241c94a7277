// An authenticator of software for tests: P-256 keys, CBOR by hand, and every lie that a real one would not tell.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What an answer says where a test would have it say something else. */
export type Lies = Readonly<{
  origin?: string
  rpId?: string
  challenge?: string
  type?: string
  crossOrigin?: boolean
  /** signed, as it is written; the next one where not given */
  counter?: number
  /** present, verified, may be backed up, is backed up, has a credential, has extensions (WebAuthn level 3, §6.1) */
  flags?: number
  userHandle?: string | null
  /** signs by another key */
  signer?: KeyObject
  /** the attestation statement, in CBOR, in place of none */
  attestation?: Buffer
  /** of a new credential, as it is signed */
  credentialId?: Buffer
}>

type Options = { challenge: string; rp?: { id?: string }; rpId?: string; user?: { id: string } }

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()

/** The head of a CBOR item (RFC 8949 §3). */
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255])
}
export const cborText = (text: string) => Buffer.concat([head(3, Buffer.byteLength(text)), Buffer.from(text)])
export const cborBytes = (bytes: Uint8Array) => Buffer.concat([head(2, bytes.length), bytes])
export const cborInteger = (value: number) => (value < 0 ? head(1, -1 - value) : head(0, value))
export const cborMap = (...entries: [Buffer, Buffer][]) => Buffer.concat([head(5, entries.length), ...entries.flat()])
export const cborArray = (...items: Buffer[]) => Buffer.concat([head(4, items.length), ...items])

const noAttestation = cborMap([cborText('fmt'), cborText('none')], [cborText('attStmt'), cborMap()]).subarray(1)

export class Authenticator {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly credentialId = randomBytes(16)
  readonly origin: string
  #userHandle = ''
  counter: number

  /** @param counter 0 for one that does not count */
  constructor(origin: string, counter = 0) {
    this.origin = origin
    this.counter = counter
  }

  #clientData(type: string, { challenge }: Options, lies: Lies): Buffer {
    const { origin = this.origin, crossOrigin = false } = lies
    const data = { type: lies.type ?? type, challenge: lies.challenge ?? challenge, origin, crossOrigin }
    return Buffer.from(JSON.stringify(data))
  }

  #authenticatorData(rpId: string, flags: number, { counter }: Lies, rest: Uint8Array = new Uint8Array()): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter ?? this.counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, rest])
  }

  #credentialData(credentialId: Buffer): Buffer {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const key = cborMap(
      [cborInteger(1), cborInteger(2)],
      [cborInteger(3), cborInteger(-7)],
      [cborInteger(-1), cborInteger(1)],
      [cborInteger(-2), cborBytes(Buffer.from(x, 'base64url'))],
      [cborInteger(-3), cborBytes(Buffer.from(y, 'base64url'))],
    )
    const length = Buffer.from([credentialId.length >> 8, credentialId.length & 255])
    return Buffer.concat([Buffer.alloc(16, 0xab), length, credentialId, key])
  }

  /** Makes the passkey. */
  create(options: Options, lies: Lies = {}) {
    this.#userHandle = options.user?.id ?? ''
    const rpId = lies.rpId ?? options.rp?.id ?? ''
    const authData = this.#authenticatorData(
      rpId,
      lies.flags ?? 0x5d,
      lies,
      this.#credentialData(lies.credentialId ?? this.credentialId),
    )
    const attestationObject = Buffer.concat([
      head(5, 3),
      lies.attestation ?? noAttestation,
      cborText('authData'),
      cborBytes(authData),
    ])
    return this.#answer({
      clientDataJSON: base64url(this.#clientData('webauthn.create', options, lies)),
      attestationObject: base64url(attestationObject),
      transports: ['internal', 'hybrid', 'telepathy'],
      publicKeyAlgorithm: -7,
    })
  }

  /** Signs a challenge. */
  get(options: Options, lies: Lies = {}) {
    if (this.counter > 0 && lies.counter === undefined) this.counter += 1
    const clientData = this.#clientData('webauthn.get', options, lies)
    const authData = this.#authenticatorData(lies.rpId ?? options.rpId ?? '', lies.flags ?? 0x1d, lies)
    const signature = sign(
      'sha256',
      Buffer.concat([authData, sha256(clientData)]),
      lies.signer ?? this.#keys.privateKey,
    )
    const { userHandle = this.#userHandle } = lies
    return this.#answer({
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authData),
      signature: base64url(signature),
      userHandle,
    })
  }

  #answer<Response>(response: Response) {
    const id = base64url(this.credentialId)
    return {
      id,
      rawId: id,
      type: 'public-key',
      response,
      clientExtensionResults: {},
      authenticatorAttachment: 'platform',
    }
  }
}
