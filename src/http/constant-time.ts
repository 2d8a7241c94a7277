// Comparing what somebody shows with a secret, without telling by the time it takes how much of it was right.
import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares digests: these are of one length, and comparing them takes as long whatever they hold. */
export function isSame(shown: string, expected: string): boolean {
  return timingSafeEqual(digest(shown), digest(expected))
}
