// Keys that come as settings: PEM text in the forms that environments carry it, checked for strength.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** PEM as it is, on one line with `\n` escapes, or as a whole in base64. */
function toPem(text: string): string {
  if (text.includes('-----BEGIN')) return text.replaceAll('\\n', '\n')
  return Buffer.from(text, 'base64').toString('utf8')
}

/** RFC 8725 §3.2 and §3.5: algorithms that are sound today, keys that are long enough. */
function isStrong(key: KeyObject): boolean {
  const { namedCurve, modulusLength } = Object(key.asymmetricKeyDetails)
  switch (key.asymmetricKeyType) {
    case 'ec':
      return namedCurve === 'prime256v1'
    case 'ed25519':
      return true
    case 'rsa':
      return modulusLength >= 2048
    default:
      return false
  }
}

function parseKey(text: string, parse: (pem: string) => KeyObject): KeyObject | null {
  try {
    const key = parse(toPem(text))
    return isStrong(key) ? key : null
  } catch {
    return null
  }
}

/** The private key of a setting, or null when it is not a P-256, Ed25519 or RSA (2048 bits and more) key. */
export function parsePrivateKey(text: string): KeyObject | null {
  return parseKey(text, (pem) => createPrivateKey(pem))
}

/** The public keys of a setting that may hold several, one PEM block after the other; null when one of them is no key. */
export function parsePublicKeys(text: string): KeyObject[] | null {
  const blocks = toPem(text).match(/-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g) ?? []
  // A block of another kind is no key of ours, and must not be passed over in silence.
  if (blocks.length !== (toPem(text).match(/-----BEGIN/g) ?? []).length) return null
  const keys = blocks.map((block) => parseKey(block, (pem) => createPublicKey(pem)))
  return keys.length > 0 && keys.every((key) => key !== null) ? keys : null
}
