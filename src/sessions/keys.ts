// Signing keys as the tokens and the public key set know them: a name (kid), an algorithm, a JWK.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

export type VerificationKey = Readonly<{
  /** the key's thumbprint (RFC 7638): the same key has the same name on every replica and after every restart */
  kid: string
  algorithm: SigningAlgorithm
  publicKey: KeyObject
  jwk: Readonly<Record<string, string>>
}>

export type KeyRing = Readonly<{
  privateKey: KeyObject
  current: VerificationKey
  /** the current one, then those that still verify but sign no more */
  all: readonly VerificationKey[]
}>

/** The key that signs, and the earlier ones whose tokens are still good while a rotation is under way. */
export function createKeyRing(privateKey: KeyObject, previousPublicKeys: readonly KeyObject[]): KeyRing {
  const current = toVerificationKey(createPublicKey(privateKey))
  const previous = previousPublicKeys.map(toVerificationKey).filter(({ kid }) => kid !== current.kid)
  return { privateKey, current, all: [current, ...previous] }
}

/** The public key set (RFC 7517 §5) that lets any other service verify a token by itself. */
export function toJwks(ring: KeyRing) {
  return { keys: ring.all.map(({ jwk }) => jwk) }
}

function toVerificationKey(publicKey: KeyObject): VerificationKey {
  const algorithm = algorithmOf(publicKey)
  const members = publicKey.export({ format: 'jwk' }) as Record<string, string>
  const kid = thumbprint(members)
  return { kid, algorithm, publicKey, jwk: { ...members, kid, use: 'sig', alg: algorithm } }
}

/** The key's type decides, and one key has one algorithm (RFC 8725 §3.1). The settings let no other type in. */
function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA'
  return key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'
}

/** RFC 7638 §3.2: the required members of the key's type, in lexicographic order. */
function thumbprint(jwk: Record<string, string>): string {
  const required = ['crv', 'e', 'kty', 'n', 'x', 'y'].filter((name) => jwk[name] !== undefined)
  const canonical = JSON.stringify(Object.fromEntries(required.map((name) => [name, jwk[name]])))
  return createHash('sha256').update(canonical).digest('base64url')
}
