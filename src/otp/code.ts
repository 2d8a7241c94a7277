// One-time codes and their digests: pure, no clock, no database.
import { createHmac, randomInt } from 'node:crypto'

export type OtpPurpose = 'sign_in' | 'step_up' | 'change_identifier'

/** What a code is for. It is part of the digest, so a code of one use fails in every other (OWASP ASVS 5.0 §6.6.2). */
export type CodeBinding = Readonly<{
  purpose: OtpPurpose
  channel: 'sms' | 'email'
  /** canonical: E.164 or lower-case email */
  identifier: string
}>

export type CodeHasher = ReturnType<typeof createCodeHasher>

/** Every code of so many decimal digits is equally likely, leading zeros included (NIST SP 800-63B-4 §3.1.3.2). */
export function generateCode(length: number): string {
  return String(randomInt(0, 10 ** length)).padStart(length, '0')
}

/**
 * Digests of codes under a pepper that the database never sees: a dump of it cannot be searched for codes, and a slow hash
 * would protect six digits no better while it limits nobody but us (docs/decisions).
 * @param peppers the current one first; while it is being replaced the previous one is still accepted
 */
export function createCodeHasher(peppers: readonly string[]) {
  const [current = '', previous] = peppers

  function digest(
    pepper: string,
    { purpose, channel, identifier }: CodeBinding,
    code: string,
  ): Uint8Array<ArrayBuffer> {
    const message = ['otp:v1', purpose, channel, identifier, code].join('\0')
    return new Uint8Array(createHmac('sha256', pepper).update(message).digest())
  }

  return {
    /** The digest to store. */
    forStorage: (binding: CodeBinding, code: string) => digest(current, binding, code),
    /** The digests that a stored one may equal. */
    forComparison: (binding: CodeBinding, code: string) => [
      digest(current, binding, code),
      ...(previous === undefined ? [] : [digest(previous, binding, code)]),
    ],
  }
}
