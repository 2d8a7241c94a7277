// What the product keeps with a user (`public_metadata`): a small JSON object, written by admins and by the hook before a signup alone.

/** Bytes of its JSON. */
export const maxMetadataLength = 4_096

/** What jsonb cannot hold in a text: NUL, and halves of surrogate pairs, which JSON.stringify writes as escapes. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

/** Why a value is no metadata, for people; undefined where it is. */
export function metadataFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object'
  const json = jsonOf(value)
  if (json === null || Buffer.byteLength(json) > maxMetadataLength)
    return `must be at most ${maxMetadataLength} bytes of JSON`
  // JSON.parse reads 1e999 as infinity, which JSON.stringify writes as null: another value than was sent.
  if (!holdsNumbersAsSent(value)) return 'must hold no number beyond 1.8e308'
  return unstorable.test(json) ? 'must hold whole characters other than NUL' : undefined
}

/** Null where it is nested deeper than the stack, which JSON.parse reads and JSON.stringify does not write: that takes hundreds of times the length. */
function jsonOf(value: object): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

function holdsNumbersAsSent(value: object): boolean {
  let isWhole = true
  JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === 'number' && !Number.isFinite(part)) isWhole = false
    return part
  })
  return isWhole
}
