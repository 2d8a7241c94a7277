// Proof of work as ALTCHA 2 asks for it: counts up until the key derived from nonce and counter begins as the challenge says.
import type { ProofOfWork } from './errors.js'
import type { ChallengeSolution } from './types.js'

export type Solution = { counter: number; derivedKey: string }

/** Counters tried at a time: WebCrypto derives on threads of its own, and a phone has several. */
const atOnce = 8
/** Milliseconds after which a challenge is given up: the hardest of the service takes a tenth of it on a slow phone. */
const patience = 120_000

/**
 * @throws Error where the algorithm is not PBKDF2, WebCrypto is missing (React Native without a polyfill, pages without HTTPS) or no
 *   key fits in two minutes; or the signal's reason
 */
export async function solve({ parameters }: ProofOfWork, signal?: AbortSignal): Promise<Solution> {
  const { algorithm, cost, keyLength = 32, keyPrefix, nonce, salt } = parameters
  const hash = /^PBKDF2\/(SHA-(?:256|384|512))$/.exec(algorithm)?.[1]
  const subtle = globalThis.crypto?.subtle
  if (!hash || !subtle) throw new Error(hash ? 'There is no WebCrypto' : `${algorithm} is not known`)
  const start = bytesOf(nonce)
  const derivation = { name: 'PBKDF2', salt: bytesOf(salt), iterations: cost, hash }

  async function derive(counter: number): Promise<Solution> {
    const password = new Uint8Array(start.length + 4)
    password.set(start)
    new DataView(password.buffer).setUint32(start.length, counter)
    const key = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
    const bits = await subtle.deriveBits(derivation, key, keyLength * 8)
    return { counter, derivedKey: hexOf(new Uint8Array(bits)) }
  }

  const end = Date.now() + patience
  for (let first = 0; Date.now() < end; first += atOnce) {
    if (signal?.aborted) throw signal.reason
    const tried = await Promise.all(Array.from({ length: atOnce }, (_, index) => derive(first + index)))
    const found = tried.find(({ derivedKey }) => derivedKey.startsWith(keyPrefix.toLowerCase()))
    if (found) return found
  }
  throw new Error('No key fits')
}

/** What goes into `challenge_solution`, found without a worker: derivations run beside the page, the counting in it. */
export async function solveChallenge(challenge: ProofOfWork, signal?: AbortSignal): Promise<ChallengeSolution> {
  return { challenge, solution: await solve(challenge, signal) }
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
