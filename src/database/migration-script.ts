// What a migration's script says of how it runs.

/** Milliseconds that a migration waits for a lock: all who want the table after it wait behind it as long. */
export const lockPatience = 5_000

const withoutComments = (script: string) => script.replace(/--.*$/gm, '').replace(/\/\*.*?\*\//gs, '')
const withoutBodies = (script: string) => script.replace(/\$(\w*)\$.*?\$\1\$/gs, '')

/** Whether it builds in the background: that waits for transactions of others for as long as they take, and keeps nobody waiting. */
function isConcurrent(script: string): boolean {
  return /\bCONCURRENTLY\b/i.test(withoutComments(script))
}

/** Milliseconds; 0 is as long as it takes. */
export function lockPatienceFor(script: string): number {
  return isConcurrent(script) ? 0 : lockPatience
}

/**
 * Whether PostgreSQL undoes all of it where a part fails, since it is sent as one message: not where it ends a transaction by itself or
 * by a procedure, nor where it builds in the background. In doubt no.
 */
export function isAllOrNothing(script: string): boolean {
  const text = withoutComments(script)
  const endsTransaction = /\b(COMMIT|PREPARE|CALL)\b/i.test(text) || /(^|;)\s*END\b/i.test(withoutBodies(text))
  return !endsTransaction && !isConcurrent(script)
}
