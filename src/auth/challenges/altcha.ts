// Our own challenge: proof of work as ALTCHA makes it (version 2), signed and stateless, so that any replica verifies it.
import { createChallenge, type Payload, randomInt, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { hmac } from '../../database/hmac.js'
import type { ChallengeBinding, ChallengeProvider, ChallengeSolution } from './provider.js'

/** Seconds that a challenge may be solved in (contract §10). */
export const challengeTimeToLive = 300

/**
 * PBKDF2 by WebCrypto, whose iterations a phone's processor has hardware for, and no graphics card has memory trouble with. A solver
 * counts up from 0 until the key fits: between once and twice as many counters as `counters`, whatever its luck.
 */
const work = { algorithm: 'PBKDF2/SHA-256', cost: 1_000, counters: 1_000 }

export class Altcha implements ChallengeProvider {
  readonly #secrets: Readonly<{ hmacSignatureSecret: string; hmacKeySignatureSecret: string }>
  readonly #key: string

  /** @param key that all replicas have; each use derives its own from it */
  constructor(key: string) {
    this.#key = key
    this.#secrets = {
      hmacSignatureSecret: derived(key, 'challenge:v1'),
      hmacKeySignatureSecret: derived(key, 'challenge_key:v1'),
    }
  }

  create(binding: ChallengeBinding, difficulty: number): Promise<object> {
    const counters = work.counters * difficulty
    return createChallenge({
      algorithm: work.algorithm,
      cost: work.cost,
      counter: randomInt(2 * counters, counters),
      expiresAt: Math.floor(Date.now() / 1000) + challengeTimeToLive,
      data: { for: this.#nameOf(binding) },
      deriveKey,
      ...this.#secrets,
    })
  }

  async verify(given: ChallengeSolution, binding: ChallengeBinding): Promise<string | null> {
    const payload = payloadOf(given)
    if (payload === null) return null
    const { challenge, solution } = payload
    // Before any work: the signature below says whether this is what we wrote.
    if (challenge.parameters.data?.['for'] !== this.#nameOf(binding)) return null
    const { verified } = await verifySolution({ challenge, solution, deriveKey, ...this.#secrets })
    return verified ? String(challenge.signature) : null
  }

  /** The identifier itself is nobody's to read in a challenge. */
  #nameOf({ purpose, identifier }: ChallengeBinding): string {
    return derived(this.#key, 'challenge_for:v1', `${purpose}\0${identifier}`)
  }
}

const derived = (key: string, domain: string, text = '') => Buffer.from(hmac(key, domain, text)).toString('base64url')

/** What a widget sends: `{challenge, solution}`, or that in base64. Null for anything else. */
function payloadOf(given: ChallengeSolution): Payload | null {
  const payload: unknown = typeof given === 'string' ? fromBase64(given) : given
  if (!isObject(payload)) return null
  const { challenge, solution } = payload
  if (!isObject(challenge) || !isObject(solution) || !isObject(challenge['parameters'])) return null
  const { signature } = challenge
  const { counter, derivedKey } = solution
  const isComplete = typeof signature === 'string' && Number.isInteger(counter) && typeof derivedKey === 'string'
  return isComplete ? (payload as unknown as Payload) : null
}

function fromBase64(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
