// One-time codes and their digests: pure, no clock, no database.
import { createHmac, randomBytes } from 'node:crypto'

export type OtpPurpose = 'sign_in' | 'step_up' | 'change_identifier'

/** What a code is for. It is part of the digest, so a code of one use fails in every other (OWASP ASVS 5.0 §6.6.2). */
export type CodeBinding = Readonly<{
  purpose: OtpPurpose
  channel: 'sms' | 'email'
  /** canonical: E.164 or lower-case email */
  identifier: string
  /** the session that asked; only there the code works (ASVS 5.0 §6.6.2). Undefined for signing in, which has none yet */
  session?: string | undefined
}>

/** What is kept of a code: enough to recognise it, and under the pepper to make it again. */
export type StoredCode = Readonly<{
  /** 256 random bits */
  codeSeed: Uint8Array<ArrayBuffer>
  /** null where no code was made */
  codeHash: Uint8Array<ArrayBuffer> | null
}>

/** A new code, and what is kept of it. */
export type DraftedCode = Readonly<{ code: string; stored: StoredCode }>

/**
 * Codes under a pepper that the database never sees: a dump of it cannot be searched for codes, and a slow hash would protect
 * six digits no better while it limits nobody but us (docs/decisions/0002, 0010).
 * @param peppers the current one, and while it is being replaced the one before or the next, under which codes are accepted and none is made
 * @param length decimal digits of a code
 */
export class Codes {
  readonly #peppers: readonly string[]
  readonly #length: number

  constructor(peppers: readonly string[], length: number) {
    this.#peppers = peppers
    this.#length = length
  }

  /** A new code. */
  draft(binding: CodeBinding): DraftedCode {
    const codeSeed = new Uint8Array(randomBytes(32))
    const code = codeOfSeed(this.#pepper, binding, codeSeed, this.#length)
    return { code, stored: { codeSeed, codeHash: this.forStorage(binding, code) } }
  }

  /**
   * The code that is kept there; null where none of our peppers makes it.
   * @param drafted of the same binding: where it is what is kept there, its code need not be made again
   */
  recover(binding: CodeBinding, { codeSeed, codeHash }: StoredCode, drafted?: DraftedCode): string | null {
    if (drafted && Buffer.from(codeSeed).equals(drafted.stored.codeSeed)) return drafted.code
    if (codeHash === null) return codeOfSeed(this.#pepper, binding, codeSeed, this.#length)
    for (const pepper of this.#peppers) {
      const code = codeOfSeed(pepper, binding, codeSeed, this.#length)
      if (Buffer.from(codeHash).equals(digest(pepper, binding, code))) return code
    }
    return null
  }

  /** The digest to store. */
  forStorage(binding: CodeBinding, code: string): Uint8Array<ArrayBuffer> {
    return digest(this.#pepper, binding, code)
  }

  /** The digests that a stored one may equal. */
  forComparison(binding: CodeBinding, code: string) {
    const [, previous] = this.#peppers
    return {
      codeHash: this.forStorage(binding, code),
      previousCodeHash: previous === undefined ? null : digest(previous, binding, code),
    }
  }

  get #pepper(): string {
    const [current = ''] = this.#peppers
    return current
  }
}

/**
 * Every code of so many decimal digits is as likely as any other, leading zeros included (NIST SP 800-63B-4 §3.1.3.2): 256 bits
 * that nobody can tell from random ones, modulo at most 10^10, are off by less than 2^-222 (NIST SP 800-90A §A.5.3 asks for 64
 * bits more than the number has; here are at least 222).
 */
function codeOfSeed(pepper: string, binding: CodeBinding, seed: Uint8Array, length: number): string {
  const bits = keyed(pepper, 'code:v1', binding).update(seed).digest('hex')
  return String(BigInt(`0x${bits}`) % 10n ** BigInt(length)).padStart(length, '0')
}

function digest(pepper: string, binding: CodeBinding, code: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(keyed(pepper, 'otp:v1', binding).update(code).digest())
}

/** HMAC-SHA-256 of what a code is bound to, of no use in another domain. What follows it has one length, or stands last. */
function keyed(pepper: string, domain: string, { purpose, channel, identifier, session }: CodeBinding) {
  const parts = [domain, purpose, channel, identifier, ...(session === undefined ? [] : [session])]
  return createHmac('sha256', pepper).update(`${parts.join('\0')}\0`)
}
