// New secrets, each in one word: no spaces, quotes or line breaks, which each reader of files of settings takes in another way.
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

/** A value for each secret that the service cannot do without, and the public half of the signing key, in base64. */
export function newSecrets() {
  const { privateKey, publicKey } = newSigningKey()
  return {
    JWT_PRIVATE_KEY: privateKey,
    publicKey,
    OTP_PEPPER: newPepper(),
    EVENT_KEY: randomBytes(32).toString('base64'),
    SENDER_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  }
}

/** 32 random bytes. */
export const newPepper = () => randomBytes(32).toString('base64')

/** A P-256 key and its public half, as PEM in base64. */
export function newSigningKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    privateKey: inOneWord(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    publicKey: publicKeyInOneWord(publicKey),
  }
}

export function publicKeyInOneWord(key: KeyObject): string {
  return inOneWord(key.export({ type: 'spki', format: 'pem' }))
}

function inOneWord(pem: string | Buffer): string {
  return Buffer.from(pem.toString().trim()).toString('base64')
}
